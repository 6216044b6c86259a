"""The pages of docs/results show what the files beside them hold, and margins follow from the test's definition."""

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore.records import render, sensitivity
from recore.significance.correction import holm
from recore.significance.estimate import Estimate
from recore.significance.plan import Plan

RESULTS = Path(__file__).parents[2] / "docs/results"
PAGE = (RESULTS / "SENSITIVITY.md").read_text()
SWEPT = (RESULTS / "sensitivity/sweep.csv").exists()
PLAN = Plan([("hn", "trm")], {"mrr@20": 0.002, "recall@20": 0.005}, 0.05, 0.8, fewest=15)
swept = pytest.mark.skipif(not SWEPT, reason="the sweep has not been run yet: `make sweep`")


def test_the_pages_are_what_the_files_give():
    shown = []
    for page in render.PAGES:
        text = (RESULTS / page).read_text(encoding="utf-8")
        shown += [found[1] for found in render.PART.findall(text)]
        assert render.parts(text, RESULTS) == text, "run `python -m recore record render`"
    assert sorted(shown) == sorted(render.PARTS)


@swept
def test_every_setting_is_in_the_sweep_and_its_commit_in_the_history():
    sweep = render.swept(RESULTS)
    plan = render.plan_of(RESULTS / "sensitivity/params.yaml").settings
    shown = sweep.groupby(["hard_neg_k", "hard_neg_lambda", "n_seeds"]).ngroups
    assert shown == len(plan)
    commit = json.loads((RESULTS / "sensitivity/provenance.json").read_text())["commit"]
    if subprocess.run(["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], cwd=RESULTS).returncode:
        pytest.skip("there is no git history here, or a shallow one")
    ancestor = ["git", "merge-base", "--is-ancestor", commit, "HEAD"]
    assert subprocess.run(ancestor, cwd=RESULTS).returncode == 0


def rows_of(k: int, weight: float, n_seeds: int, delta: float, **changes) -> list[dict]:
    row = {"hard_neg_k": k, "hard_neg_lambda": weight, "dataset": "d", "a": "hn", "b": "trm", "n_seeds": n_seeds}
    row |= {"level": "confirmed", "delta": delta, "ci_lo": delta - 0.001, "ci_hi": delta + 0.001, "p": 0.03}
    row |= {"p_tost": 0.5, "mde80": 0.0014, "margin": 0.002, "verdict": "better", "effective_sessions": 90.0}
    row |= {"delta_shown": delta}
    return [row | {"metric": metric} | changes for metric in sensitivity.HEADLINE]


@pytest.fixture
def sweep() -> pd.DataFrame:
    rows = rows_of(1, 0.1, 5, 0.0011) + rows_of(1, 0.5, 5, -0.0012, verdict="worse")
    rows += rows_of(20, 0.1, 5, 0.0013) + rows_of(20, 0.5, 5, 0.0014, p=0.001)
    rows += rows_of(20, 0.1, 3, 0.0015, level="exploratory", verdict="")
    return pd.DataFrame(rows)


def test_the_grid_shows_every_setting_on_all_seeds(sweep):
    assert sensitivity.grid_table(sweep, "mrr@20").to_csv(index=False, sep="|").splitlines() == [
        "K|λ = 0.1|λ = 0.5",
        "1|+0.11 [+0.01, +0.21] ▲|−0.12 [−0.22, −0.02] ▼",
        "20|+0.13 [+0.03, +0.23] ▲|+0.14 [+0.04, +0.24] ▲",
    ]


def test_seeds_are_compared_at_the_base_setting(sweep):
    table = sensitivity.seeds_table(sweep, {"hard_neg_k": 20, "hard_neg_lambda": 0.1})
    assert table[table["metric"] == "MRR@20"].drop(columns="metric").to_csv(index=False, sep="|").splitlines() == [
        "seeds|Δ|95 % interval|p|MDE|verdict",
        "3|+0.15|[+0.05, +0.25]|0.030|0.14|exploratory",
        "5|+0.13|[+0.03, +0.23]|0.030|0.14|better",
    ]


def test_verdicts_are_counted_again_in_one_family(sweep):
    sentence = sensitivity.corrected_sentence(sweep, "mrr@20", PLAN)
    assert sentence == "With the 4 settings as one family (Holm), MRR@20: inconclusive 3, better 1."


def test_a_setting_that_few_sessions_carry_rejects_nothing(sweep):
    sweep.loc[sweep["p"] == 0.001, "effective_sessions"] = 3.0
    sentence = sensitivity.corrected_sentence(sweep, "mrr@20", PLAN)
    assert sentence == "With the 4 settings as one family (Holm), MRR@20: inconclusive 3, fragile 1."


def test_the_figure_has_a_panel_a_metric_and_a_line_a_lambda(sweep):
    figure = sensitivity.sweep_figure(sweep)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["MRR@20", "Recall@20"]
    for axis in figure.axes:
        lines = [line for line in axis.get_lines() if len(line.get_xdata()) == 2 and line.get_marker() != "None"]
        assert np.allclose([line.get_ydata() for line in lines], [[0.11, 0.13], [-0.12, 0.14]])
        assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "20"]


SESSIONS = pd.Series(61, range(10))


def test_the_smallest_margin_of_one_difference_by_hand():
    # t_{4, .95} = 2.132 of any printed table; -0.001 ± 2.132 · 0.0005 reaches from -0.002066 to +0.000066.
    rows = pd.DataFrame({"delta": [-0.001], "se": [0.0005], "df": [4.0], "se_sessions": [0.0004]})
    rows = rows.assign(effective_sessions=math.nan)
    found = sensitivity.smallest_margins(rows, SESSIONS[rows.index], PLAN)
    assert found.loc[0, "alone"] == found.loc[0, "family"] == pytest.approx(0.002066, abs=5e-7)
    # Where the sessions alone are less sure, they decide: t_{60, .95} = 1.671, 0.001 + 1.671 · 0.0008 = 0.002337.
    found = sensitivity.smallest_margins(rows.assign(se_sessions=0.0008), SESSIONS[rows.index], PLAN)
    assert found.loc[0, "alone"] == pytest.approx(0.002337, abs=5e-7)
    found = sensitivity.smallest_margins(rows.assign(effective_sessions=3.0), SESSIONS[rows.index], PLAN)
    assert found.loc[0].isna().all()  # fragile: no margin makes it equivalent


def test_the_smallest_margins_of_a_family_are_where_holm_lets_them_through():
    rows = pd.DataFrame(
        {
            "delta": [0.0004, -0.001, 0.004, 0.0, np.nan, 0.0021],
            "se": [0.0008, 0.0004, 0.0009, 0.0006, np.nan, 0.0001],
            "df": [4.0, 9.5, 200.0, 5.0, np.nan, 30.0],
            "se_sessions": [0.0005, 0.0006, 0.0002, 0.0006, np.nan, 0.0003],
            "effective_sessions": [20.0, np.nan, 30.0, 40.0, np.nan, 15.0],
        },
        index=[7, 3, 5, 1, 9, 2],
    )

    def estimate(row: pd.Series) -> Estimate:
        return Estimate(row.delta, row.se, row.df, Estimate(row.delta, row.se_sessions, 60.0))

    def adjusted(margin: float) -> pd.Series:
        p = [math.nan if math.isnan(r.se) else estimate(r).p_equivalent(margin) for _, r in rows.iterrows()]
        return pd.Series(holm(np.array(p)), rows.index)

    found = sensitivity.smallest_margins(rows, SESSIONS[rows.index], PLAN)
    assert found.loc[9].isna().all()
    for i, margin in found["family"].drop(9).items():
        assert adjusted(margin * 1.0001)[i] < 0.05 < adjusted(margin * 0.9999)[i]
    for i, row in rows.drop(9).iterrows():
        alone = estimate(row).p_equivalent(found.loc[i, "alone"])
        assert alone == pytest.approx(0.05)
    assert (found["family"] >= found["alone"]).drop(9).all()


def test_the_margin_table_rounds_up_to_a_margin_that_suffices():
    row = {"dataset": "d", "a": "hn", "b": "trm", "metric": "mrr@20", "delta": -0.001, "ci_lo": -0.0024}
    row |= {"ci_hi": 0.0004, "se": 0.0005, "df": 4.0, "margin": 0.002, "verdict": "inconclusive"}
    row |= {"se_sessions": 0.0005, "effective_sessions": math.nan}
    table = sensitivity.margin_table(pd.DataFrame([row, row | {"metric": "ndcg@20"}]), {"d": 61}, "mrr@20", PLAN)
    assert table.iloc[0].to_list()[1:] == [
        "hn − trm",
        "−0.10",
        "[−0.24, +0.04]",
        "0.20",
        "inconclusive",
        "0.21",
        "0.21",
    ]


def test_a_page_changes_with_the_numbers(tmp_path, sweep):
    folder = tmp_path / "sensitivity"
    folder.mkdir()
    (folder / "params.yaml").write_text((RESULTS / "sensitivity/params.yaml").read_text())
    empty = render.parts(PAGE, tmp_path)
    assert "Not run yet: `make sweep` makes" in empty
    made_on = {"device": "cpu", "machine": {"processor": "X", "cores": 2, "instructions": "AVX2"}}
    record = {"command": "make sweep JOBS=3", "jobs": 3, "cells": 65, "machines": [made_on], "wall_seconds": 7200.0}
    record |= {"date": "2026-11-23", "commit": "0123456789", "hard_neg_k": 20, "hard_neg_lambda": 0.1}
    (folder / "provenance.json").write_text(json.dumps(record))
    sweep.to_csv(folder / "sweep.csv", index=False)
    page = render.parts(PAGE, tmp_path)
    assert render.parts(page, tmp_path) == page
    for text in ("](sensitivity/sweep.png)", "| 20  | +0.13 [+0.03, +0.23] ▲ |", "| exploratory |", "--jobs 3\n"):
        assert text in page, text
    assert "[sensitivity](sensitivity): `make sweep JOBS=3`, 65 cells on 2 cores of X (AVX2), 2.0 h, 2026-11-23" in page
    sweep.assign(delta=0.005).to_csv(folder / "sweep.csv", index=False)
    assert render.parts(page, tmp_path) != page
