"""What the gates of a variant do over its seeds: do they adapt to the case, do they agree, and does it matter?"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

HELD = ("global", "recent", "mean")
# n_cases: of the group. Shares of the recent branch: the mean, its std over seeds, and the std over cases, mean of the
# seeds. agreement: mean correlation over cases of two seeds' shares. The others are means over seeds, with their std.
COLUMNS = ["variant", "group", "n_cases", "n_seeds", "share", "share_std", "share_std_cases", "agreement"]
COLUMNS += [name for value in ("cosine", *HELD) for name in (value, f"{value}_std")]
TOGETHER = "2 or more"


def gates_table(
    variant: str, shares: np.ndarray, group: np.ndarray, labels: tuple[str, ...], held: list[dict[str, Any] | None]
) -> pd.DataFrame:
    """A row for each group of prefix lengths but the first, of one click, and one for all of them together.

    shares: (seeds, N) of N test cases, of which ``group`` holds the position in ``labels``; held: what
    ``evaluation.gate`` says of each run, or None where its ranks are older than that: the values of it are then not
    known.
    """
    parts = [(labels[number], group == number) for number in range(1, len(labels)) if (group == number).any()]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for label, chosen in [*parts, (TOGETHER, group > 0)]:
        own = shares[:, chosen].astype(float)
        row = {"variant": variant, "group": label, "n_cases": int(chosen.sum()), "n_seeds": len(shares)}
        row |= {"share": own.mean(), "share_std": _std(own.mean(axis=1)), "share_std_cases": own.std(axis=1).mean()}
        row["agreement"] = agreement(own)
        for value in ("cosine", *HELD):
            of_seeds = np.array([_mean(run, value, label) for run in held])
            row |= {value: of_seeds.mean(), f"{value}_std": _std(of_seeds)}
        rows.append(row)
    return pd.DataFrame(rows)[COLUMNS]


def agreement(shares: np.ndarray) -> float:
    """The mean correlation over cases of two seeds of the shares (seeds, n); NaN where there is none."""
    if len(shares) < 2 or (np.ptp(shares, axis=1) == 0).any():
        return float("nan")
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in combinations(shares, 2)]))


def _mean(run: dict[str, Any] | None, value: str, label: str) -> float:
    """Of the cases of a group, or of all."""
    rows = [row for row in run["rows"] if label in (TOGETHER, row["group"])] if run else []
    cases = sum(row["cases"] for row in rows)
    return sum(row[value] * row["cases"] for row in rows) / cases if cases else float("nan")


def _std(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
