"""Recomputes results.csv of a record from its runs.csv alone: python docs/results/recompute.py NAME"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROUNDING = 1e-9  # the files have ten digits
CELL = ["dataset", "variant", "metric"]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("name", help="a folder beside this file")
folder = Path(__file__).parent / parser.parse_args().name
if not (folder / "runs.csv").exists():
    parser.error(
        f"{folder} has no runs.csv; records are {[file.parent.name for file in folder.parent.glob('*/runs.csv')]}"
    )
results = pd.read_csv(folder / "results.csv").set_index(CELL)
runs = pd.read_csv(folder / "runs.csv").melt(["dataset", "variant"], results.index.unique("metric"), "metric")
again = runs.groupby(CELL)["value"].agg(n_seeds="size", n="count", mean="mean", std="std", min="min", max="max")
again.loc[again["n"] < again["n_seeds"], ["mean", "std", "min", "max"]] = np.nan  # a seed without a hit
again = again.drop(columns="n")
printed, again = results[again.columns].align(again)
print(pd.concat({"results.csv": printed, "from runs.csv": again}, axis=1).reindex(results.index).to_string())
print(f"largest difference: {(printed - again).abs().max(axis=None):.1e} (rounding: up to {ROUNDING:.0e})")
sys.exit(not np.allclose(printed, again, rtol=0, atol=ROUNDING, equal_nan=True))
