"""Do two ideas add up? A variant made of two others is complementary where it is better than each of them.

Both comparisons must hold (an intersection-union test, Berger 1982), so the p of the claim is the larger of the two,
as corrected in its family; a difference that points the other way counts as p = 1. Which variants are asked is read
off the plan: those compared with two or more others beside the baseline.
"""

import pandas as pd

COLUMNS = ["dataset", "variant", "parents", "metric", "level", "p", "verdict", "verdicts"]


def parents_of(comparisons: list[list[str]], trained: list[str] | None = None) -> dict[str, list[str]]:
    """variant -> what it is compared with, the baseline (second of the first pair) left out; two or more only.

    Only pairs of ``trained`` variants are looked at (None: all): a simple baseline is no idea that adds to another.
    """
    pairs = [(a, b) for a, b in comparisons if trained is None or {a, b} <= set(trained)]
    parents: dict[str, list[str]] = {}
    for a, b in pairs:
        if b != pairs[0][1]:
            parents.setdefault(a, []).append(b)
    return {variant: names for variant, names in parents.items() if len(names) > 1}


def complementary(corrected: pd.DataFrame, parents: dict[str, list[str]]) -> pd.DataFrame:
    """A row (``COLUMNS``) a dataset, variant and metric over the rows of ``family.corrected``.

    verdict: ``complementary``, ``not shown``, or empty where a comparison has none (fewer than five seeds);
    verdicts: those of the single comparisons, in the order of ``parents``. p is NaN where one of them is.
    """
    rows = []
    for (dataset, metric, variant), group in corrected.groupby(["dataset", "metric", "a"], sort=False):
        if variant not in parents:
            continue
        pairs = group.set_index("b").loc[parents[variant]]
        towards = pairs["p_holm"].where((pairs["delta_shown"] > 0) | pairs["p_holm"].isna(), 1.0)
        verdict = "complementary" if (pairs["verdict"] == "better").all() else "not shown"
        levels = list(pairs["level"])
        rows.append(
            {
                "dataset": dataset,
                "variant": variant,
                "parents": parents[variant],
                "metric": metric,
                "level": next(level for level in ("n/a", "exploratory", "confirmed") if level in levels),
                "p": towards.max(skipna=False),
                "verdict": verdict if (pairs["verdict"] != "").all() else "",
                "verdicts": list(pairs["verdict"]),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)
