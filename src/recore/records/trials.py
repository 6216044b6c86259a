"""What a search on validation chose, and what it changed: the tables of QUESTIONS.md.

tuned/DATASET/VARIANT.json of a record is the tuned.json of stage tune, as the search wrote it.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from recore import RecoreError
from recore.records.claims import effect
from recore.reporting.format import metric_title as title
from recore.reporting.format import pair, percent, points


def search_table(found: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """A row a variant: the row as it stands, what was chosen and by how much it is ahead on validation.

    found: tuned.json of each variant, all of one search. Values are in percent, with those of the single seeds in
    brackets.
    """
    return pd.DataFrame([_searched(variant, tuned) for variant, tuned in found.items()])


def _searched(variant: str, tuned: dict[str, Any]) -> dict[str, str]:
    row, chosen = tuned["row"], tuned["chosen"]
    means = [trial["mean"] for trial in tuned["tried"]]
    return {
        "variant": variant,
        f"row as it stands, validation {title(tuned['metric'])}": _value(row),
        "chosen": ", ".join(f"{key} {value}" for key, value in chosen["settings"].items()) or "the row",
        "validation": _value(chosen),
        "gain": points(chosen["mean"] - row["mean"]),
        f"all {len(means)} trials": f"{percent(min(means))} to {percent(max(means))}",
    }


def _value(trial: dict[str, Any]) -> str:
    return f"{percent(trial['mean'])} ({', '.join(map(percent, trial['values']))})"


def before_and_after(
    untuned: pd.DataFrame, tuned: pd.DataFrame, pairs: Mapping[tuple[str, str], tuple[str, str]], metrics: list[str]
) -> pd.DataFrame:
    """A row a metric and pair: difference, interval and verdict before tuning and after it.

    untuned, tuned: comparisons.csv of one dataset each; pairs: the tuned comparison for each untuned one.
    """
    rows = []
    for metric in metrics:
        for before, after in pairs.items():
            shown = [effect(_one(table, *names, metric)) for table, names in ((untuned, before), (tuned, after))]
            rows.append((title(metric), pair(*before), shown[0], pair(*after), shown[1]))
    return pd.DataFrame(rows, columns=["metric", "untuned", "difference", "tuned", "difference, tuned"])


def _one(table: pd.DataFrame, a: str, b: str, metric: str) -> object:
    found = table[(table["a"] == a) & (table["b"] == b) & (table["metric"] == metric)]
    if len(found) != 1:
        raise RecoreError(
            f"{pair(a, b)} by {metric} is there {len(found)} times; name a record that compares them once"
        )
    return next(found.itertuples())
