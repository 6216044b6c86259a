"""Joins all datasets: corrects p over the family and writes every table, every figure and the report.

python -m recore.stages.aggregate
"""

import argparse
from typing import Any

import pandas as pd

from recore import artifacts, params, paths
from recore.evaluation.tables import check_settings, read_history, read_tables
from recore.reporting.breakdowns import breakdowns_table
from recore.reporting.curves import COLUMNS as CURVES
from recore.reporting.curves import curve_rows
from recore.reporting.evidence import Evidence
from recore.reporting.files import write_report
from recore.reporting.mined import ROWS as MINED
from recore.reporting.mined import mined_rows
from recore.reporting.paper import as_published, beside_paper
from recore.reporting.parts import contributions_table
from recore.reporting.results import RUN, baseline_of, results_table, runs_table, trained_table, tuned_table
from recore.significance.across import across_datasets
from recore.significance.complementary import complementary, parents_of
from recore.significance.family import COLUMNS, corrected
from recore.significance.plan import Plan, synthetic_of, variants_of
from recore.significance.projection import detectable_by_seeds
from recore.significance.windows import logs_of, replication, windows_of, written
from recore.stages import run as run_stage

Records = dict[tuple[str, str, int | None], dict[str, Any]]  # record.json by dataset, variant, seed

# The report shows the whole experiment.
SETTINGS = (
    *("datasets", "seeds", "hard_neg_k", "hard_neg_lambda", "hard_neg_own", "hard_neg_pool", "hard_neg_skip"),
    *("hard_neg_warmup", "variants", "sources"),
    *("filter", "split", "train", "evaluate", "significance"),
)


def main(argv: list[str] | None = None) -> None:
    argparse.ArgumentParser(prog="recore.stages.aggregate", description=__doc__).parse_args(argv)
    settings = params.load()
    given = {key: settings.at(key) for key in SETTINGS}
    datasets = given["datasets"]
    shared = {key: given[key] for key in ("seeds", "significance", "variants")}
    check_settings(datasets, shared | {"evaluate.cutoffs": given["evaluate"]["cutoffs"]})

    measured = read_tables(datasets, "runs.csv")
    external = given["variants"].get("external", {})  # not trained here: no record, no curve
    records = _read_records(measured[~measured["variant"].isin(external)])
    evidence = _gathered(given, measured, records)
    tables = {
        "results": evidence.results,
        "comparisons": evidence.comparisons[COLUMNS],
        "across": evidence.across,
        "windows": written(evidence.windows),
        "breakdowns": breakdowns_table(evidence.groups),
        "contributions": contributions_table(evidence.parts),
        "runs": runs_table(measured, trained_table(records)),
    }
    statistics = {name: artifacts.read_json(paths.split(name) / "stats.json") for name in datasets}
    shown = given | {"sources": {name: given["sources"][name] for name in datasets}}
    write_report(evidence, tables, shown, statistics)


def _read_records(measured: pd.DataFrame) -> Records:
    names = measured[RUN].drop_duplicates().itertuples(index=False, name=None)
    runs = [(dataset, variant, None if seed is pd.NA else seed) for dataset, variant, seed in names]
    return {run: artifacts.read_json(paths.record(*run) / "record.json") for run in runs}


def _read_histories(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training curves, and what was mined, of all runs that were trained."""
    curves, mined = [pd.DataFrame(columns=CURVES)], [pd.DataFrame(columns=MINED)]
    for run, record in records.items():
        if "epochs" in record:
            history = read_history(*run, record["epochs"])
            curves.append(curve_rows(history, *run, record["best_epoch"]))
            mined.append(mined_rows(history, *run, record["best_epoch"]))
    return _joined(curves), _joined(mined)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One below the other; the first one, which is empty, says the columns where there is no other."""
    filled = [table for table in tables if not table.empty]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _in_bfloat16(records: Records) -> list[str]:
    """The variants with such a run; a record that is older than the setting names none."""
    return list(
        dict.fromkeys(variant for (_, variant, _), made in records.items() if made.get("precision") == "bfloat16")
    )


def _gathered(given: dict[str, Any], measured: pd.DataFrame, records: Records) -> Evidence:
    """Everything that is reported, from what significance made of every dataset."""
    datasets, sources, section = given["datasets"], given["sources"], given["significance"]
    plan, alpha = Plan.of(section), section["alpha"]
    compared = list(dict.fromkeys([section["confirm"], *section["margins"]]))
    synthetic = synthetic_of(sources, datasets)
    comparable = {name for name in datasets if as_published(sources[name])}
    comparisons = corrected(read_tables(datasets, "comparisons.csv"), set(synthetic), plan)
    results = results_table(measured)
    seeded = measured.loc[measured["seed"].notna(), "variant"].unique().tolist()
    shown = comparisons[comparisons["metric"].isin(compared)]
    curves, mined = _read_histories(records)
    confirming = comparisons[comparisons["metric"] == compared[0]]
    return Evidence(
        datasets=datasets,
        variants=variants_of(given["variants"]),
        external=given["variants"].get("external", {}),
        synthetic=synthetic,
        bfloat16=_in_bfloat16(records),
        baseline=baseline_of(section["comparisons"]),
        compared=compared,
        cutoff=given["evaluate"]["cutoffs"][0],
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
        complementary=complementary(shown, parents_of(section["comparisons"], seeded)),
        # Where few sessions carry the noise, more seeds on them are no projection.
        projected=detectable_by_seeds(confirming[~confirming["few_sessions"]], alpha, section["power"]),
        sessions=read_tables(datasets, "sessions.parquet"),
        beside=beside_paper(results, comparable, alpha),
        groups=read_tables(datasets, "groups.csv"),
        parts=read_tables(datasets, "parts.csv"),
        gates=read_tables(datasets, "gates.csv"),
        curves=curves,
        mined=mined,
        tuned=tuned_table(records),
    )


if __name__ == "__main__":
    run_stage(main)
