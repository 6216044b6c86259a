"""One run in means: a row a metric, from the values of its cases."""

import math
from typing import Any

import numpy as np
import pandas as pd


def measures(
    table: dict[str, np.ndarray],
    best: dict[str, float],
    worst: dict[str, float],
    tied: np.ndarray,
    session_starts: np.ndarray,
    recommended: dict[str, Any] | None = None,
    listed: bool = False,
) -> pd.DataFrame:
    """metric, value (mean over cases), session_value (mean of session means), and what ties do to it.

    table: metric -> (N,) expected values; best, worst: metric -> mean of the optimistic and of the pessimistic values;
    tied: (N,) counts, the target included. tie_share: share of the cases whose target shares its score; NaN where the
    ranks are ``listed``, since lists do not show the ties beyond their end.
    Beside each MRR stands ``mrr@K/recall@K``, the mean reciprocal rank of the hits: what a variant does with a target
    that it has found. It is a ratio of means (NaN without a hit), and has no bounds. Last come ``coverage@K`` and
    ``popularity@K`` of what is ``recommended``, where that is known: values of the run alone.
    """
    sizes = np.diff(session_starts, append=len(tied))
    rows = [
        {
            "metric": metric,
            "value": values.mean(),
            "session_value": (np.add.reduceat(values, session_starts) / sizes).mean(),
            "optimistic": best[metric],
            "pessimistic": worst[metric],
            "tie_share": math.nan if listed else (tied > 1).mean(),
        }
        for metric, values in table.items()
    ]
    by_metric = {row["metric"]: row for row in rows}
    ratios = [_given_hit(by_metric, name) for name in table if name.startswith("mrr@")]
    lists = [
        {"metric": f"{name}@{recommended['cutoff']}", "value": recommended[name]}
        for name in (("coverage", "popularity") if recommended else ())
    ]
    return pd.DataFrame(rows + ratios + lists)


def _given_hit(by_metric: dict[str, dict], mrr: str) -> dict:
    recall = mrr.replace("mrr@", "recall@")
    ranks, hits = by_metric[mrr], by_metric[recall]
    ratios = {
        name: ranks[name] / hits[name] if hits[name] else math.nan  # without a hit there is no rank of a hit
        for name in ("value", "session_value")
    }
    return {"metric": f"{mrr}/{recall}", **ratios, "tie_share": ranks["tie_share"]}
