"""What a record would have said with fewer of its seeds: a table of SENSITIVITY.md."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from recore import params
from recore.evaluation.metrics import metric_table
from recore.evaluation.on_record.files import load
from recore.records.claims import interval_of
from recore.reporting.format import MISSING, metric_title, p_value, pair, percent, points
from recore.significance.arms import arms_of
from recore.significance.comparisons import compare_all
from recore.significance.family import corrected
from recore.significance.plan import CONFIRMED, EXPLORATORY, Plan
from recore.significance.runs import check_runs, session_blocks


def by_seeds(folder: Path, dataset: str, metrics: Sequence[str], most: int = CONFIRMED) -> pd.DataFrame:
    """Each planned comparison on the first 3 to ``most`` seeds, every test by itself: rows of ``corrected``.

    folder: of a record. RecoreError where its ranks are not as they were recorded, or one run is there under two seeds.
    """
    given = params.load(folder / "params.yaml")
    plan, seeds = Plan.of(given.at("significance")), given.at("seeds")[:most]
    names = dict.fromkeys(name for both in plan.comparisons for name in both)
    cells = {name: [load(folder, dataset, name, seed) for seed in seeds] for name in names}
    check_runs(dataset, [cell for own in cells.values() for cell in own], max(given.at("evaluate.cutoffs")))
    tables = {
        name: [metric_table(cell.above, cell.tied, given.at("evaluate.cutoffs")) for cell in own]
        for name, own in cells.items()
    }
    sessions = session_blocks(next(iter(cells.values()))[0].cases["session"].to_numpy())
    rows = []
    for metric in metrics:
        for a, b in plan.comparisons:
            alone = replace(plan, comparisons=[(a, b)], looks=None)
            for n in range(EXPLORATORY, len(seeds) + 1):
                arms = {name: arms_of(tables[name][:n], sessions, [n]) for name in (a, b)}
                rows.append(corrected(compare_all(dataset, arms, sessions, [metric], alone), set(), alone))
    return pd.concat(rows, ignore_index=True)


def seeds_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``by_seeds`` as text; where few sessions carry a difference, † and how many."""
    few = rows["few_sessions"]
    return pd.DataFrame(
        {
            "metric": rows["metric"].map(metric_title),
            "comparison": [pair(a, b) for a, b in zip(rows["a"], rows["b"], strict=True)],
            "seeds": rows["n_seeds"].astype(str),
            "Δ": rows["delta"].map(points),
            "95 % interval": [interval_of(row, row.few_sessions) for row in rows.itertuples()],
            "p": rows["p"].map(p_value).mask(few, MISSING),
            "MDE": rows["mde80"].map(percent).mask(few, MISSING),
            "verdict, alone": [verdict or level for verdict, level in zip(rows["verdict"], rows["level"], strict=True)],
        }
    )
