"""Seeds until it is known, on made-up ranks: which cells are made, when it stops, and that nothing decided is lost.

Only the function that calls DVC is replaced: it runs the stages here and keeps their names.
"""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from stages import fake_grid

from recore import RecoreError, paths
from recore.commands import decide, standing
from recore.reporting.format import MINUS
from recore.significance.plan import Plan
from recore.stages import significance

LOOKS = [5, 6, 8]
SEEDS = tuple(range(2020, 2028))
PAIRS = [["hn", "trm"], ["da", "trm"], ["ave", "trm"]]
# Mean reciprocal ranks: hn is plainly better than trm, da and ave differ by no more than their noise.
LEVEL = {"trm": 0.30, "hn": 0.36, "da": 0.303, "ave": 0.302, "dahn": 0.30, "pop": 0.30, "vmis": 0.30}
N_SESSIONS = 150


def write_cell(dataset: str, variant: str, seed: int | None, level: float | None = None) -> None:
    """Ranks 1 and 2 of sessions of two cases; seeds and sessions have noise of their own."""
    table = fake_grid.cases(5 * N_SESSIONS).query("session % 15 == 4")[["session", "position", "target"]]
    table = table.reset_index(drop=True)
    random = np.random.default_rng([sum(map(ord, dataset + variant)), 99 if seed is None else seed])
    ease = np.random.default_rng(sum(map(ord, dataset))).random(len(table))
    chance = 2 * ((level or LEVEL[variant]) + 0.01 * random.normal()) - 0.2
    above = (0.5 * ease + 0.5 * random.random(len(table)) > chance).astype(int)
    fake_grid.write_ranks(dataset, variant, seed, table, above, np.ones(len(table)))
    fake_grid.write_record(dataset, variant, seed)
    fake_grid.write_split(dataset)


class FakeDvc:
    """Runs the stages that it is asked for; ``fails`` names one that does not, ``stale`` those that are not current."""

    def __init__(self):
        self.calls: list[tuple[str, ...]] = []
        self.fails: str | None = None
        self.stale: set[str] = set()
        self.levels: dict[tuple[str, str], float] = {}

    def __call__(self, *arguments: str, capture: bool = False) -> str:
        self.calls.append(arguments)
        if arguments[0] == "status":
            return json.dumps({name: ["changed"] for name in arguments[2:] if name in self.stale})
        for name in arguments[1:]:
            stage, _, item = name.partition("@")
            if name == self.fails:
                raise RecoreError(f"`dvc {' '.join(arguments)}` failed")
            if stage.startswith("evaluate"):
                dataset, variant, seed = item.split("-")
                write_cell(dataset, variant, int(seed), self.levels.get((dataset, variant)))
            elif stage == "baseline":
                write_cell(*item.split("-"), None)
            elif stage == "significance":
                significance.main([item])
            elif stage == "aggregate":
                aggregated(Path("metrics/comparisons.csv"))
        return ""

    @property
    def evaluated(self) -> list[str]:
        names = [name for call in self.calls for name in call[1:] if call[0] == "repro"]
        return [name.partition("@")[2] for name in names if name.startswith("evaluate")]


def aggregated(file: Path) -> None:
    """Of stage aggregate only what the tests read: the figures take seconds."""
    experiment = standing.Experiment.load()
    table = standing.corrected(
        standing.read_tables(experiment.datasets, "comparisons.csv"), experiment.synthetic, experiment.plan
    )
    file.parent.mkdir(exist_ok=True)
    table.to_csv(file, index=False)


def plan(datasets=("demo",), seeds=SEEDS, comparisons=PAIRS, looks=LOOKS, **changes) -> None:
    given = fake_grid.published_params()
    section = given["significance"] | {"comparisons": comparisons, "looks": looks}
    variants = {"plain": {"trm": {}, "da": {}, "ave": {}}, "hybrid": {"hn": {}}}
    shared = {"significance": section, "variants": variants, "evaluate": given["evaluate"] | {"cutoffs": [20]}}
    fake_grid.write_params(datasets, seeds, **(shared | changes))


@pytest.fixture
def dvc(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake = FakeDvc()
    monkeypatch.setattr(decide, "_dvc", fake)
    plan()
    return fake


def run(capsys, *arguments: str) -> str:
    decide.main(list(arguments))
    return capsys.readouterr().out


def cells(*variants: str, seeds=SEEDS, dataset="demo") -> set[str]:
    return {f"{dataset}-{variant}-{seed}" for variant in variants for seed in seeds}


def made() -> set[str]:
    return {"-".join(folder.parts[-3:]) for folder in paths.RANKS.glob("*/*/*")}


def verdicts() -> dict[str, str]:
    table = pd.read_csv("metrics/comparisons.csv", keep_default_na=False)
    table = table[table["metric"] == "mrr@20"]
    return {f"{row.dataset} {row.a}-{row.b}": row.verdict for row in table.itertuples()}


def compare(*datasets: str) -> None:
    for dataset in datasets or ("demo",):
        significance.main([dataset])


def test_a_decided_comparison_gets_no_more_seeds(dvc, capsys):
    said = run(capsys)
    assert verdicts() == {"demo hn-trm": "better", "demo da-trm": "inconclusive", "demo ave-trm": "inconclusive"}
    assert made() == cells("trm", "da", "ave") | cells("hn", seeds=SEEDS[:5])
    assert len(dvc.evaluated) == len(set(dvc.evaluated))
    assert said.splitlines()[-2:] == ["1 decided, 2 open", "No look is left."]
    assert "The next look: 3 cells, about 0.0075 cell-hours (da, trm, ave on demo)." in said


def test_a_decision_stays_when_its_variants_get_more_seeds(dvc, capsys):
    """Both have the seeds of all looks already, of which the later ones say the opposite of the first five."""
    plan(comparisons=[["hn", "trm"], ["ave", "trm"]])
    for seed in SEEDS[5:]:
        write_cell("demo", "hn", seed, 0.15)
        write_cell("demo", "trm", seed, 0.45)
    run(capsys)
    table = pd.read_csv("metrics/comparisons.csv").query("metric == 'mrr@20'").set_index("a")
    assert table.loc["hn", "look"] == 3
    assert table.loc["hn", "delta"] < 0  # what all its seeds say
    assert table.loc["hn", "verdict"] == "better"  # what look 1 has shown


def test_train_stages_stand_before_evaluate_stages_and_tests_last(dvc, capsys):
    names = run(capsys, "--next").splitlines()
    kinds = list(dict.fromkeys(name.partition("@")[0].partition("_")[0] for name in names))
    assert kinds == ["train", "evaluate", "significance", "aggregate"]
    assert "train_hybrid@demo-hn-2020" in names
    assert len(names) == 2 * 4 * 5 + 2
    assert not dvc.calls


def test_the_plain_way_makes_the_same_cells(dvc, capsys):
    """``--next | xargs -r dvc repro --single-item`` until it prints nothing."""
    for _ in range(10):
        names = run(capsys, "--next").splitlines()
        if not names:
            break
        dvc("repro", *names)
    assert not names
    plain, comparisons = made(), Path("metrics/comparisons.csv").read_bytes()
    shutil.rmtree("data")
    run(capsys)
    assert made() == plain
    assert Path("metrics/comparisons.csv").read_bytes() == comparisons


def test_status_makes_nothing_at_any_time(dvc, capsys):
    assert run(capsys, "--status") == "Before the first look, of 5 seeds: 20 cells (trm, da, ave, hn on demo).\n"
    assert not Path("data").exists()
    for name in sorted(cells("trm", "da", "ave", "hn", seeds=SEEDS[:5])):
        _, variant, seed = name.split("-")
        write_cell("demo", variant, int(seed))
    assert run(capsys, "--status").startswith("Ranks were made since the last tests; `dvc repro --single-item sig")
    assert run(capsys, "--next").splitlines() == ["significance@demo", "aggregate"]
    compare()
    before = made()
    said = run(capsys, "--status")
    assert said.splitlines()[0] == "MRR@20, error spent so far 0.0365:"
    assert f"  demo: hn {MINUS} trm: better, +" in said
    assert " points after look 1 of 3 (5 seeds), p " in said
    assert made() == before
    assert not dvc.calls


def test_again_after_the_end_makes_nothing(dvc, capsys):
    said = run(capsys)
    comparisons = Path("metrics/comparisons.csv").read_bytes()
    dvc.calls.clear()
    assert run(capsys) == said[said.rindex("MRR@20, error") :]
    assert [call[:2] for call in dvc.calls if call[0] == "repro"] == [
        ("repro", "split@demo"),
        ("repro", "--single-item"),
    ]
    assert not dvc.evaluated
    assert Path("metrics/comparisons.csv").read_bytes() == comparisons
    assert run(capsys, "--next") == ""


# In the first look, the second and the third.
@pytest.mark.parametrize("cell", [2, *(pytest.param(cell, marks=pytest.mark.slow) for cell in (21, 25))])
def test_killed_anywhere_it_ends_with_the_same_cells_and_tests(dvc, capsys, cell):
    run(capsys)
    whole, comparisons, order = made(), Path("metrics/comparisons.csv").read_bytes(), list(dvc.evaluated)
    shutil.rmtree("data")
    dvc.calls.clear()
    dvc.fails = f"evaluate@{order[cell]}"
    with pytest.raises(RecoreError, match="failed"):
        run(capsys)
    assert made() < whole
    dvc.fails = None
    run(capsys)
    assert made() == whole
    assert Path("metrics/comparisons.csv").read_bytes() == comparisons


def test_half_a_look_is_not_looked_at(dvc, capsys):
    """trm and da have come to look 2 and ave has not: nothing is decided on that, and ave gets the rest."""
    for variant in ("trm", "da", "ave", "hn"):
        for seed in SEEDS[: 6 if variant in ("trm", "da") else 5]:
            write_cell("demo", variant, seed)
    compare()
    said = run(capsys, "--status")
    assert f"da {MINUS} trm: inconclusive" in said
    assert "look 2" not in said
    assert "The next look: 1 cell, about 0.0025 cell-hours (ave on demo)." in said
    assert set(standing.read_tables(["demo"], "comparisons.csv")["look"]) == {1, 2}  # the tests have seen it


def test_six_of_eight_seeds_are_the_look_of_six_and_a_hole_ends_the_count(dvc, capsys):
    for variant in ("trm", "da", "ave", "hn"):
        for seed in SEEDS[:5]:
            write_cell("demo", variant, seed)
    for seed in SEEDS[6:]:  # not the sixth
        write_cell("demo", "trm", seed)
    compare()
    table = standing.read_tables(["demo"], "comparisons.csv")
    assert set(table["n_seeds"]) == {5}
    assert run(capsys, "--next").splitlines()[:3] == [f"train@demo-{name}-2025" for name in ("da", "trm", "ave")]
    for seed in SEEDS[5:7]:
        write_cell("demo", "da", seed)
    write_cell("demo", "trm", 2025)
    compare()
    table = standing.read_tables(["demo"], "comparisons.csv").query("a == 'da' and metric == 'mrr@20'")
    assert list(table["n_seeds"]) == [5, 6]  # seven of eight: the look of six


def test_ranks_of_other_params_are_made_again_before_anything_is_tested(dvc, capsys):
    run(capsys)
    dvc.calls.clear()
    hybrid = {f"{stage}_hybrid@demo-hn-{seed}" for stage in ("train", "evaluate") for seed in SEEDS[:5]}
    dvc.stale = hybrid
    dvc.levels = {("demo", "hn"): 0.301}  # another hard_neg_k, say
    run(capsys)
    assert set(dvc.evaluated[:5]) == cells("hn", seeds=SEEDS[:5])
    first_tests = next(i for i, call in enumerate(dvc.calls) if "significance@demo" in call)
    assert all(("repro", "--single-item", stage) in dvc.calls[:first_tests] for stage in hybrid)
    assert verdicts()["demo hn-trm"] == "inconclusive"
    assert cells("hn") <= made()


def test_an_old_test_of_another_plan_is_not_believed(dvc, capsys):
    run(capsys)
    plan(comparisons=[*PAIRS, ["da", "ave"]])
    assert run(capsys, "--status").startswith("Ranks were made since the last tests")
    assert run(capsys, "--next").splitlines() == ["significance@demo", "aggregate"]


def test_only_the_dataset_that_is_open_goes_on(dvc, capsys):
    plan(("demo", "tmall"), comparisons=[["da", "trm"]], variants={"plain": {"trm": {}, "da": {}}, "hybrid": {}})
    dvc.levels = {("tmall", "da"): 0.4}
    run(capsys)
    assert verdicts() == {"demo da-trm": "inconclusive", "tmall da-trm": "better"}
    assert made() == cells("trm", "da") | cells("trm", "da", seeds=SEEDS[:5], dataset="tmall")


def test_a_variant_in_no_comparison_stops_at_the_first_look(dvc, capsys):
    plan(comparisons=[["da", "trm"]])
    run(capsys)
    assert made() == cells("trm", "da") | cells("ave", "hn", seeds=SEEDS[:5])


def test_fragile_by_far_is_not_open(dvc, capsys):
    plan()
    section = fake_grid.read_params()["significance"] | {"fragile": {"effective_sessions": 1000.0}}
    plan(significance=section)
    said = run(capsys)
    assert set(verdicts().values()) == {"fragile"}
    assert made() == cells("trm", "da", "ave", "hn", seeds=SEEDS[:5])
    assert said.splitlines()[-2:] == ["0 decided, 0 open, 3 fragile (they need sessions)", "Nothing is open."]


def test_a_grid_that_is_whole_has_nothing_left(dvc, capsys):
    """What ``dvc repro`` leaves: every seed of every variant."""
    for name in cells("trm", "da", "ave", "hn"):
        _, variant, seed = name.split("-")
        write_cell("demo", variant, int(seed))
    run(capsys)
    assert not dvc.evaluated
    assert set(pd.read_csv("metrics/comparisons.csv")["look"]) == {3}
    assert verdicts()["demo hn-trm"] == "better"


def test_after_a_failure_nothing_more_is_started_and_the_rest_is_kept(dvc, capsys):
    dvc.fails = "train@demo-da-2022"
    with pytest.raises(RecoreError, match=r"^`dvc repro --single-item train@demo-da-2022` failed"):
        run(capsys)
    assert not made()
    assert ("repro", "--single-item", "train@demo-da-2023") not in dvc.calls
    assert ("repro", "--single-item", "train@demo-da-2021") in dvc.calls


def test_dvc_s_own_failure_is_one_sentence(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)  # no DVC repository
    with pytest.raises(RecoreError, match=r"^`dvc repro nothing` failed, see above; what is made stays, run this aga"):
        decide._dvc("repro", "nothing")
    assert "not inside of a DVC repository" in capfd.readouterr().err


def test_spent_error_rises_to_alpha(dvc, capsys):
    spent = [float(line.split()[-1][:-1]) for line in run(capsys).splitlines() if "error spent" in line]
    assert len(spent) == 3
    assert all(a < b for a, b in pairwise(spent))
    assert spent[-1] == 0.05


@pytest.mark.parametrize(
    ("changes", "arguments", "sentence"),
    [
        (
            {"looks": None},
            [],
            "`significance.looks` is not there, so there is one look, at all of `seeds`; give the num",
        ),
        ({"comparisons": []}, [], "`significance.comparisons` plans none, so nothing can be decided; name one"),
        ({"looks": [5, 6]}, [], "the last of `significance.looks` is 6, but `seeds` names 8"),
        ({}, ["--jobs", "0"], "--jobs is 0; it is the number of cells at once, 1 or more"),
    ],
)
@pytest.mark.parametrize("mode", [[], ["--status"], ["--next"]])
def test_a_fault_is_one_sentence_and_nothing_runs(dvc, changes, arguments, sentence, mode):
    plan(**changes)
    with pytest.raises(RecoreError) as fault:
        decide.main([*arguments, *mode])
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)
    assert not dvc.calls


def test_fragile_goes_on_while_it_is_near_what_it_needs():
    plan = Plan([], {}, 0.05, 0.8, looks=(5, 8), fewest=15.0)
    verdicts = ["fragile", "fragile", "inconclusive", "better", "inconclusive"]
    table = pd.DataFrame({"verdict": verdicts, "effective_sessions": 7.4, "n_seeds": [5, 5, 5, 5, 0]})
    table.loc[0, "effective_sessions"] = 7.5
    # The last has no seeds to add on either side.
    assert standing.is_open(table, plan).tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("n_sessions", [1, 150])
def test_what_has_no_noise_is_not_said_to_be_one_session(n_sessions):
    """Nor is it where the difference is the same in every run and session."""
    given = SimpleNamespace(confirm="mrr@20", plan=Plan([], {}, 0.05, 0.8, looks=(5, 8)))
    row = {"dataset": "demo", "a": "da", "b": "trm", "verdict": "", "delta": 0.0, "look": 2, "n_seeds": 8}
    row |= {"p_holm": 1.0, "mde80": np.nan, "few_sessions": False, "spent": 0.05, "n_sessions": n_sessions}
    told = decide._told(given, pd.DataFrame([row | {"effective_sessions": np.nan}]), [])
    assert told.splitlines()[-2:] == [
        "0 decided, 0 open, 1 without a verdict (no noise to test with)",
        "Nothing is open.",
    ]


def test_what_has_no_seeds_is_fitted_once_and_gets_none(dvc, capsys):
    pairs = [["da", "trm"], ["trm", "vmis"], ["vmis", "pop"]]
    plan(
        comparisons=pairs,
        variants={"plain": {"trm": {}, "da": {}}, "hybrid": {}, "baselines": {"pop": {}, "vmis": {}}},
    )
    fitted = ["baseline@demo-pop", "baseline@demo-vmis"]
    assert run(capsys, "--next").splitlines()[:2] == fitted
    said = run(capsys)
    assert dvc.calls[0] == ("repro", "split@demo", "encoders", *fitted)
    assert set(dvc.evaluated) == cells("da", "trm")  # alike, so every look is taken
    assert made() == cells("da", "trm") | {"demo-pop-none", "demo-vmis-none"}
    assert f"demo: vmis {MINUS} pop: inconclusive" in said
    assert "1 inconclusive (neither side has seeds to add)" in said.splitlines()[-2]
    assert run(capsys, "--next") == ""
