"""Whether a demo made here agrees with the one in git: `python tests/pipeline/same_results.py CHECKOUT`.

On the processor that made the one in git every digit is the same. Another processor rounds otherwise and training
carries that on, so there the metrics of a run may differ by TOLERANCE. Whatever is not a metric is the same everywhere:
which runs there are, their test set, and all of the baselines, which no training rounds.
"""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd

RUNS = "metrics/runs.csv"
TOLERANCE = 0.005  # five cases of the demo's 966
BEST = ["best_epoch", "popularity@20"]  # an epoch, and clicks an item: on no scale from 0 to 1


def difference(made: pd.DataFrame, kept: pd.DataFrame) -> str | None:
    """The first difference that is not rounding, as one sentence; both are tables as ``metrics/runs.csv``."""
    if list(made) != list(kept):
        return f"the columns are {list(made)} instead of {list(kept)}"
    exact = [name for name in kept if not pd.api.types.is_float_dtype(kept[name]) and name not in BEST]
    if len(made) != len(kept):
        return f"there are {len(made)} runs instead of {len(kept)}"
    for name in exact:
        if not made[name].astype(str).equals(kept[name].astype(str)):
            return f"column {name} differs"
    for name in kept.columns.difference([*exact, *BEST]):
        off = (made[name] - kept[name]).abs()
        if not made[name].isna().equals(kept[name].isna()) or (off > TOLERANCE).any():
            return f"{name} differs by {off.max():.4f}, more than {TOLERANCE}"
        if (fitted := off[kept["seed"].isna()]).gt(0).any():
            return f"{name} of a baseline differs by {fitted.max():.2g}"
    return None


def main() -> None:
    checkout = Path(sys.argv[1])
    kept = subprocess.run(["git", "show", f"HEAD:{RUNS}"], cwd=checkout, capture_output=True, text=True, check=True)
    found = difference(pd.read_csv(checkout / RUNS), pd.read_csv(StringIO(kept.stdout)))
    if found:
        sys.exit(f"the demo made here is not the one in git: {found}")
    changed = subprocess.run(
        ["git", "status", "--porcelain", "metrics"], cwd=checkout, capture_output=True, text=True, check=True
    )
    print(
        "the demo is that in git" + (" to the rounding of another processor" if changed.stdout else ", byte for byte")
    )


if __name__ == "__main__":
    main()
