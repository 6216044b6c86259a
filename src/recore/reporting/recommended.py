"""What the variants recommend, beside how well: how much of the catalogue, and how popular it is."""

import math

import pandas as pd

from recore.reporting.format import metric_title, number_spread, spread


def recommended_table(results: pd.DataFrame) -> pd.DataFrame:
    """Coverage (%) and popularity (clicks) of what each variant recommends; empty where no run of any says it."""
    values = results.set_index(["dataset", "variant", "metric"])[["mean", "std"]]
    metrics = [name for name in results["metric"].unique() if name.startswith(("coverage@", "popularity@"))]
    rows = []
    for dataset, variant in (
        results[["dataset", "variant"]].drop_duplicates().itertuples(index=False) if metrics else ()
    ):
        row = {"Dataset": dataset, "Variant": variant}
        for metric in metrics:
            key, title = (dataset, variant, metric), metric_title(metric)
            mean, std = values.loc[key] if key in values.index else (math.nan, math.nan)
            if metric.startswith("coverage@"):
                row[f"{title} (% of the items)"] = spread(mean, std)
            else:
                row[f"{title} (training clicks)"] = number_spread(mean, std)
        rows.append(row)
    return pd.DataFrame(rows)
