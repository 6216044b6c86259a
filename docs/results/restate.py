"""Applies today's test to a record that kept no ranks: python docs/results/restate.py NAME

The test's rule changed after some records were made (``RULE``; docs/LOG.md). What it needs follows from the columns of
comparisons.csv, with S sessions and R seeds:

    se_sessions = |Δ| / t(p_sessions; S-1)       MS_s = se_sessions²·R·S       W = se²·R·S
    sd_session > 0:                  MS_rs = MS_s - R·sd_session²     MS_r = W - R·sd_session²
    sd_session = 0, sd_seed > 0:     MS_rs = MS_r - S·sd_seed²        MS_r = W
    both 0:                          MS_rs >= MS_r and MS_s, not known; df = R-1 whatever it is

Rewritten are the tables and figures that hold verdicts, and record.json says so. What only ranks can tell stays empty:
how few sessions carry a difference, so that no comparison is called fragile, and the mean over sessions. A record that
has been restated comes out the same.
"""

import argparse
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from recore import RecoreError, artifacts, params
from recore.reporting.evidence import Evidence
from recore.reporting.files import write_csv
from recore.reporting.forest import forest_figure, forest_table
from recore.reporting.format import pair
from recore.reporting.mde import mde_figure, mde_table
from recore.reporting.notes import notes
from recore.reporting.paper import as_published, beside_paper
from recore.reporting.render import markdown
from recore.reporting.results import baseline_of
from recore.reporting.style import rendered
from recore.reporting.tables import table_sections
from recore.significance.across import across_datasets
from recore.significance.comparisons import COLUMNS as RAW
from recore.significance.complementary import complementary, parents_of
from recore.significance.crossed import Components
from recore.significance.estimate import Estimate
from recore.significance.family import COLUMNS, corrected
from recore.significance.plan import Plan
from recore.significance.projection import detectable_by_seeds
from recore.significance.windows import logs_of
from recore.stages import run

RESULTS = Path(__file__).parent
RULE = "where MS_r < MS_rs the df come from MS_rs; p is never below p_sessions, an interval never narrower than theirs"
SETTING = ["hard_neg_k", "hard_neg_lambda", "n_seeds"]
CLOSE = 1e-6  # of a mean square: the files have ten digits


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Applies today's test to a record that kept no ranks.")
    parser.add_argument("name", help="a folder beside this file")
    folder = RESULTS / parser.parse_args(argv).name
    about = artifacts.read_json(artifacts.existing(folder / "record.json"))
    date = about.get("restated", {}).get("date", datetime.now(UTC).date().isoformat())
    about["restated"] = {"rule": RULE, "date": date}
    if (folder / "sweep.csv").exists():
        restate_sweep(folder, sessions_of(folder))
    else:
        restate_grid(folder, date)
        (folder / "report.html").unlink(missing_ok=True)
        about["report"] = f"not kept: it shows the verdicts by the rule before {date}"
    artifacts.write_json(folder / "record.json", about)
    print(f"docs/results/{folder.name} is restated; now run docs/results/render.py")


def restate_grid(folder: Path, date: str) -> None:
    """Rewrites comparisons.csv, across.csv, mde.csv, table.md, forest.png and mde.png of a record."""
    given = params.load(folder / "params.yaml")
    section = given.at("significance")
    plan = Plan.of(section)
    raw = restated(_read(folder / "comparisons.csv"), sessions_of(folder), plan)
    evidence = gathered(folder, given, without_ranks(corrected(raw, synthetic_of(given), plan)))
    projected, forest = mde_table(evidence.projected), forest_table(evidence.comparisons, evidence.compared)
    below = [
        f"Restated on {date}. This record kept no ranks: p, intervals and verdicts are those of today's test, worked "
        "out from the columns of its comparisons.csv. How few sessions carry a difference is unknown here, so no "
        "comparison could be called fragile." + _not_projected(evidence),
        *notes(evidence),
    ]
    write_csv(folder / "comparisons.csv", evidence.comparisons[COLUMNS])
    write_csv(folder / "across.csv", evidence.across)
    write_csv(folder / "mde.csv", projected)
    artifacts.write_text(folder / "table.md", markdown(table_sections(evidence), below))
    for name, figure in (
        ("forest", forest_figure(forest, evidence.datasets, evidence.compared)),
        ("mde", mde_figure(projected, evidence.datasets, evidence.compared[0], evidence.power)),
    ):
        with artifacts.new_file(folder / f"{name}.png") as file:
            file.write_bytes(rendered(figure, "png"))


def _not_projected(evidence: Evidence) -> str:
    rows = evidence.comparisons[evidence.comparisons["metric"] == evidence.compared[0]]
    names = [f"{row.dataset}, {pair(row.a, row.b)}" for row in rows[rows["ms_rs"].isna()].itertuples()]
    return f" MS_rs is unknown, and nothing is projected, for {'; '.join(names)}." if names else ""


def restate_sweep(folder: Path, sessions: dict[str, int]) -> None:
    """Rewrites sweep.csv: every setting is an experiment of its own, and so a family."""
    plan = Plan.of(params.load(folder / "params.yaml").at("significance"))
    sweep = _read(folder / "sweep.csv")
    tables = []
    for _, rows in sweep.groupby(SETTING, sort=False):
        table = without_ranks(corrected(restated(rows, sessions, plan), set(), plan))
        tables.append(pd.concat([rows[SETTING[:2]].reset_index(drop=True), table[COLUMNS]], axis=1))
    write_csv(folder / "sweep.csv", pd.concat(tables, ignore_index=True))


def restated(rows: pd.DataFrame, sessions: dict[str, int], plan: Plan) -> pd.DataFrame:
    """Rows of a comparisons.csv -> those of ``comparisons.compare_all`` (one look), with today's test.

    sessions: of each dataset's test set. RecoreError where the columns contradict each other.
    """
    if "effective_sessions" in rows and rows["effective_sessions"].notna().any():
        raise RecoreError("this record was made from ranks by a newer test than columns alone can give; leave it")
    tested = pd.DataFrame([_tested(row, sessions[row.dataset], plan) for row in rows.itertuples()])
    kept = rows.drop(columns=rows.columns.intersection(tested.columns))
    table = pd.concat([kept.reset_index(drop=True), tested], axis=1)
    return table.reindex(columns=RAW).astype({"effective_sessions": float, "effective_over_sessions": float})


def _tested(row: Any, n_sessions: int, plan: Plan) -> dict[str, float]:
    found: dict[str, float] = {"look": 1, "n_sessions": n_sessions}
    if math.isnan(row.se):
        return found
    try:
        estimate, ms_rs, se_sessions = estimate_of(row, n_sessions)
    except RecoreError as fault:
        raise RecoreError(f"{row.dataset}: {row.a} against {row.b} by {row.metric}: {fault}") from None
    low, high = estimate.interval(plan.alpha)
    return found | {
        "ci_lo": low,
        "ci_hi": high,
        "df": estimate.df,
        "p": estimate.p,
        "se_sessions": se_sessions,
        "p_tost": math.nan if math.isnan(row.margin) else estimate.p_equivalent(row.margin),
        "mde80": estimate.detectable(plan.alpha, plan.power),
        "ms_rs": ms_rs,
    }


def estimate_of(row: Any, n_sessions: int) -> tuple[Estimate, float, float]:
    """Today's estimate of a row (delta, se, sd_seed, sd_session, p_sessions, n_seeds), MS_rs (NaN: not known) and
    the standard error of the sessions alone."""
    cells = row.n_seeds * n_sessions
    seed, session = n_sessions * row.sd_seed**2, row.n_seeds * row.sd_session**2
    ms_r = row.se**2 * cells - session
    if row.delta:
        ms_s = (row.delta / stats.t.isf(row.p_sessions / 2, n_sessions - 1)) ** 2 * cells
    elif session and seed:
        ms_s = ms_r - seed + session  # without a difference p_sessions says nothing, and both components say the same
    else:
        raise RecoreError("without a difference and a component of the noise the columns do not give the test")
    ms_rs = ms_s - session if session else ms_r - seed if seed else math.nan
    _agree(ms_r, ms_s, ms_rs, seed, session)
    if math.isnan(ms_rs):
        df = float(min(row.n_seeds, n_sessions) - 1)
    else:
        parts = Components(row.sd_seed**2, row.sd_session**2, ms_rs, row.n_seeds, n_sessions)
        df = parts.projected(row.n_seeds, n_sessions).df
    se_sessions = math.sqrt(ms_s / cells)
    floor = Estimate(row.delta, se_sessions, n_sessions - 1.0) if row.se < se_sessions else None
    return Estimate(row.delta, row.se, df, floor), ms_rs, se_sessions


def _agree(ms_r: float, ms_s: float, ms_rs: float, seed: float, session: float) -> None:
    """RecoreError unless max(MS_r - MS_rs, 0) and max(MS_s - MS_rs, 0) are what sd_seed and sd_session say."""
    if math.isnan(ms_rs):
        return
    for mean_square, component in ((ms_r, seed), (ms_s, session)):
        if abs(max(mean_square - ms_rs, 0.0) - component) > CLOSE * max(ms_r, ms_s):
            raise RecoreError("se, p_sessions and the components of the noise contradict each other")


def without_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``family.corrected`` without verdicts on the mean over sessions, which was not tested."""
    verdict = np.where(table["delta_over_sessions"].isna(), "", table["verdict_over_sessions"])
    return table.assign(verdict_over_sessions=verdict)


def sessions_of(folder: Path) -> dict[str, int]:
    """Test sessions of each dataset, from runs.csv; a sweep has none and takes that of a record of the same data."""
    if (folder / "runs.csv").exists():
        return _read(folder / "runs.csv").groupby("dataset")["n_sessions"].first().to_dict()
    own = params.load(folder / "params.yaml")
    for runs in sorted(folder.parent.glob("*/runs.csv")):
        theirs = params.load(runs.with_name("params.yaml"))
        if all(_data(own, name) == _data(theirs, name) for name in own.at("datasets")):
            return sessions_of(runs.parent)
    raise RecoreError(f"no record beside {folder} has the data of it, which would say how many sessions it tests on")


def _data(given: params.Params, dataset: str) -> Any:
    known = dataset in given.at("datasets")
    return known and [given.at(key) for key in (f"sources.{dataset}", "filter", "split")]


def synthetic_of(given: params.Params) -> set[str]:
    return {name for name in given.at("datasets") if "generate" in given.at("sources")[name]["fetch"]}


def gathered(folder: Path, given: params.Params, comparisons: pd.DataFrame) -> Evidence:
    """What the tables and the two figures need; what only ranks give is empty."""
    section, datasets = given.at("significance"), given.at("datasets")
    alpha, power, synthetic = section["alpha"], section["power"], synthetic_of(given)
    plan = Plan.of(section)
    compared = list(dict.fromkeys([section["confirm"], *section["margins"]]))
    confirming = comparisons[(comparisons["metric"] == compared[0]) & comparisons["ms_rs"].notna()]
    across = across_datasets(comparisons[~comparisons["dataset"].isin(synthetic)], alpha)
    comparable = {name for name in datasets if as_published(given.at("sources")[name])}
    results, nothing = _read(folder / "results.csv"), pd.DataFrame()
    return Evidence(
        datasets=datasets,
        variants=[name for rows in given.at("variants").values() for name in rows],
        synthetic=sorted(synthetic),
        baseline=baseline_of(section["comparisons"]),
        compared=compared,
        cutoff=given.at("evaluate.cutoffs")[0],
        alpha=alpha,
        power=power,
        margins=section["margins"],
        looks=plan.looks,
        fewest=plan.fewest,
        measured=pd.DataFrame(columns=["dataset", "variant", "optimistic", "pessimistic"]),
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
    return pd.read_csv(artifacts.existing(path))


if __name__ == "__main__":
    run(main)
