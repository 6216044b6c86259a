"""Stage tune on a split of a few sessions: what it tries, what it takes, and what it reads of neither test nor luck."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
from builders import flat, published_params, random_sessions

from recore import RecoreError, artifacts, params, paths, yaml12
from recore.commands import tune as command
from recore.data.sessions import Sessions
from recore.stages import evaluate, train, tune
from recore.training.settings import Settings
from recore.tuning.search import Trial, best, plan

from . import fake_grid

PARTS = {
    part: random_sessions(n, 20, seed) for seed, (part, n) in enumerate([("train", 60), ("valid", 15), ("test", 15)])
}
SPACE = {"temperature": [0.07, 0.2], "learning_rate": [0.003, 0.03]}
TUNE = {"seeds": [7, 8], "trials": 3, "plain": {"trm": SPACE}, "hybrid": {"hn": {"hard_neg_k": [1, 5, 9]}}}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A split, and the grid of trm and hn over it; gives what writes its params."""
    monkeypatch.chdir(tmp_path)
    folder = paths.split("demo")
    folder.mkdir(parents=True)
    for part, sessions in PARTS.items():
        flat(sessions).save(folder, part)
    (folder / "stats.json").write_text('{"items": 20}')

    def given(**changes):
        tree = published_params()
        tree["sources"]["demo"]["train"] = {"batch_size": 64, "epochs": 2, "learning_rate": 0.003}
        shape = {"embedding_size": 8, "inner_size": 8}
        tree["train"] |= {"threads": 1, "model": tree["train"]["model"] | shape}
        variants = {"plain": {"trm": {}}, "hybrid": {"hn": {}}}
        kept = {"sources": tree["sources"], "train": tree["train"], "variants": variants, "tune": TUNE, "seeds": [1]}
        kept["significance"] = tree["significance"] | {"comparisons": []}
        fake_grid.write_params(**(kept | changes))

    given()
    return given


def tuned(variant="trm", *more):
    tune.main(["demo", variant, *more])
    return artifacts.read_json(paths.tuned("demo", variant) / "tuned.json")


def trained(variant, seed, *more):
    train.main(["demo", variant, str(seed), *more])
    return artifacts.read_json(paths.record("demo", variant, seed) / "record.json")["valid"]["mrr@20"]


def test_a_trial_is_what_training_comes_to(shop):
    """The row, and what was chosen pasted into the row, trained by stage train with the seeds of the search."""
    found = tuned()
    assert (found["metric"], found["seeds"], len(found["tried"])) == ("mrr@20", [7, 8], 3)
    assert found["row"]["settings"] == {}
    assert found["row"]["values"] == [trained("trm", seed) for seed in (7, 8)]
    other = found["tried"][1]
    shop(variants={"plain": {"trm": other["settings"]}, "hybrid": {"hn": {}}})
    assert other["values"] == [trained("trm", seed) for seed in (7, 8)]
    assert other["values"] != found["row"]["values"]


def test_the_best_of_the_trials_is_chosen(shop):
    found = tuned()
    means = [each["mean"] for each in found["tried"]]
    assert means == [sum(each["values"]) / 2 for each in found["tried"]]
    assert found["chosen"] == found["tried"][found["trial"]]
    assert found["chosen"]["mean"] == max(means) > min(means)
    assert best([Trial({}, [0.2, 0.4]), Trial({"a": 1}, [0.5, 0.2]), Trial({"a": 2}, [0.0, 0.7])]) == 1  # of equals


def test_hard_negatives_are_tuned_too(shop):
    found = tuned("hn", "--objective", "hybrid")
    assert sorted(each["settings"].get("hard_neg_k", 5) for each in found["tried"]) == [1, 5, 9]
    assert found["row"]["values"] == [trained("hn", seed, "--objective", "hybrid") for seed in (7, 8)]


def test_the_test_set_is_not_read(shop, monkeypatch):
    """Neither in what is loaded nor in what comes out: not without it, and not with other clicks in its place."""
    read = []
    load = Sessions.load
    monkeypatch.setattr(Sessions, "load", lambda folder, part: read.append(part) or load(folder, part))
    found = tuned()
    assert set(read) == {"train", "valid"}
    shutil.rmtree(paths.TRIALS)
    flat(random_sessions(30, 20, seed=9)).save(paths.split("demo"), "test")
    assert tuned() == found
    shutil.rmtree(paths.TRIALS)
    for file in paths.split("demo").glob("test.*"):
        file.unlink()
    assert tuned() == found


def test_what_is_finished_is_not_trained_again(shop, monkeypatch):
    """A search that was killed continues; another setting, other sessions, other code or a torn file are another."""
    fits = []
    fit = tune.fit
    monkeypatch.setattr(tune, "fit", lambda *given: fits.append(given[5]) or fit(*given))

    def dies(*given):
        if len(fits) == 3:
            raise KeyboardInterrupt
        return fits.append(given[5]) or fit(*given)

    with monkeypatch.context() as killed:
        killed.setattr(tune, "fit", dies)
        with pytest.raises(KeyboardInterrupt):
            tuned()
    assert not paths.tuned("demo", "trm").exists()
    found = tuned()
    assert fits == [7, 8, 7, 8, 7, 8]
    assert tuned() == found
    assert len(fits) == 6
    torn = sorted(paths.trials("demo", "trm").iterdir())[0]
    torn.write_text(torn.read_text()[:40])
    assert tuned() == found
    assert len(fits) == 7
    torn.write_text("{}")
    assert tuned() == found
    assert len(fits) == 8
    shop(variants={"plain": {"trm": {"session_dropout": 0.3}}, "hybrid": {"hn": {}}})
    tuned()
    assert len(fits) == 14
    flat(random_sessions(15, 20, seed=5)).save(paths.split("demo"), "valid")
    tuned()
    assert len(fits) == 20
    monkeypatch.setattr(tune.kept, "CODE", ("data",))
    tuned()
    assert len(fits) == 26


def test_trials_are_the_row_and_different_combinations_beside_it():
    space, current = {"a": [1, 2, 3], "b": [True, False]}, {"a": 2, "b": True}
    everything = plan(space, current, 6, 1, "x")
    assert everything[0] == {}
    assert sorted(each["a"] * 2 + each["b"] for each in everything[1:]) == [2, 3, 4, 6, 7]  # all but a = 2 with b
    assert plan(space, current, 3, 1, "y") == everything[:3]
    assert plan(space, current, 6, 2, "x") != everything
    with pytest.raises(RecoreError, match=r"^`tune.trials` is 7, .* x have only 5 combinations .* `tune.trials` to 6$"):
        plan(space, current, 7, 1, "x")
    with pytest.raises(RecoreError, match=r"x have only 0 combinations beside its row; give it more values$"):
        plan({"a": [2]}, current, 2, 1, "x")


def test_too_small_a_space_is_said_before_anything_is_trained(shop):
    shop(tune=TUNE | {"trials": 5})
    with pytest.raises(RecoreError, match="the values of trm have only 3 combinations beside its row"):
        tuned()
    assert not paths.TRIALS.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": [7, 1]}, r"`tune.seeds` names 1, which is among `seeds`"),
        ({"seeds": [7, 8, 7]}, r"`tune.seeds` names 7 twice; name it once"),
        ({"seeds": []}, r"`tune.seeds` is \[\], but"),
        ({"trials": 1}, r"`tune.trials` is 1, but input should be greater than or equal to 2"),
        ({"plain": {"da": SPACE}}, r"`tune.plain.da` has no row `variants.plain.da`"),
        ({"plain": {"trm": {}}}, r"`tune.plain.trm` is \{\}, but"),
        ({"plain": {"trm": {"temperatur": [0.1]}}}, r"`tune.plain.trm.temperatur` is not a known setting"),
        ({"plain": {"trm": {"temperature": [0.1, -1.0]}}}, r"`tune.plain.trm.temperature` is -1.0, but"),
        ({"plain": {"trm": {"temperature": 0.1}}}, r"`tune.plain.trm.temperature` is 0.1, but"),
        ({"plain": {"trm": {"hard_neg_k": [1]}}}, r"`tune.plain.trm.hard_neg_k` is not a known setting"),
        ({"plain": {"trm": {"heads": [2, 3]}}}, r"`tune.plain.trm.*3 heads do not divide an embedding_size of 8"),
        ({"plain": {"trm": {"embedding_size": [8, 16], "heads": [2, 16]}}}, r"16 heads do not divide .* of 8"),
        ({"hybrid": {"hn": {"hard_neg_k": [1, 9], "hard_neg_pool": [0, 8]}}}, r"hard_neg_pool is 8, but hard_neg_k 9"),
        (
            {"plain": {"trm": {"encoder": ["trm", "da"]}}},
            r"`tune.plain.trm` tries `encoder`, which makes another variant; give",
        ),
        ({"plain": {"trm": {"layers": [2, 2]}}}, r"`tune.plain.trm.layers` names 2 twice"),
    ],
)
def test_a_search_that_cannot_be_is_one_sentence(shop, changes, sentence):
    shop(tune=TUNE | changes)
    with pytest.raises(RecoreError, match=sentence):
        params.load()


def test_values_that_only_fit_each_other_may_be_tried(shop):
    """3 heads do not divide the row's 8, and a pool of 4 is too small for its K of 5; no trial has either."""
    hn = {"hard_neg_k": [1, 2], "hard_neg_pool": [4, 5]}
    shop(tune=TUNE | {"plain": {"trm": {"embedding_size": [9, 12], "heads": [3]}}, "hybrid": {"hn": hn}})
    params.load()


def test_a_trial_that_the_catalogue_is_too_small_for_is_said_before_anything_is_trained(shop):
    """20 items leave 19 beside the target."""
    shop(tune=TUNE | {"hybrid": {"hn": {"hard_neg_k": [1, 30]}}})
    with pytest.raises(
        RecoreError, match=r"^demo hn, trial \d \(hard_neg_k: 30\): hard_neg_k is 30, but .* 19 or less$"
    ):
        tuned("hn", "--objective", "hybrid")
    assert not paths.TRIALS.exists()


def test_a_trial_that_fails_is_named(shop):
    shop(tune=TUNE | {"plain": {"trm": {"learning_rate": [1e38, 2e38]}}})
    with pytest.raises(RecoreError, match=r"^demo trm, trial 1 \(learning_rate: [12]e\+38\): the (loss|model's)"):
        tuned()


def test_a_choice_is_a_second_row_of_the_encoder_that_can_be_pasted(shop, capsys):
    """Word for word, beside the row as it stands and without a file, and it trains to what the trial came to."""
    rows = {"plain": {"wide": {"encoder": "trm", "inner_size": 12}}, "hybrid": {"hn": {}}}
    space = {"temperature": [0.2], "learning_rate": [0.03]}
    search = TUNE | {"trials": 2, "plain": {"wide": space}, "hybrid": {}}
    shop(variants=rows, tune=search)
    command.main([])
    found = artifacts.read_json(paths.tuned("demo", "wide") / "tuned.json")
    chosen, shown = found["chosen"], capsys.readouterr().out.splitlines()
    assert shown[1].endswith("  wide: {encoder: trm, inner_size: 12}")
    assert found["trial"] == 1, "the row is not the best of the two"
    pasted = "wide_tuned: {encoder: trm, inner_size: 12, temperature: 0.2, learning_rate: 0.03}"
    assert shown[2].endswith(f"  {pasted}")
    shop(variants={"plain": rows["plain"] | yaml12.parse(pasted, "what was shown"), "hybrid": {}}, tune=search)
    assert chosen["values"] == [trained("wide_tuned", seed) for seed in (7, 8)]


@pytest.mark.parametrize(
    ("name", "row"), [("hn", {"hard_neg_k": 5}), ("hn_tuned", {"encoder": "hn", "hard_neg_k": 5}), ("hn", {})]
)
def test_a_choice_stands_beside_the_row_or_in_the_place_of_a_tuned_one(name, row):
    trial = {"settings": {"hard_neg_k": 9}, "values": [0.5], "mean": 0.5}
    found = {"metric": "mrr@20", "seeds": [7], "tried": [trial], "row": trial | {"settings": {}}, "chosen": trial}
    stands, chosen = command._shown("demo", name, row, found | {"trial": 1})[1:]
    assert yaml12.parse(stands.rpartition("  ")[2], "shown") == {name: row}
    assert yaml12.parse(chosen.rpartition("  ")[2], "shown") == {"hn_tuned": {"encoder": "hn", "hard_neg_k": 9}}


def test_two_rows_of_one_encoder_are_one_model(shop):
    """The same weights, bit for bit, each ranked from its own folder; other settings make the difference."""
    rows = {"trm": {}, "twin": {"encoder": "trm"}, "cold": {"encoder": "trm", "temperature": 0.03}}
    shop(variants={"plain": rows, "hybrid": {"hn": {}}})
    weights, ranks = {}, {}
    for name in rows:
        trained(name, 1)
        evaluate.main(["demo", name, "1"])
        weights[name] = (paths.model("demo", name, 1) / "weights.safetensors").read_bytes()
        ranks[name] = pq.read_table(paths.ranks("demo", name, 1) / "cases.parquet")
        assert artifacts.read_json(paths.model("demo", name, 1) / "config.json")["encoder"] == "trm"
    assert weights["trm"] == weights["twin"] != weights["cold"]
    assert ranks["trm"] == ranks["twin"] != ranks["cold"]


def test_a_row_may_have_a_learning_rate(shop):
    shop(variants={"plain": {"trm": {"learning_rate": 0.5}}, "hybrid": {"hn": {}}})
    given = params.load()
    of = {name: Settings.of(given, "demo", name, name == "hn") for name in ("trm", "hn")}
    assert [settings.train["learning_rate"] for settings in of.values()] == [0.5, 0.003]
    assert "learning_rate" not in of["trm"].model
    shop(variants={"plain": {"trm": {"learning_rate": 0}}, "hybrid": {"hn": {}}})
    with pytest.raises(RecoreError, match=r"`variants.plain.trm.learning_rate` is 0, but"):
        params.load()


def test_the_command_shows_both_verdicts_and_rows_to_paste(shop, capsys):
    with pytest.raises(RecoreError, match=r"^--dataset names 'fair'; `datasets` of params.yaml are demo$"):
        command.main(["--dataset", "demo", "fair"])
    assert not paths.TRIALS.exists()
    command.main([])
    found = {name: artifacts.read_json(paths.tuned("demo", name) / "tuned.json") for name in ("trm", "hn")}
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "demo trm: validation mrr@20, 3 trials, seeds 7, 8"
    first, second = (100 * value for value in found["trm"]["row"]["values"])
    assert shown[1] == f"  as it stands: {(first + second) / 2:.3f} ({first:.2f}, {second:.2f})  trm: {{}}"
    assert shown[2].startswith(f"  chosen, trial {found['trm']['trial']}: {100 * found['trm']['chosen']['mean']:.3f} (")
    assert shown[3].startswith("demo hn: ")
    shop(tune=json.loads(json.dumps(TUNE)) | {"plain": {}, "hybrid": {}})
    with pytest.raises(RecoreError, match=r"^params.yaml: `tune` names no variant; docs/TUNING.md"):
        command.main([])
