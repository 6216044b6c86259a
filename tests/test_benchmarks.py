"""The benchmarks compare like with like, and their page shows what their files hold. No test here measures time."""

import re
import sys

import baselines
import cached
import children
import level
import machines_page
import measure
import numpy as np
import page
import pytest
import recommend
import significance
import startup
import torch
import workload
from builders import SETTINGS, flat, model, random_sessions
from reference import CUTOFF, PaddedCore, padded, places_by_sort, places_by_topk

from recore.baselines import vmis
from recore.baselines.ranking import Popularity
from recore.baselines.ranking import rank as rank_baseline
from recore.data.cases import Cases
from recore.evaluation.ranking import rank
from recore.models.fused import fused_loss
from recore.models.objectives import Objective
from recore.models.packing import gather, resident
from recore.models.scorer import CoreScorer
from recore.recommender import Recommender

CPU = torch.device("cpu")
N_ITEMS = 40
NO_DROPOUT = {name: 0.0 for name in SETTINGS if name.endswith("dropout")}
RENAMED = (
    (r"^items\.table$", "items.weight"),
    (r"^encoder\.", ""),
    (r"(transformer\.positions)$", r"\1.weight"),
    (r"((?:_scorer|gate))\.hidden", r"\1.0"),
    (r"((?:_scorer|gate))\.output", r"\1.2"),
)


def renamed(name):
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


@pytest.fixture(params=["ave", "trm", "dahn"])
def both(request):
    """Ours and the rendition with the same weights and no dropout, and cases for them."""
    ours = model(request.param, N_ITEMS, **NO_DROPOUT)
    reference = PaddedCore(request.param, N_ITEMS, SETTINGS | NO_DROPOUT)
    reference.load_state_dict({renamed(name): value for name, value in ours.state_dict().items()})
    return ours, reference, Cases(flat(random_sessions(30, N_ITEMS)), SETTINGS["max_length"])


@pytest.mark.parametrize(("k", "lam"), [(0, 0.0), (5, 0.2)])
def test_the_rendition_is_the_same_function(both, k, lam):
    ours, reference, cases = both
    batch = cases.batch(np.arange(len(cases)))
    items, packing, targets = gather(resident(cases.items, CPU), batch.lengths, batch.ends)
    encoding, catalogue = ours.with_catalogue(items, packing)
    loss = fused_loss(encoding.session, catalogue, targets, ours.items.temperature, Objective(k, lam))
    theirs = reference.loss(*padded(batch, SETTINGS["max_length"]), k, lam)
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-5)
    loss.backward()
    theirs.backward()
    gradients = {name: parameter.grad for name, parameter in reference.named_parameters()}
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[renamed(name)], rtol=1e-3, atol=1e-5, msg=name)


def test_both_evaluations_find_the_target_at_the_same_place(both):
    ours, reference, cases = both
    ranks = rank(CoreScorer(ours), cases, 16, CPU)
    batch = cases.batch(np.arange(len(cases)))
    places = reference.eval().target_positions(*padded(batch, SETTINGS["max_length"])).numpy()
    clear = ranks.tied[batch.cases] == 1
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(places[clear], np.minimum(ranks.above[batch.cases], CUTOFF)[clear])


def test_the_generated_prefixes_have_the_lengths_of_diginetica():
    feed = workload.Feed(42_861, 2048)
    lengths = feed.cases.length
    assert lengths.mean() == pytest.approx(4.15, abs=0.15)
    assert np.median(lengths) == 3
    assert np.quantile(lengths, 0.99) in (18, 19, 20)
    assert 30 <= np.median([feed.batch(i).lengths[-1] for i in range(20)]) <= 45
    assert feed.cases.items.min() >= 1
    assert feed.cases.items.max() <= 42_861


def test_a_feed_of_one_length_has_no_other():
    batch = workload.Feed(100, 32, prefix_length=7, n_sessions=40).batch(3)
    assert len(batch.lengths) == 32
    assert set(batch.lengths) == {7}


@pytest.mark.parametrize("label", ["ave", "trm", "dahn K=5"])
def test_both_sides_learn_with_their_dropout_on(label):
    feed = workload.Feed(50, 32, n_sessions=40)
    for step in (make(label, 50) for make in workload.SIDES.values()):
        losses = [step(feed.batch(0)) for _ in range(15)]
        assert losses[-1] < losses[0]


def test_the_two_sorting_ways_agree_with_counting():
    generator = torch.Generator().manual_seed(1)
    scores, columns = torch.rand(50, 60, generator=generator), torch.randint(60, (50,), generator=generator)
    above = (scores > scores.gather(1, columns[:, None])).sum(dim=1)
    assert torch.equal(places_by_sort(scores, columns), above)
    assert torch.equal(places_by_topk(scores, columns), above.clamp(max=CUTOFF))


def test_the_plain_loop_ranks_as_the_baseline_does():
    train, test = flat(random_sessions(50, N_ITEMS)), flat(random_sessions(20, N_ITEMS, seed=1))
    cases = Cases(test, SETTINGS["max_length"])
    method = vmis.fit(train, N_ITEMS, vmis.Settings())
    above, tied = rank_baseline(method, cases, Popularity.of(train.items, N_ITEMS))
    found = baselines.plain_vmis(train, N_ITEMS, *baselines.first(cases, len(cases)))
    assert found == list(zip(above.tolist(), tied.tolist(), strict=True))


def test_the_plain_ways_recommend_the_same():
    scorer = CoreScorer(model("da", N_ITEMS))
    sessions = sorted(random_sessions(30, N_ITEMS, longest=6), key=len)
    ours = Recommender(scorer, np.arange(1, N_ITEMS + 1), workload.MODEL["max_length"], CPU).recommend(sessions, 5)
    for select in (recommend.by_topk, recommend.by_argsort):
        found = recommend.plain(scorer, sessions, 5, select)
        assert [rows.tolist() for rows in found] == [answer.items.tolist() for answer in ours]


def test_every_number_of_the_tables_is_measured():
    """The rows that the tables look up, from measurements at tiny sizes."""
    rows = measure.beside_reference("trm", 100, 8, 1) + measure.own_steps(["trm", "da"], 100, 8, 1)
    rows += measure.mining([5], 100, 8, 1) + measure.beside_floor(100, 8, 1)
    rows += measure.evaluation(100, 8, 5, 1) + measure.alone("reference", "ave", 100, 8, 1, prefix_length=3)
    rows += measure.evaluation_alone("ours", 100, 8, 5)
    committed = set(page.read(page.RESULTS / "training_step.csv")["what"])
    assert {row["what"] for row in rows} - {"step alone"} == committed
    assert all(row["value"] is not None for row in rows)


def test_the_page_shows_what_the_files_hold():
    text_of_page, made = page.PAGE.read_text(encoding="utf-8"), page.blocks()
    for name, text in made.items():
        assert page.block(name, text) in text_of_page


def test_the_figure_is_drawn_where_the_rendition_was_not_run():
    growth = page.read(page.RESULTS / "growth.csv")
    largest = (growth["side"] == "reference") & (growth["items"] == growth["items"].max())
    growth.loc[largest, ["value", "n"]] = float("nan"), 0
    assert page.rendered(page.growth_figure(growth), "png").startswith(b"\x89PNG")
    assert "not run" in page.growth_table(growth)


@pytest.mark.slow
def test_every_number_of_a_start_is_measured(tmp_path):
    """The scripts that time themselves and the stage, on a split that the benchmark makes."""
    assert set(page.read(page.RESULTS / "startup.csv")["what"]) == set(startup.SCRIPTS)
    clicks = startup.prepare(tmp_path, items=300, clicks=5_000)
    assert len((tmp_path / "clicks.csv").read_text().splitlines()) == clicks + 1
    for script in (startup.LOAD, startup.CSV, startup.FIRST_BATCH):
        assert startup.taken(script, tmp_path) > 0
    assert not (tmp_path / "data/models").exists()


def test_the_page_of_the_statistics_shows_what_its_file_holds():
    text = level.PAGE.read_text(encoding="utf-8")
    made = level.blocks(level.read(page.RESULTS / "level.csv"))
    assert page.filled(text, made) == text, "run `python benchmarks/level.py`"
    assert all(f"<!-- {name} -->" in text for name in made)


def test_the_page_of_the_machines_shows_what_its_files_hold():
    text, made = machines_page.PAGE.read_text(encoding="utf-8"), machines_page.blocks()
    assert page.filled(text, made) == text, "run `python benchmarks/machines_page.py`"
    assert all(f"<!-- {name} -->" in text for name in made)


def test_a_simulation_of_levels_runs_and_holds_every_world():
    rows = level.simulated(level.QUICK)
    worlds = {row["world"] for row in rows}
    assert worlds == {*level.GRIDS, *level.FEW, *level.ORDINARY}
    assert all(0 <= row["value"] <= 1 for row in rows if row["value"] == row["value"])


def test_a_cached_choice_is_the_exact_one_where_its_candidates_hold_that():
    """Of 3 hardest among all 12 items all are found, among the 4 hardest too, among the 4 easiest none."""
    z = torch.rand(12, 5)
    at = torch.tensor([3, 0, 7, 11, 2]), torch.arange(5)
    z[at] = 2.0  # a target is never mined, however high
    exact = cached.mine(z.clone(), at, 3, 0, cached.EVERY)
    order = z.argsort(dim=0, descending=True)
    for held, overlap in ((order, 1), (order[:4], 1), (order[-4:], 0)):
        choice = cached.Choice(held=held)
        values, rows = choice(z.clone(), at, 3, 0, cached.EVERY)
        assert choice.overlaps == [overlap]
        assert not overlap or (torch.equal(values, exact[0]) and torch.equal(rows, exact[1]))


def test_what_a_case_holds_is_its_own():
    cases = Cases(flat(random_sessions(30, N_ITEMS)), 10)
    batch = cases.batch(np.array([7, 3, 11]))
    seen = {case: np.arange(4) + case for case in range(len(cases))}
    held = cached.held(seen, batch)
    assert held.T.tolist() == [(np.arange(4) + case).tolist() for case in batch.cases]
    built = model("hn", n_items=N_ITEMS)
    fresh = cached.refreshed(built, resident(cases.items, CPU), [batch], N_ITEMS)
    assert {case: sorted(rows) for case, rows in fresh.items()} == {case: list(range(N_ITEMS)) for case in (3, 7, 11)}
    assert built.training


def test_huge_pages_are_on_for_kinds_that_there_are():
    assert {*children.OURS_ALONE} <= measure.KINDS.keys()
    assert {"large_step", "large_ranking"} <= {*children.OURS_ALONE}  # recore alone, and no side says so


def test_the_significance_stage_takes_the_ranks_that_are_generated(monkeypatch, capsys):
    arguments = ["--datasets", "1", "--seeds", "2", "--cases", "60"]
    monkeypatch.setattr(sys, "argv", ["significance.py", *arguments])
    significance.main()
    assert capsys.readouterr().out.startswith("1 datasets x 17 runs x 60 cases, 54 tests each: ")
