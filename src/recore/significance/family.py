"""From raw p to verdicts: several looks, correction over the planned family, and the six labels.

A family is every planned comparison of one metric over all datasets; synthetic datasets are a family of their own.
Equivalence (TOST) is a second claim about the same pairs and has its own Holm family, of the same size; so has the mean
over sessions (columns ``*_over_sessions``). Holm works on the p that is adjusted for looks (``looks.sequential_p``),
with one look the p itself. Labels:

    better / worse      p_holm < α and not shown equivalent
    equivalent          shown equivalent (p_tost_holm < α) and not different
    negligible          different, and shown smaller than the margin
    fragile             too few sessions carry the noise for any of these (``influence``)
    inconclusive        neither: this is not "no difference"; the MDE says what could have been seen

Only five seeds and more get a label (level ``confirmed``). A look that is fragile rejects nothing: its p is left out,
and a comparison without any p counts as p = 1. What an earlier, sound look has shown stays.
"""

import numpy as np
import pandas as pd

from recore.significance.correction import benjamini_hochberg, holm
from recore.significance.estimate import Estimate
from recore.significance.looks import adjusted, nominal_levels, sequential_p, spent
from recore.significance.plan import Plan

ROW = ["dataset", "a", "b", "metric"]
# fmt: off
COLUMNS = [
    "dataset", "a", "b", "metric", "n_seeds", "n_cases", "n_sessions", "level", "delta", "ci_lo", "ci_hi",
    "relative", "se", "df", "t",
    "p", "p_adjusted", "p_holm", "q_bh", "m", "p_sessions", "p_seeds", "p_signflip", "signflip_floor",
    "p_tost", "p_tost_adjusted", "p_tost_holm", "margin", "verdict", "delta_shown", "look_shown",
    "mde80", "mde80_holm",
    "sd_seed", "sd_session", "ms_rs", "se_sessions", "deff", "won", "tied", "lost", "look", "looks", "spent",
    "effective_sessions", "largest_session", "largest_cases", "largest_share_variance",
    "largest_share_delta", "delta_without", "p_without", "delta_without_lo", "delta_without_hi",
    "delta_over_sessions", "ci_lo_over_sessions", "ci_hi_over_sessions", "effective_over_sessions",
    "p_over_sessions", "p_holm_over_sessions", "p_tost_over_sessions", "p_tost_holm_over_sessions",
    "verdict_over_sessions",
]
# fmt: on
# The tested estimands: the mean over cases, and that of session means.
CASES, SESSIONS = ("", "effective_sessions"), ("_over_sessions", "effective_over_sessions")


def corrected(raw: pd.DataFrame, synthetic: set[str], plan: Plan) -> pd.DataFrame:
    """One row a comparison, that of its last look, over all datasets, with everything that the family decides.

    raw: rows of ``comparisons.compare_all``, a comparison's looks in order. All columns of these stay. ``few_sessions``
    says of the last look that its interval, p and MDE are not to be shown.
    """
    table = raw.groupby(ROW, sort=False).tail(1).reset_index(drop=True)
    family = [table["metric"], table["dataset"].isin(synthetic).rename("synthetic")]
    table["m"] = table.groupby(family)["metric"].transform("size").astype(int)
    table["looks"] = " ".join(map(str, plan.looks)) if plan.looks else ""
    # Two arms without seeds are looked at once, whatever the looks of the others, and that look has the whole error.
    once = (table["n_seeds"] == 0).to_numpy()
    spent_by_look = spent(plan.alpha, plan.planned)[table["look"].to_numpy(dtype=int) - 1]
    table["spent"] = np.where(once, plan.alpha, spent_by_look)
    for suffix, effective in (CASES, SESSIONS):
        sound = ~(raw[effective] < plan.fewest)
        for name, sides in (("p", 2), ("p_tost", 1)):
            by_look = _by_look(raw, raw[f"{name}{suffix}"].where(sound))
            adjusted_p = np.where(once, by_look[0], sequential_p(by_look, plan.planned, sides))
            table[f"{name}_adjusted{suffix}"] = adjusted_p
            by_family = table.groupby(family)[f"{name}_adjusted{suffix}"]
            table[f"{name}_holm{suffix}"] = by_family.transform(lambda p: holm(p.to_numpy()))
        look = _look_shown(raw, raw[f"p{suffix}"].where(sound), plan)
        table[f"look_shown{suffix}"] = look
        table[f"delta_shown{suffix}"] = _by_look(raw, raw[f"delta{suffix}"])[look - 1, np.arange(len(look))]
        table[f"few_sessions{suffix}"] = table[effective] < plan.fewest
        table[f"verdict{suffix}"] = verdicts(table, plan, suffix)
    for name in ("largest_session", "largest_cases"):
        table[name] = table[name].astype("Int64")  # an id is no measurement, also where one test set has none
    table["q_bh"] = table.groupby(family)["p_adjusted"].transform(lambda p: benjamini_hochberg(p.to_numpy()))
    levels = {m: nominal_levels(plan.alpha / m, plan.planned) for m in set(table["m"])}
    steps = [plan.alpha / row.m if row.n_seeds == 0 else levels[row.m][int(row.look) - 1] for row in table.itertuples()]
    table["mde80_holm"] = [
        _detectable(row, step, plan.power) for row, step in zip(table.itertuples(), steps, strict=True)
    ]
    return table


def verdicts(table: pd.DataFrame, plan: Plan, suffix: str = "") -> np.ndarray:
    """The label of every row, empty below five seeds.

    Needs ``level`` and, with the suffix of the estimand, ``p_holm p_tost_holm few_sessions`` and ``delta_shown``: a
    later look can have another sign than the one that showed the difference.
    """
    # Comparing with NaN is false: no p, no claim; no margin, no equivalence.
    different = table[f"p_holm{suffix}"].to_numpy(dtype=float) < plan.alpha
    small = table[f"p_tost_holm{suffix}"].to_numpy(dtype=float) < plan.alpha
    direction = np.where(table[f"delta_shown{suffix}"] > 0, "better", "worse")
    label = np.where(different, direction, np.where(table[f"few_sessions{suffix}"], "fragile", "inconclusive"))
    label = np.where(small, np.where(different, "negligible", "equivalent"), label)
    return np.where(table["level"] == "confirmed", label, "")


def _look_shown(raw: pd.DataFrame, p: pd.Series, plan: Plan) -> np.ndarray:
    """The look, from 1, with the smallest adjusted p of each comparison; its last one where none has a p."""
    judged = np.array([adjusted(of_look, look, plan.planned) for look, of_look in enumerate(_by_look(raw, p))])
    last = raw.groupby(ROW, sort=False)["look"].max().to_numpy(dtype=int)
    without = np.isnan(judged).all(axis=0)
    latest = judged[::-1]  # of equals the later one
    best = len(judged) - np.argmin(np.where(np.isnan(latest), np.inf, latest), axis=0)
    return np.where(without, last, best)


def _by_look(raw: pd.DataFrame, values: pd.Series) -> np.ndarray:
    """(looks, comparisons), NaN where a comparison has not come so far."""
    comparison = raw.groupby(ROW, sort=False).ngroup()
    table = np.full((int(max(raw["look"], default=1)), comparison.nunique()), np.nan)
    table[raw["look"].to_numpy(dtype=int) - 1, comparison] = values
    return table


def _detectable(row: object, level: float, power: float) -> float:
    """The MDE at Holm's first step, whose level the first verdict of a family needs; NaN without a standard error."""
    if np.isnan(row.se):
        return np.nan
    floor = Estimate(0.0, row.se_sessions, row.n_sessions - 1.0)
    return Estimate(0.0, row.se, row.df, floor).detectable(level, power)
