"""Joins all datasets: corrects p over the family and writes every table and figure.

python -m recore.stages.aggregate
"""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from recore import artifacts, params, paths
from recore.evaluation.metrics import metric_table, optimistic, pessimistic
from recore.reporting.curves import curve_rows, curves_figure
from recore.reporting.forest import forest_figure, forest_table
from recore.reporting.notes import notes
from recore.reporting.paper import beside_paper
from recore.reporting.render import latex, markdown
from recore.reporting.results import baseline_of, measures, results_table, runs_table, summary
from recore.reporting.style import rendered
from recore.reporting.tables import table_sections
from recore.significance.across import across_datasets
from recore.significance.family import COLUMNS, corrected
from recore.stages import run as run_stage
from recore.stages.significance import read_runs

# CSV digits: more than any conclusion needs, fewer than the last bits of a machine.
FLOATS = "%.10g"


def main(argv: list[str] | None = None) -> None:
    argparse.ArgumentParser(prog="recore.stages.aggregate", description=__doc__).parse_args(argv)
    settings = params.load()
    datasets, seeds, cutoffs = (settings.at(key) for key in ("datasets", "seeds", "evaluate.cutoffs"))
    variants = [name for group in settings.at("variants").values() for name in group]
    sources, section = settings.at("sources"), settings.at("significance")
    synthetic = [name for name in datasets if "generate" in sources[name]["fetch"]]

    measured = pd.concat([_measured(name, variants, seeds, cutoffs) for name in datasets], ignore_index=True)
    records, curves = _read_records(datasets, variants, seeds)
    comparisons = corrected(_read_comparisons(datasets), set(synthetic), section["alpha"])
    results = results_table(measured)
    across = across_datasets(comparisons[~comparisons["dataset"].isin(synthetic)], section["alpha"])
    # Part of the paper's data is not the paper's data.
    comparable = {n for n in datasets if sources[n]["read"]["comparable"] and sources[n]["split"]["recent"] == 1}
    beside = beside_paper(results, comparable, section["alpha"])

    baseline = baseline_of(section["comparisons"])
    artifacts.write_json(paths.METRICS / "summary.json", summary(results, comparisons, baseline))
    _write_csv(paths.METRICS / "results.csv", results)
    _write_csv(paths.METRICS / "comparisons.csv", comparisons[COLUMNS])
    _write_csv(paths.METRICS / "across.csv", across)
    _write_csv(paths.METRICS / "runs.csv", runs_table(measured, records))
    compared = list(dict.fromkeys([section["confirm"], *section["margins"]]))
    sections = table_sections(results, comparisons, across, beside, cutoffs[0], compared, section["alpha"], baseline)
    below = notes(comparisons, measured, synthetic, section)
    artifacts.write_text(paths.METRICS / "table.md", markdown(sections, below))
    artifacts.write_text(paths.METRICS / "table.tex", latex(sections, below))

    forest = forest_table(comparisons, compared)
    _write_csv(paths.PLOTS / "forest.csv", forest)
    _write_csv(paths.PLOTS / "curves.csv", curves)
    _write_figure("forest", forest_figure(forest, datasets, compared))
    _write_figure("curves", curves_figure(curves, datasets, variants, baseline))


def _measured(dataset: str, variants: list[str], seeds: list[int], cutoffs: list[int]) -> pd.DataFrame:
    runs, sessions = read_runs(dataset, variants, seeds)
    frames = []
    for run in runs:
        values = [f(run.above, run.tied, cutoffs) for f in (metric_table, optimistic, pessimistic)]
        frame = measures(*values, run.tied, sessions.starts)
        frames.append(frame.assign(variant=run.variant, seed=run.seed, test_hash=run.test_hash))
    return pd.concat(frames, ignore_index=True).assign(
        dataset=dataset, n_cases=sessions.n_cases, n_sessions=len(sessions.sizes)
    )


def _read_records(datasets: list[str], variants: list[str], seeds: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, curves = [], []
    for dataset, variant, seed in ((d, v, s) for d in datasets for v in variants for s in seeds):
        folder = paths.record(dataset, variant, seed)
        record = artifacts.read_json(folder / "record.json")
        history = pd.read_csv(artifacts.existing(folder / "history.csv"))
        row: dict[str, Any] = {"dataset": dataset, "variant": variant, "seed": seed}
        row |= {"best_epoch": record["best_epoch"], "epochs": record["epochs"]}
        rows.append(
            row | {f"valid_{metric}": value for metric, value in record["valid"].items() if metric.startswith("mrr@")}
        )
        curves.append(curve_rows(history, dataset, variant, seed, record["best_epoch"]))
    return pd.DataFrame(rows), pd.concat(curves, ignore_index=True)


def _read_comparisons(datasets: list[str]) -> pd.DataFrame:
    # "n/a" is a level here, not a missing value.
    files = [artifacts.existing(paths.significance(dataset)) for dataset in datasets]
    return pd.concat([pd.read_csv(f, keep_default_na=False, na_values=[""]) for f in files], ignore_index=True)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with artifacts.new_file(path) as file:
        table.to_csv(file, index=False, float_format=FLOATS, lineterminator="\n")


def _write_figure(name: str, figure: Any) -> None:
    for path, kind in ((paths.PLOTS / f"{name}.png", "png"), (paths.PLOTS / "svg" / f"{name}.svg", "svg")):
        with artifacts.new_file(path) as file:
            file.write_bytes(rendered(figure, kind))


if __name__ == "__main__":
    run_stage(main)
