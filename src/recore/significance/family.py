"""From raw p to verdicts: correction over the planned family, and the five labels.

A family is every planned comparison of one metric over all datasets; synthetic datasets are a family of their own.
Equivalence (TOST) is a second claim about the same pairs and has its own Holm family, of the same size. Labels:

    better / worse      p_holm < α and not shown equivalent
    equivalent          shown equivalent (p_tost_holm < α) and not different
    negligible          different, and shown smaller than the margin
    inconclusive        neither: this is not "no difference"; the MDE says what could have been seen

Only five seeds and more get a label (level ``confirmed``).
"""

import numpy as np
import pandas as pd

from recore.significance.correction import benjamini_hochberg, holm

# fmt: off
COLUMNS = [
    "dataset", "a", "b", "metric", "n_seeds", "level", "delta", "ci_lo", "ci_hi", "relative", "se", "df", "t",
    "p", "p_holm", "q_bh", "m", "p_sessions", "p_seeds", "p_signflip", "signflip_floor", "p_tost",
    "p_tost_holm", "margin", "verdict", "mde80", "sd_seed", "sd_session", "deff", "won", "tied", "lost",
]
# fmt: on


def corrected(raw: pd.DataFrame, synthetic: set[str], alpha: float) -> pd.DataFrame:
    """The rows of all datasets with ``p_holm q_bh m p_tost_holm verdict`` (and the raw columns, in place)."""
    table = raw.copy()
    family = [table["metric"], table["dataset"].isin(synthetic).rename("synthetic")]
    by_family = table.groupby(family)
    table["p_holm"] = by_family["p"].transform(lambda p: holm(p.to_numpy()))
    table["q_bh"] = by_family["p"].transform(lambda p: benjamini_hochberg(p.to_numpy()))
    table["p_tost_holm"] = by_family["p_tost"].transform(lambda p: holm(p.to_numpy()))
    table["m"] = by_family["p"].transform("size").astype(int)
    table["verdict"] = verdicts(table, alpha)
    return table


def verdicts(table: pd.DataFrame, alpha: float) -> np.ndarray:
    """The label of every row, empty below five seeds; needs ``level delta p_holm p_tost_holm``."""
    # Comparing with NaN is false: no p, no claim; no margin, no equivalence.
    different = table["p_holm"].to_numpy(dtype=float) < alpha
    small = table["p_tost_holm"].to_numpy(dtype=float) < alpha
    direction = np.where(table["delta"] > 0, "better", "worse")
    label = np.where(different, direction, "inconclusive")
    label = np.where(small, np.where(different, "negligible", "equivalent"), label)
    return np.where(table["level"] == "confirmed", label, "")
