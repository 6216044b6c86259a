"""What can be made again of a record that kept no ranks: means from its runs, the test from its comparisons.

It comes out the same, because such a record was restated once by the rule of its test that ``columns`` works out;
provenance.json says when.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from recore import artifacts, params
from recore.evaluation.on_record.files import RESTORE
from recore.records.columns import restated, without_ranks
from recore.reporting.evidence import Evidence
from recore.reporting.files import write_csv
from recore.reporting.forest import forest_figure, forest_table
from recore.reporting.format import pair
from recore.reporting.mde import mde_figure, mde_table
from recore.reporting.notes import notes
from recore.reporting.paper import as_published, beside_paper
from recore.reporting.render import markdown
from recore.reporting.results import VARIANT, baseline_of
from recore.reporting.style import rendered
from recore.reporting.tables import table_sections
from recore.significance.across import across_datasets
from recore.significance.complementary import complementary, parents_of
from recore.significance.family import COLUMNS, corrected
from recore.significance.plan import Plan, synthetic_of, variants_of
from recore.significance.projection import detectable_by_seeds
from recore.significance.windows import logs_of


def remake(folder: Path, out: Path) -> None:
    """Writes into ``out`` what follows from the tables of a record; RecoreError where they contradict each other."""
    _results(folder, out)
    _grid(folder, out, artifacts.read_json(folder / "provenance.json", RESTORE)["restated"]["date"])


def _results(folder: Path, out: Path) -> None:
    """results.csv with its means, spreads and counts anew from runs.csv; its other columns need the ranks."""
    results = _read(folder / "results.csv").set_index(VARIANT)
    runs = _read(folder / "runs.csv")
    values = runs.melt(["dataset", "variant"], results.index.unique("metric"), "metric").groupby(VARIANT)["value"]
    again = values.agg(n_seeds="size", n="count", mean="mean", std="std", min="min", max="max")
    again.loc[again["n"] < again["n_seeds"], ["mean", "std", "min", "max"]] = np.nan  # a seed without a hit
    again = again.drop(columns="n").join(runs.groupby(["dataset", "variant"])[["n_cases", "n_sessions"]].first())
    again = again.reindex(results.index.union(again.index, sort=False))
    others = results.drop(columns=again.columns)
    write_csv(out / "results.csv", again.join(others)[results.columns].reset_index())


def _grid(folder: Path, out: Path, date: str) -> None:
    """comparisons.csv, across.csv, mde.csv, table.md, forest.png and mde.png."""
    given = params.load(folder / "params.yaml")
    section = given.at("significance")
    plan = Plan.of(section)
    raw = restated(_read(folder / "comparisons.csv"), sessions_of(folder), plan)
    evidence = gathered(folder, given, without_ranks(corrected(raw, _synthetic(given), plan)))
    projected, forest = mde_table(evidence.projected), forest_table(evidence.comparisons, evidence.compared)
    below = [
        f"Restated on {date}. This record kept no ranks: p, intervals and verdicts are those of today's test, worked "
        "out from the columns of its comparisons.csv. How few sessions carry a difference is unknown here, so no "
        "comparison could be called fragile." + _not_projected(evidence),
        *notes(evidence),
    ]
    write_csv(out / "comparisons.csv", evidence.comparisons[COLUMNS])
    write_csv(out / "across.csv", evidence.across)
    write_csv(out / "mde.csv", projected)
    artifacts.write_text(out / "table.md", markdown(table_sections(evidence), below))
    for name, figure in (
        ("forest", forest_figure(forest, evidence.datasets, evidence.compared)),
        ("mde", mde_figure(projected, evidence.datasets, evidence.compared[0], evidence.power)),
    ):
        with artifacts.new_file(out / f"{name}.png") as file:
            file.write_bytes(rendered(figure, "png"))


def _not_projected(evidence: Evidence) -> str:
    rows = evidence.comparisons[evidence.comparisons["metric"] == evidence.compared[0]]
    names = [f"{row.dataset}, {pair(row.a, row.b)}" for row in rows[rows["ms_rs"].isna()].itertuples()]
    return f" MS_rs is unknown, and nothing is projected, for {'; '.join(names)}." if names else ""


def sessions_of(folder: Path) -> dict[str, int]:
    """Test sessions of each dataset, from runs.csv."""
    return _read(folder / "runs.csv").groupby("dataset")["n_sessions"].first().to_dict()


def _synthetic(given: params.Params) -> set[str]:
    return set(synthetic_of(given.at("sources"), given.at("datasets")))


def gathered(folder: Path, given: params.Params, comparisons: pd.DataFrame) -> Evidence:
    """What the tables and the two figures need; what only ranks give is empty."""
    section, datasets = given.at("significance"), given.at("datasets")
    alpha, power, synthetic = section["alpha"], section["power"], _synthetic(given)
    plan = Plan.of(section)
    compared = list(dict.fromkeys([section["confirm"], *section["margins"]]))
    confirming = comparisons[(comparisons["metric"] == compared[0]) & comparisons["ms_rs"].notna()]
    across = across_datasets(comparisons[~comparisons["dataset"].isin(synthetic)], alpha)
    comparable = {name for name in datasets if as_published(given.at("sources")[name])}
    results, nothing = _read(folder / "results.csv"), pd.DataFrame()
    return Evidence(
        datasets=datasets,
        variants=variants_of(given.at("variants")),
        external={},
        synthetic=sorted(synthetic),
        bfloat16=[],
        baseline=baseline_of(section["comparisons"]),
        compared=compared,
        cutoff=given.at("evaluate.cutoffs")[0],
        alpha=alpha,
        power=power,
        margins=section["margins"],
        looks=plan.looks,
        fewest=plan.fewest,
        measured=pd.DataFrame(columns=["dataset", "variant", "optimistic", "pessimistic", "tie_share"]),
        results=results,
        comparisons=comparisons,
        across=across.assign(fragile=math.nan),
        logs=logs_of(given.at("sources"), datasets),
        windows=pd.DataFrame(columns=["metric"]),
        complementary=complementary(
            comparisons[comparisons["metric"].isin(compared)], parents_of(section["comparisons"])
        ),
        projected=detectable_by_seeds(confirming, alpha, power),
        sessions=nothing,
        beside=beside_paper(results, comparable, alpha),
        groups=_read(folder / "breakdowns.csv").assign(effective_sessions=math.nan),
        curves=nothing,
    )


def _read(path: Path) -> pd.DataFrame:
    with artifacts.reading(path, RESTORE) as file:
        return pd.read_csv(file)
