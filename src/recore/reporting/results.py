"""The tables behind every report: one row a run (``runs``), one row a dataset, variant and metric (``results``).

``measured`` is the long table both come from: the rows of ``evaluation.measures`` with a column dataset.
"""

from typing import Any

import numpy as np
import pandas as pd

RUN = ["dataset", "variant", "seed"]
VARIANT = ["dataset", "variant", "metric"]
EPOCHS = ["best_epoch", "epochs"]


def given_hit(cutoff: int | str) -> str:
    """The key of MRR@K / Recall@K, as ``evaluation.measures`` names it."""
    return f"mrr@{cutoff}/recall@{cutoff}"


def results_table(measured: pd.DataFrame) -> pd.DataFrame:
    """``results.csv``: mean and spread over the seeds. std has ddof 1 and is NaN with one run.

    n_seeds is 0 for what is fitted without seeds; tie_share is NaN where the ranks of a run are from lists. All others
    are NaN where a seed lacks the value (MRR@K / Recall@K without a hit): the others are not that mean.
    """
    groups = measured.groupby(VARIANT, sort=False)
    table = groups.agg(
        n_seeds=("seed", "count"),
        mean=("value", "mean"),
        std=("value", "std"),
        min=("value", "min"),
        max=("value", "max"),
        n_cases=("n_cases", "first"),
        n_sessions=("n_sessions", "first"),
        mean_over_sessions=("session_value", "mean"),
        tie_share=("tie_share", "mean"),
        n_runs=("seed", "size"),
        n_values=("value", "count"),
        n_shares=("tie_share", "count"),
    ).reset_index()
    n_runs = table.pop("n_runs")
    lacking = table.pop("n_values") < n_runs
    table.loc[table.pop("n_shares") < n_runs, "tie_share"] = np.nan
    table.loc[lacking, ["mean", "std", "min", "max", "mean_over_sessions"]] = np.nan
    return table


def trained_table(records: dict[tuple[str, str, int | None], dict[str, Any]]) -> pd.DataFrame:
    """dataset, variant, seed, best_epoch, epochs and the validation MRR, from the record of every run.

    A seed or an epoch that does not exist is NA: of what is fitted, not trained.
    """
    rows = []
    for (dataset, variant, seed), record in records.items():
        valid = {f"valid_{metric}": value for metric, value in record["valid"].items() if metric.startswith("mrr@")}
        epochs = {name: record.get(name) for name in EPOCHS}
        rows.append({"dataset": dataset, "variant": variant, "seed": seed} | epochs | valid)
    table = pd.DataFrame(rows, columns=None if rows else [*RUN, *EPOCHS])
    return table.astype(dict.fromkeys(["seed", *EPOCHS], "Int64"))


def tuned_table(records: dict[tuple[str, str, int | None], dict[str, Any]]) -> pd.DataFrame:
    """dataset, variant, settings ("k 500, m 1000"), metric and value: what was chosen on validation, and by what."""
    rows = [
        (dataset, variant, ", ".join(_setting(name, record["settings"][name]) for name in record["tuned"]), *best)
        for (dataset, variant, _), record in records.items()
        if record.get("tuned")
        for best in record["valid"].items()
    ]
    return pd.DataFrame(rows, columns=["dataset", "variant", "settings", "metric", "value"])


def _setting(name: str, value: str | float) -> str:
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"


def runs_table(measured: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """``runs.csv``: one row a run. ``records`` has dataset, variant, seed and what training says of the run.

    Of a run that was not trained here that is empty.
    """
    metrics = list(dict.fromkeys(measured["metric"]))
    # A pivot table would drop a metric that no run has.
    values = measured.pivot(index=RUN, columns="metric", values="value")[metrics]  # noqa: PD010
    tests = measured.groupby(RUN, sort=False, dropna=False)[["n_cases", "n_sessions", "test_hash"]].first()
    runs = measured[RUN].drop_duplicates().merge(records, on=RUN, how="left", validate="one_to_one")
    runs = runs.astype({"best_epoch": "Int64", "epochs": "Int64"})  # whole numbers beside empty ones
    return runs.merge(values.join(tests).reset_index(), on=RUN, how="left", validate="one_to_one")


def baseline_of(comparisons: list[list[str]]) -> str | None:
    """The variant that the first planned comparison is made against; None where nothing is compared."""
    return comparisons[0][1] if comparisons else None


def summary(results: pd.DataFrame, comparisons: pd.DataFrame, metrics: list[str], baseline: str | None) -> dict:
    """``summary.json``: dataset -> variant -> metric -> mean, std, and p, p_holm against the baseline.

    Only the ``metrics`` of the table: with every cutoff a difference between two branches fills pages. What does not
    exist (std of one run, p of a pair that is not compared) is absent. Six significant digits: a change beyond them is
    no change. Of a comparison that few sessions carry there is no p.
    """
    known = (comparisons["b"] == baseline) & ~comparisons["few_sessions"].astype(bool)
    against = comparisons[known].set_index(["dataset", "a", "metric"])[["p", "p_holm"]]
    nested: dict = {}
    for row in results[results["metric"].isin(metrics)].itertuples():
        key = (row.dataset, row.variant, row.metric)
        numbers = {"mean": row.mean, "std": row.std} | (dict(against.loc[key]) if key in against.index else {})
        values = {name: float(f"{value:.6g}") for name, value in numbers.items() if not np.isnan(value)}
        nested.setdefault(row.dataset, {}).setdefault(row.variant, {})[row.metric] = values
    return nested
