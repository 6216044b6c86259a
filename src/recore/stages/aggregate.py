"""Joins all datasets: corrects p over the family and writes every table, every figure and the report.

python -m recore.stages.aggregate
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recore import artifacts, params, paths
from recore.data.sessions import Sessions as Clicks
from recore.evaluation.breakdowns import by_popularity, by_prefix_length
from recore.evaluation.metrics import metric_names, metric_table, optimistic, pessimistic
from recore.evaluation.runs import (
    Run,
    read_cases,
    read_comparisons,
    read_history,
    read_runs,
    read_sessions,
    seeds_at_last_look,
)
from recore.reporting.breakdowns import GATE, breakdowns_table
from recore.reporting.curves import curve_rows
from recore.reporting.evidence import Evidence
from recore.reporting.notes import notes
from recore.reporting.page.report import report_html
from recore.reporting.paper import beside_paper
from recore.reporting.pictures import Picture, pictures
from recore.reporting.render import latex, markdown
from recore.reporting.results import baseline_of, measures, results_table, runs_table, summary, trained_table
from recore.reporting.style import rendered
from recore.reporting.tables import table_sections
from recore.significance.across import across_datasets
from recore.significance.complementary import complementary, parents_of
from recore.significance.family import COLUMNS, corrected
from recore.significance.groups import group_means
from recore.significance.plan import Plan
from recore.significance.projection import detectable_by_seeds
from recore.significance.runs import Sessions, check_runs, sessions_of
from recore.significance.windows import logs_of, replication, windows_of, written
from recore.stages import run as run_stage

Cell = tuple[str, str, int]  # dataset, variant, seed
Seeds = dict[str, list[int]]  # by variant

# CSV digits: more than any conclusion needs, fewer than the last bits of a machine.
FLOATS = "%.10g"
# The report shows the whole experiment.
SETTINGS = (
    *("datasets", "seeds", "hard_neg_k", "hard_neg_lambda", "variants", "sources"),
    *("filter", "split", "train", "evaluate", "significance"),
)


def main(argv: list[str] | None = None) -> None:
    argparse.ArgumentParser(prog="recore.stages.aggregate", description=__doc__).parse_args(argv)
    settings = params.load()
    given = {key: settings.at(key) for key in SETTINGS}
    plan = Plan.of(given["significance"])
    seeds = {d: seeds_at_last_look(d, _variants(given), given["seeds"], plan.looks) for d in given["datasets"]}
    cells = [(d, v, s) for d, variants in seeds.items() for v, own in variants.items() for s in own]
    records = {cell: artifacts.read_json(paths.record(*cell) / "record.json") for cell in cells}
    evidence = _gathered(given, plan, seeds, _read_curves(records))
    sections, below = table_sections(evidence), notes(evidence)

    _write_tables(evidence, runs_table(evidence.measured, trained_table(records)))
    artifacts.write_text(paths.METRICS / "table.md", markdown(sections, below))
    artifacts.write_text(paths.METRICS / "table.tex", latex(sections, below))
    drawn = pictures(evidence)
    images = [_write_picture(picture) for picture in drawn]
    statistics = {name: artifacts.read_json(paths.split(name) / "stats.json") for name in evidence.datasets}
    shown = given | {"sources": {name: given["sources"][name] for name in evidence.datasets}}
    page = report_html(evidence, sections, below, list(zip(drawn, images, strict=True)), shown, statistics)
    artifacts.write_text(paths.PLOTS / "report.html", page)


def _variants(given: dict[str, Any]) -> list[str]:
    return [name for group in given["variants"].values() for name in group]


def _gathered(given: dict[str, Any], plan: Plan, seeds: dict[str, Seeds], curves: pd.DataFrame) -> Evidence:
    """Everything that is reported, from the ranks and from the tests of every dataset."""
    datasets, sources, section = given["datasets"], given["sources"], given["significance"]
    variants, cutoffs, alpha = _variants(given), given["evaluate"]["cutoffs"], section["alpha"]
    compared = list(dict.fromkeys([section["confirm"], *section["margins"]]))
    synthetic = [name for name in datasets if "generate" in sources[name]["fetch"]]
    comparable = {name for name in datasets if as_published(sources[name])}

    measured, groups = _from_ranks(given, seeds, compared)
    planned = [(a, b, metric) for a, b in plan.comparisons for metric in metric_names(cutoffs)]
    comparisons = corrected(read_comparisons(datasets, planned), set(synthetic), plan)
    results = results_table(measured)
    shown = comparisons[comparisons["metric"].isin(compared)]
    confirming = comparisons[comparisons["metric"] == compared[0]]
    return Evidence(
        datasets=datasets,
        variants=variants,
        synthetic=synthetic,
        baseline=baseline_of(section["comparisons"]),
        compared=compared,
        cutoff=cutoffs[0],
        alpha=alpha,
        power=section["power"],
        margins=section["margins"],
        looks=plan.looks,
        fewest=plan.fewest,
        measured=measured,
        results=results,
        comparisons=comparisons,
        across=across_datasets(comparisons[~comparisons["dataset"].isin(synthetic)], alpha),
        logs=logs_of(sources, datasets),
        windows=replication(comparisons, windows_of(sources, datasets)),
        complementary=complementary(shown, parents_of(section["comparisons"])),
        # Where few sessions carry the noise, more seeds on them are no projection.
        projected=detectable_by_seeds(confirming[~confirming["few_sessions"]], alpha, section["power"]),
        sessions=read_sessions(datasets),
        beside=beside_paper(results, comparable, alpha),
        groups=groups,
        curves=curves,
    )


def as_published(source: dict[str, Any]) -> bool:
    # Part of the paper's data is not the paper's data.
    split = source["split"]
    return source["read"]["comparable"] and split["recent"] == 1 and split.get("skip", 0) == 0


def _from_ranks(
    given: dict[str, Any], seeds: dict[str, Seeds], compared: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every metric of every run, and the means of groups of cases by the metrics ``compared``; a dataset at a time."""
    cutoffs = given["evaluate"]["cutoffs"]
    measured, groups = [], []
    for name in given["datasets"]:
        runs = read_runs(name, seeds[name])
        check_runs(name, runs)
        cases = read_cases(name, runs[0].variant, runs[0].seed)
        sessions = sessions_of(cases["session"].to_numpy())
        measured.append(_measured(runs, sessions, cutoffs).assign(dataset=name))
        frame = _grouped(name, runs, cases, sessions, compared, given["significance"]["alpha"])
        groups.append(frame.assign(dataset=name))
    return pd.concat(measured, ignore_index=True), pd.concat(groups, ignore_index=True)


def _measured(runs: list[Run], sessions: Sessions, cutoffs: list[int]) -> pd.DataFrame:
    frames = []
    for run in runs:
        values = [f(run.above, run.tied, cutoffs) for f in (metric_table, optimistic, pessimistic)]
        frame = measures(*values, run.tied, sessions.starts)
        frames.append(frame.assign(variant=run.variant, seed=run.seed, test_hash=run.test_hash))
    return pd.concat(frames, ignore_index=True).assign(n_cases=sessions.n_cases, n_sessions=len(sessions.sizes))


def _grouped(
    dataset: str, runs: list[Run], cases: pd.DataFrame, sessions: Sessions, metrics: list[str], alpha: float
) -> pd.DataFrame:
    """Means by prefix length and by popularity of every variant, for the metrics and, where it has one, the gate."""
    train = Clicks.load(paths.split(dataset), "train")
    breakdowns = (
        by_prefix_length(cases["position"].to_numpy()),
        by_popularity(cases["target"].to_numpy(), train.items),
    )
    cutoffs = sorted({int(metric.partition("@")[2]) for metric in metrics})
    frames = []
    for variant in dict.fromkeys(run.variant for run in runs):
        own = [run for run in runs if run.variant == variant]
        tables = [metric_table(run.above, run.tied, cutoffs) for run in own]
        values = {metric: np.stack([table[metric] for table in tables]) for metric in metrics}
        if own[0].gate is not None:
            values[GATE] = np.stack([run.gate for run in own]).astype(float)
        for metric, breakdown in ((metric, breakdown) for metric in values for breakdown in breakdowns):
            frame = group_means(values[metric], breakdown.group, breakdown.labels, sessions, alpha)
            frames.append(frame.assign(variant=variant, metric=metric, breakdown=breakdown.name))
    return pd.concat(frames, ignore_index=True)


def _read_curves(records: dict[Cell, dict[str, Any]]) -> pd.DataFrame:
    rows = [
        curve_rows(read_history(*cell, record["epochs"]), *cell, record["best_epoch"])
        for cell, record in records.items()
    ]
    return pd.concat(rows, ignore_index=True)


def _write_tables(evidence: Evidence, runs: pd.DataFrame) -> None:
    brief = summary(evidence.results, evidence.comparisons, evidence.compared, evidence.baseline)
    artifacts.write_json(paths.METRICS / "summary.json", brief)
    _write_csv(paths.METRICS / "results.csv", evidence.results)
    _write_csv(paths.METRICS / "comparisons.csv", evidence.comparisons[COLUMNS])
    _write_csv(paths.METRICS / "across.csv", evidence.across)
    _write_csv(paths.METRICS / "windows.csv", written(evidence.windows))
    _write_csv(paths.METRICS / "breakdowns.csv", breakdowns_table(evidence.groups))
    _write_csv(paths.METRICS / "runs.csv", runs)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with artifacts.new_file(path) as file:
        table.to_csv(file, index=False, float_format=FLOATS, lineterminator="\n")


def _write_picture(picture: Picture) -> bytes:
    """Writes its files; returns the PNG."""
    if picture.table is not None:
        _write_csv(paths.PLOTS / f"{picture.name}.csv", picture.table)
    png, svg = rendered(picture.figure, "png"), rendered(picture.figure, "svg")
    for path, content in (
        (paths.PLOTS / f"{picture.name}.png", png),
        (paths.PLOTS / "svg" / f"{picture.name}.svg", svg),
    ):
        with artifacts.new_file(path) as file:
            file.write_bytes(content)
    return png


if __name__ == "__main__":
    run_stage(main)
