"""What a record that still grows can say: its runs so far, what is missing, and the verdicts that have their seeds."""

from dataclasses import replace

import numpy as np
import pandas as pd

from recore import params, paths
from recore.evaluation.metrics import metric_table
from recore.evaluation.stored import Stored
from recore.reporting.format import metric_title, spread
from recore.reporting.tables import comparison_table
from recore.significance.arms import arms_of
from recore.significance.comparisons import compare_all
from recore.significance.family import corrected
from recore.significance.plan import CONFIRMED, Plan, synthetic_of
from recore.significance.runs import session_blocks


def page(name: str, given: params.Params, cells: list[Stored]) -> str:
    """Markdown: cells.md of a record."""
    metrics = list(dict.fromkeys([given.at("significance.confirm"), *given.at("significance.margins")]))
    blocks = [
        f"# {name}: {len(cells)} of {len(given.runs())} cells",
        _missing(cells, given),
        _runs(cells, metrics).to_markdown(index=False, disable_numparse=True),
    ]
    tested = verdicts(given, cells, metrics)
    if tested is None:
        blocks.append(f"No comparison has all seeds of both variants, {CONFIRMED} or more: there is no verdict.")
    else:
        table = comparison_table(tested, metrics, given.at("significance.alpha"))
        blocks.append(table.to_markdown(index=False, disable_numparse=True))
        blocks.append(
            "† fragile: few sessions carry it. A comparison with neither † nor a p does not have its seeds yet. Both "
            "count as p = 1 in the family, so what is inconclusive may not stay so."
        )
    return "\n\n".join(blocks) + "\n"


def _missing(cells: list[Stored], given: params.Params) -> str:
    have = {(cell.dataset, cell.variant, cell.seed) for cell in cells}
    commits = {cell.made["commit"][:7] for cell in cells}
    made = f"Made by commit {', '.join(sorted(commits))}. " if commits else ""
    lines = []
    for dataset in given.at("datasets"):
        lacking = {v: [s for s in seeds if (dataset, v, s) not in have] for v, seeds in given.made().items()}
        named = [
            f"{v} {', '.join(map(str, missing))}".removesuffix(" None") for v, missing in lacking.items() if missing
        ]
        if named:
            lines.append(f"Still to be made of {dataset}: {'; '.join(named)}.")
    return made + (" ".join(lines) or "Every cell is there.")


def _runs(cells: list[Stored], metrics: list[str]) -> pd.DataFrame:
    rows = []
    for cell in cells:
        values = _values(cell, metrics)
        rows.append((cell.dataset, cell.variant, paths.run(cell.seed), *(float(values[m].mean()) for m in metrics)))
    frame = pd.DataFrame(rows, columns=["Dataset", "Variant", "Seed", *metrics])
    table = []
    for (dataset, variant), own in frame.groupby(["Dataset", "Variant"], sort=False):
        means = {f"{metric_title(m)} (%)": spread(own[m].mean(), own[m].std(ddof=1)) for m in metrics}
        table.append({"Dataset": dataset, "Variant": variant} | means | {"Seeds": ", ".join(own["Seed"])})
    return pd.DataFrame(table)


def _values(cell: Stored, metrics: list[str]) -> dict[str, np.ndarray]:
    cutoffs = sorted({int(metric.partition("@")[2]) for metric in metrics})
    return metric_table(cell.cases["above"].to_numpy(), cell.cases["tied"].to_numpy(), cutoffs)


def verdicts(given: params.Params, cells: list[Stored], metrics: list[str]) -> pd.DataFrame | None:
    """Rows of ``family.corrected`` for every planned comparison; without a p where seeds are missing."""
    plan, made = Plan.of(given.at("significance")), given.made()
    tested, planned = [], []
    for dataset in given.at("datasets"):
        own = {variant: [c for c in cells if (c.dataset, c.variant) == (dataset, variant)] for variant in made}
        done = {
            v: group
            for v, group in own.items()
            if [c.seed for c in group] == made[v] and (made[v] == [None] or len(group) >= CONFIRMED)
        }
        pairs = [pair for pair in plan.comparisons if set(pair) <= set(done)]
        if pairs:
            sessions = session_blocks(next(iter(done.values()))[0].cases["session"].to_numpy())
            arms = {
                v: arms_of([_values(c, metrics) for c in g], sessions, plan.reached(len(g)), seedless=made[v] == [None])
                for v, g in done.items()
            }
            tested.append(compare_all(dataset, arms, sessions, metrics, _only(plan, pairs)))
        planned += [(dataset, a, b, m) for m in metrics for a, b in plan.comparisons if (a, b) not in pairs]
    if not tested:
        return None
    without = pd.DataFrame(planned, columns=["dataset", "a", "b", "metric"]).assign(
        look=len(plan.planned), level="n/a", n_sessions=2
    )
    synthetic = set(synthetic_of(given.at("sources"), given.at("datasets")))
    return corrected(pd.concat([*tested, without], ignore_index=True), synthetic, plan)


def _only(plan: Plan, pairs: list[tuple[str, str]]) -> Plan:
    return replace(plan, comparisons=pairs)
