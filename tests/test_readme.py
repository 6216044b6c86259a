"""What the README shows is what files of the repository hold."""

import re
from pathlib import Path

import pandas as pd
import pytest

from recore.records import render

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("file", sorted((ROOT / "docs/uses").glob("*.txt")), ids=lambda file: file.stem)
def test_the_shown_output_was_printed(file):
    assert f"```console\n{file.read_text()}```\n" in (ROOT / "docs/USE.md").read_text()


def test_the_verdicts_are_those_of_the_record():
    assert len(render.PART.findall(README)) == 1
    assert render.parts(README, ROOT / "docs/results") == README, "run `python -m recore record render`"


def test_what_is_said_of_the_whole_set_are_its_numbers():
    folder = ROOT / "docs/results/full_yoochoose64"
    rows = pd.read_csv(folder / "comparisons.csv").set_index(["a", "b", "metric"])
    da, hn = rows.loc["da", "trm", "mrr@20"], rows.loc["hn", "trm", "mrr@20"]
    parts = pd.read_csv(folder / "contributions.csv")
    own = parts[(parts["a"] == "da") & (parts["b"] == "trm") & (parts["metric"] == "mrr@20")].set_index("group")
    repeats = own.loc[["immediate repeat", "earlier repeat"], "share"].sum()
    said = " ".join(README.split())
    for sentence in (
        f"`da` leads `trm` by {100 * da.delta:.2f} points of MRR@20 ({100 * da.ci_lo:.2f} to {100 * da.ci_hi:.2f})",
        f"`hn` is {-100 * hn.delta:.2f} *behind*",
        f"With every session counted once `da` leads by {100 * da.delta_over_sessions:.2f}",
        f"on the whole set it is {100 * da.largest_share_variance:.0f} %",
    ):
        assert sentence in said
    assert round(10 * repeats) == 7
    assert "seven tenths of the gain" in said


def test_what_is_said_of_simple_methods_are_the_numbers_of_the_records():
    said, found = " ".join(README.split()), {}
    for name, dataset in (("baselines_yoochoose64", "yoochoose64_srgnn"), ("baselines", "tmall_srgnn")):
        rows = pd.read_csv(ROOT / f"docs/results/{name}/comparisons.csv")
        rows = rows[(rows["dataset"] == dataset) & (rows["a"] == "trm")]
        found[name] = rows.set_index(["b", "metric"])
    whole, tenth = found["baselines_yoochoose64"], found["baselines"]
    rules = whole.loc["sr", "mrr@20"]
    for sentence in (
        f"rules lead `trm` by {-100 * rules.delta:.2f} points of MRR@20 ({-100 * rules.ci_hi:.2f} to "
        f"{-100 * rules.ci_lo:.2f})",
        f"own clicks leads `trm` by {-100 * tenth.loc[('spop', 'mrr@20'), 'delta']:.2f} points of MRR@20",
        f"neighbours lead it by {-100 * tenth.loc[('vmis', 'recall@20'), 'delta']:.1f} of Recall@20",
    ):
        assert sentence in said
    assert whole.xs("recall@20", level="metric")["delta"].min() == pytest.approx(0.0343, abs=5e-5)
    assert {*whole.xs("recall@20", level="metric")["verdict"]} == {"better"}


def test_what_is_said_of_one_session_is_its_share():
    rows = pd.read_csv(ROOT / "docs/results/reduced/comparisons.csv")
    rows = rows[rows["dataset"] == "yoochoose64_srgnn"].set_index(["a", "b", "metric"])
    row = rows.loc["da", "trm", "mrr@20"]
    share = f"{100 * row.largest_share_variance:.0f} %"
    said = f"one session with {row.largest_cases} of {row.n_cases:,} test cases holds {share} of the variance"
    assert said in " ".join(README.split())
    assert row.verdict == "fragile"


def test_the_readme_is_short():
    assert len(README.splitlines()) < 250


def test_nothing_is_left_to_fill_in():
    for page in PAGES:
        assert "@@" not in page.read_text(encoding="utf-8"), page


def test_the_cost_table_is_that_of_the_file():
    costs = pd.read_csv(ROOT / "docs/costs.csv", dtype=str, keep_default_na=False)
    assert costs.to_markdown(index=False, disable_numparse=True) in README


def test_the_numbers_of_the_baselines_are_those_of_the_file():
    numbers = pd.read_csv(ROOT / "docs/baselines.csv", dtype=str, keep_default_na=False)
    page = (ROOT / "docs/BASELINES.md").read_text(encoding="utf-8")
    assert numbers.to_markdown(index=False, disable_numparse=True) in page


def test_every_linked_file_exists():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
