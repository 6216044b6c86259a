"""A row whose ranks another program wrote into files is compared as if it had been trained here."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import published_params
from stages import fake_grid

from recore import RecoreError, params, paths, yaml12
from recore.commands import check, standing
from recore.evaluation.runs import has_seeds
from recore.records import take as records_take
from recore.records.git import git
from recore.records.take import take
from recore.stages import aggregate, external, significance

SEEDS = [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A grid of trm and ave, the ranks of trm as files another program wrote, and those of a baseline, vmis."""
    folder = tmp_path_factory.mktemp("grid")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        for variant, seeds in (("trm", SEEDS), ("ave", SEEDS), ("vmis", [None])):
            for seed in seeds:
                fake_grid.write_run("demo", variant, seed)
        for name, variant, seed in [*((f"trm_{seed}", "trm", seed) for seed in SEEDS), ("vmis", "vmis", None)]:
            counts = pd.read_parquet(paths.ranks("demo", variant, seed) / "cases.parquet")[["above", "tied"]]
            table = counts.rename_axis("case").sample(frac=1, random_state=1).reset_index()
            Path("theirs").mkdir(exist_ok=True)
            table.to_csv(f"theirs/{name}.csv", index=False)
        shutil.rmtree(paths.RANKS / "demo/vmis")
    return folder


@pytest.fixture(autouse=True)
def grid(template, tmp_path, monkeypatch):
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def pinned(name: str) -> dict:
    file = Path(f"theirs/{name}.csv")
    return {"path": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def vouched(**row) -> dict:
    return {"test_hash": json.loads((paths.ranks("demo", "trm", 0) / "meta.json").read_text())["test_hash"], **row}


def with_seeds(seeds=SEEDS) -> dict:
    return vouched(files={seed: pinned(f"trm_{seed}") for seed in seeds})


def write_params(rows, pairs, seeds=SEEDS, datasets=("demo",), **changes) -> None:
    section = published_params()["significance"] | {"comparisons": [list(pair) for pair in pairs], **changes}
    variants = {"plain": {"ave": {}, "trm": {}}, "hybrid": {}, "external": rows}
    fake_grid.write_params(datasets=datasets, seeds=seeds, variants=variants, significance=section)


def report() -> dict[str, str]:
    significance.main(["demo"])
    aggregate.main([])
    return {file.name: file.read_text() for file in paths.METRICS.iterdir()}


def test_a_file_for_each_seed_is_compared_as_if_it_had_been_trained_here():
    write_params({"theirs": with_seeds()}, [("ave", "theirs"), ("ave", "trm")])
    external.main(["demo", "theirs"])
    for seed in SEEDS:
        own, trained = (paths.ranks("demo", variant, seed) for variant in ("theirs", "trm"))
        assert pd.read_parquet(own / "cases.parquet").equals(pd.read_parquet(trained / "cases.parquet"))
        taken = {"row": json.loads(json.dumps(with_seeds())), "depth": 20}
        assert json.loads((own / "meta.json").read_text()) == json.loads((trained / "meta.json").read_text()) | {
            "variant": "theirs",
            "taken": taken,
        }
    made = report()
    rows = made["comparisons.csv"].splitlines()
    assert sorted(row for row in rows if ",trm," in row) == sorted(
        row.replace(",theirs,", ",trm,") for row in rows if ",theirs," in row
    )
    files = ", ".join(f"trm_{seed}.csv (SHA-256 {pinned(f'trm_{seed}')['sha256'][:8]})" for seed in SEEDS)
    assert f"- theirs was not trained here: its ranks are those of another program, in {files}.\n" in made["table.md"]
    assert "Seeds none" not in made["table.md"]


def test_one_file_is_one_run_without_a_seed():
    write_params({"theirs": vouched(file=pinned("vmis"))}, [("trm", "theirs")])
    external.main(["demo", "theirs"])
    assert [folder.name for folder in (paths.RANKS / "demo/theirs").iterdir()] == ["none"]
    made = report()
    assert [row.split(",")[:3] for row in made["runs.csv"].splitlines() if ",theirs," in row] == [
        ["demo", "theirs", ""]
    ]
    row = next(line for line in made["table.md"].splitlines() if line.startswith("| demo      | theirs "))
    assert row.endswith("| none    |")
    assert "±" not in row
    assert (
        "- theirs was not trained here: its ranks are those of another program, in vmis.csv (SHA-256 "
        in made["table.md"]
    )
    assert pd.read_csv(paths.METRICS / "comparisons.csv")["level"].eq("confirmed").all()


def test_nothing_has_to_be_trained_or_fitted():
    rows = {"theirs": with_seeds(), "none": vouched(file=pinned("vmis"))}
    write_params(rows, [("theirs", "none")])
    tree = fake_grid.read_params()
    tree["variants"] |= {"plain": {}, "hybrid": {}}
    Path("params.yaml").write_text(yaml12.dump(tree))
    shutil.rmtree(paths.RECORDS)
    for name in rows:
        external.main(["demo", name])
    assert json.loads((paths.RECORDS / "demo/none/origin.json").read_text()) == rows["none"]
    assert [line.split(",")[:5] for line in report()["runs.csv"].splitlines()[1:]] == [
        *(["demo", "theirs", str(seed), "", ""] for seed in SEEDS),
        ["demo", "none", "", "", ""],
    ]


def test_a_row_of_another_test_set_is_refused_with_both_hashes():
    own = vouched()["test_hash"]
    write_params({"theirs": with_seeds() | {"test_hash": "0" * 64}}, [("ave", "theirs")])
    with pytest.raises(RecoreError, match=f"says test_hash {'0' * 64} and the split here has {own}; use its"):
        external.main(["demo", "theirs"])
    assert not (paths.RANKS / "demo/theirs").exists()


def test_a_file_that_is_not_what_is_pinned_is_refused():
    row = with_seeds()
    write_params({"theirs": row}, [("ave", "theirs")])
    file, pin = Path("theirs/trm_3.csv"), pinned("trm_3")["sha256"]
    file.write_text(file.read_text().replace("\n1,", "\n01,"))
    with pytest.raises(
        RecoreError, match=rf"^theirs/trm_3.csv has wrong content, sha256 \w+ instead of {pin}; restore"
    ):
        external.main(["demo", "theirs"])
    assert not (paths.RANKS / "demo/theirs").exists()
    del row["files"][3]["sha256"]
    write_params({"theirs": row}, [("ave", "theirs")])
    found = pinned("trm_3")["sha256"]
    with pytest.raises(
        RecoreError, match=f"`variants.external.theirs.files.3` pins no content; add `sha256: {found}`$"
    ):
        external.main(["demo", "theirs"])
    file.unlink()
    with pytest.raises(RecoreError, match=r"`variants.external.theirs.files.3.path` is theirs/trm_3.csv, which is no"):
        check.main([])


def test_a_file_that_ranks_other_cases_is_refused():
    text = Path("theirs/vmis.csv").read_text().splitlines()
    Path("theirs/vmis.csv").write_text("\n".join(text[:-1]) + "\n")
    write_params({"theirs": vouched(file=pinned("vmis"))}, [("ave", "theirs")])
    with pytest.raises(
        RecoreError, match=rf"^theirs/vmis.csv: case {text[-1].split(',')[0]} is missing; write all 600 "
    ):
        external.main(["demo", "theirs"])


def test_lists_reach_as_deep_as_the_largest_cutoff():
    rows = [(case, item, -item) for case in range(600) for item in range(1, 20)]
    pd.DataFrame(rows, columns=["q_id", "doc_id", "score"]).to_csv("theirs/vmis.csv", index=False)
    write_params({"theirs": vouched(file=pinned("vmis"))}, [("ave", "theirs")])
    with pytest.raises(RecoreError, match=r"case 0 has 19 items, and `evaluate.cutoffs` asks for 20; write longer"):
        external.main(["demo", "theirs"])


def test_every_seed_needs_its_file():
    write_params({"theirs": with_seeds([0, 1, 2, 4])}, [("ave", "theirs")])
    external.main(["demo", "theirs"])
    with pytest.raises(
        RecoreError, match="theirs has ranks of 3 of 5 seeds, because its row has no file under seed 3;"
    ):
        significance.main(["demo"])
    write_params({"theirs": with_seeds([1, 2])}, [("ave", "theirs")])
    with pytest.raises(
        RecoreError, match=r"`variants.external.theirs.files` has none of seed 0; it has those of 1, 2$"
    ):
        external.main(["demo", "theirs"])


def test_the_same_file_under_two_seeds_is_one_run():
    row = with_seeds()
    row["files"][4] = row["files"][3]
    write_params({"theirs": row}, [("ave", "theirs")])
    with pytest.raises(RecoreError) as fault:
        params.load()
    key = "variants.external.theirs.files"
    assert str(fault.value) == (
        f"params.yaml: `{key}.3` and `{key}.4` both name sha256 {row['files'][3]['sha256']}, so one run would count "
        "twice; keep one"
    )


def test_the_same_ranks_in_two_files_are_one_run():
    pd.read_csv("theirs/trm_3.csv").sort_values("case").to_csv("theirs/trm_4.csv", index=False)
    write_params({"theirs": with_seeds()}, [("ave", "theirs")])
    external.main(["demo", "theirs"])
    with pytest.raises(RecoreError, match=r"identical ranks under seeds 3 and 4, .* give each the file of its own run"):
        significance.main(["demo"])


def lists_of(length: int, file: str) -> None:
    """The best items of a made-up model, whose target stands anywhere among the first 40."""
    cases = fake_grid.cases(200)
    random, rows = np.random.default_rng(1), []
    for case, target in enumerate(cases["target"]):
        items = random.choice(np.delete(np.arange(1, 301), target - 1), 40, replace=False)
        items[random.integers(0, 40)] = target
        rows += [(case, item, -place) for place, item in enumerate(items[:length])]
    pd.DataFrame(rows, columns=["q_id", "doc_id", "score"]).to_csv(f"theirs/{file}.csv", index=False)


def test_whether_a_row_has_seeds_is_what_it_says_whatever_lies_in_its_folder():
    """Ranks of a former row, which DVC has not made again yet, are not asked."""
    rows = {"many": with_seeds(), "one": vouched(file=pinned("vmis")), "kept": {"record": "old", "variant": "trm"}}
    groups = {"plain": {"trm": {}}, "hybrid": {}, "external": rows, "baselines": {"pop": {}}}
    expected = {"trm": True, "many": True, "one": False, "kept": True, "pop": False}
    assert has_seeds("demo", groups) == expected
    for name, seed in (("many", None), ("one", 0), ("kept", None)):
        paths.ranks("demo", name, seed).mkdir(parents=True)
    assert has_seeds("demo", groups) == expected | {"kept": False}


def test_ranks_of_a_row_that_has_changed_since_are_not_compared():
    """As after `dvc repro --single-item significance`, which does not run the stage that takes them."""
    rows = {"theirs": with_seeds(), "none": vouched(file=pinned("vmis"))}
    write_params(rows, [("theirs", "none")])
    for name in rows:
        external.main(["demo", name])
    significance.main(["demo"])
    said = "demo: the ranks of {} were taken when `variants.external.{}` or `evaluate.cutoffs` said something else; "
    swapped = with_seeds()
    swapped["files"] |= {3: pinned("trm_4"), 4: pinned("trm_3")}
    for changed, name in (
        ({"theirs": swapped}, "theirs"),
        ({"none": vouched(file=pinned("vmis") | {"path": "x"})}, "none"),
    ):
        write_params(rows | changed, [("theirs", "none")])
        with pytest.raises(RecoreError, match=said.format(name, name)):
            significance.main(["demo"])


def test_lists_are_not_asked_beyond_the_cutoff_that_they_were_taken_for():
    lists_of(20, "vmis")
    write_params({"theirs": vouched(file=pinned("vmis"))}, [("ave", "theirs")])
    external.main(["demo", "theirs"])
    tree = fake_grid.read_params()
    tree["evaluate"]["cutoffs"] = [20, 10, 5, 50]
    Path("params.yaml").write_text(yaml12.dump(tree))
    with pytest.raises(RecoreError, match="the ranks of theirs were taken when"):
        significance.main(["demo"])
    with pytest.raises(RecoreError, match=r"the list of case 0 has 20 items, and `evaluate.cutoffs` asks for 50"):
        external.main(["demo", "theirs"])


@pytest.mark.parametrize("lengths", [(20, 21), (21, 20), (20, 40)])
def test_one_run_is_one_run_in_lists_of_any_length(lengths):
    for seed, length in zip((3, 4), lengths, strict=True):
        lists_of(length, f"trm_{seed}")
    write_params({"theirs": with_seeds()}, [("ave", "theirs")])
    external.main(["demo", "theirs"])
    with pytest.raises(RecoreError, match="theirs has identical ranks under seeds 3 and 4, so one run"):
        significance.main(["demo"])


def test_of_lists_the_share_of_ties_is_unknown_and_what_is_shown_is_a_bound():
    """Of a list that a tie ends in, a target in that tie is worth the least that it can be."""
    cases = fake_grid.cases(200)
    rows = []
    for case, target in enumerate(cases["target"]):
        others = [item for item in range(1, 22) if item != target][:19]
        # One in five stands in place 19 or 20, where the list ends: level with that and with any of 280 others.
        scores = [-place for place in range(18)] + [-18, -18] if case % 5 == 0 else [-place for place in range(20)]
        rows += [(case, item, score) for item, score in zip([*others, target], scores, strict=True)]
    pd.DataFrame(rows, columns=["q_id", "doc_id", "score"]).to_csv("theirs/vmis.csv", index=False)
    write_params({"theirs": vouched(file=pinned("vmis")), "counts": with_seeds()}, [("theirs", "counts")])
    for name in ("theirs", "counts"):
        external.main(["demo", name])
    made = report()
    results = pd.read_csv(paths.METRICS / "results.csv").set_index(["variant", "metric"])
    # Two places of 282 are hits; at best the target has one.
    assert results.loc[("theirs", "recall@20"), "mean"] == pytest.approx(0.8 + 0.2 * 2 / 282)
    assert results.loc["theirs", "tie_share"].isna().all()
    assert results.loc["counts", "tie_share"].eq(0).all()
    notes = [line for line in made["table.md"].splitlines() if line.startswith("- ")]
    file = f"vmis.csv (SHA-256 {pinned('vmis')['sha256'][:8]})"
    assert (
        f"- theirs was not trained here: its ranks are those of another program, in {file}, as lists, which do not "
        "show every tie." in notes
    )
    assert (
        "- demo, theirs: ties move a metric by up to 20.00 points (shown is a lower bound of the expected value: of a "
        "tie that the end of a list cuts, the least)." in notes
    )
    assert sum(": ties move a metric" in note for note in notes) == 1


def test_a_seed_from_lists_leaves_the_share_of_ties_of_all_unknown():
    lists_of(21, "trm_3")
    write_params({"theirs": with_seeds()}, [("ave", "theirs")])
    external.main(["demo", "theirs"])
    report()
    results = pd.read_csv(paths.METRICS / "results.csv").set_index(["variant", "metric"])["tie_share"]
    assert results["theirs"].isna().all()
    assert results["ave"].drop(["coverage@20", "popularity@20"], errors="ignore").eq(0).all()


@pytest.mark.parametrize(
    "rows",
    [
        lambda: {"theirs": vouched(file=pinned("vmis")), "ours": vouched(file=pinned("vmis"))},
        lambda: {"theirs": with_seeds(), "ours": vouched(file=pinned("trm_2"))},
        lambda: {name: {"record": "old", "variant": "trm"} for name in ("theirs", "ours")},
    ],
)
def test_two_rows_of_one_run_are_refused(rows):
    write_params(rows(), [("theirs", "ours")])
    with pytest.raises(
        RecoreError,
        match=r"`variants.external.theirs[.\w]*` and `variants.external.ours[.\w]*` both name .*; keep one$",
    ):
        params.load()


def test_check_names_the_files_before_anything_is_trained(capsys):
    write_params({"theirs": with_seeds([0, 1]), "none": vouched(file=pinned("vmis"))}, [("ave", "none")])
    check.main([])
    said = capsys.readouterr().out
    assert "demo: theirs has ranks in theirs/trm_0.csv (seed 0), theirs/trm_1.csv (seed 1)\n" in said
    assert "demo: none has ranks in theirs/vmis.csv\n" in said


def test_looks_do_not_wait_for_what_has_no_seeds_and_stop_where_files_end():
    seeds = [*SEEDS, 5, 6, 7]
    for seed in (5, 6, 7):
        fake_grid.write_run("demo", "trm", seed)
    rows = {"theirs": with_seeds(), "none": vouched(file=pinned("vmis"))}
    write_params(rows, [("trm", "theirs"), ("trm", "none")], seeds=seeds, looks=[5, 8])
    for name in rows:
        external.main(["demo", name])
    significance.main(["demo"])
    experiment = standing.Experiment.load()
    assert [experiment.can_reach("demo", variant, 8) for variant in ("trm", "theirs", "none")] == [True, False, True]
    raw = standing.tested(experiment)
    assert raw is not None
    assert raw.groupby("b", sort=False)["n_seeds"].agg(list).to_dict() == {"theirs": [5], "none": [5, 8]}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"file": {"path": "a"}}, "`variants.external.theirs.test_hash` is missing"),
        ({"test_hash": "0" * 64}, "`variants.external.theirs.file` is missing"),
        ({}, "`variants.external.theirs.record` is missing"),
        ({"test_hash": "0" * 63, "file": {"path": "a"}}, "`variants.external.theirs.test_hash` is '000"),
        ({"test_hash": "0" * 64, "file": {}}, "`variants.external.theirs.file.path` is missing"),
        ({"test_hash": "0" * 64, "files": {}}, "`variants.external.theirs.files` is {}, but"),
        (
            {"test_hash": "0" * 64, "files": {1: {"paht": "a"}}},
            "`variants.external.theirs.files.1.paht` is not a known",
        ),
        ({"test_hash": "0" * 64, "files": {-1: {"path": "a"}}}, "`variants.external.theirs.files.-1"),
        (
            {"test_hash": "0" * 64, "file": {"path": "a"}, "files": {}},
            "`variants.external.theirs.file` is not a known",
        ),
    ],
)
def test_a_row_that_is_none_is_one_sentence(row, said):
    write_params({"theirs": row}, [("ave", "theirs")])
    with pytest.raises(RecoreError) as fault:
        params.load()
    assert said in str(fault.value)


def test_files_are_of_one_dataset():
    write_params({"theirs": with_seeds()}, [("ave", "theirs")], datasets=("demo", "tmall"))
    with pytest.raises(
        RecoreError, match=r"`variants.external.theirs` has files of one test set, but `datasets` names 2"
    ):
        params.load()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda: Path("theirs/vmis.csv").resolve(), "which is an absolute path, so no clone would have it"),
        (lambda: Path("../vmis.csv"), "which lies outside the repository, so no clone would have it"),
        (lambda: Path("theirs/../../vmis.csv"), "which lies outside the repository"),
        (lambda: Path("theirs/link.csv"), "which lies outside the repository"),
        (lambda: Path("data/vmis.csv"), "which git ignores, so no clone would have it"),
    ],
)
def test_a_record_takes_no_file_that_a_clone_would_not_have(tmp_path, monkeypatch, place, said):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("theirs", "data"):
        shutil.move(name, home)
    monkeypatch.chdir(home)
    git(home, "init", "--quiet")
    Path(".gitignore").write_text("/data\n")
    shutil.copy("theirs/vmis.csv", "data")
    shutil.copy("theirs/vmis.csv", "..")
    Path("theirs/link.csv").symlink_to(tmp_path / "vmis.csv")
    row = vouched(file=pinned("vmis") | {"path": str(place())})
    write_params({"theirs": row}, [("ave", "theirs")])
    external.main(["demo", "theirs"])
    with pytest.raises(RecoreError) as fault:
        take("x", Path("."), None)
    assert f"params.yaml: `variants.external.theirs` names {place()}, {said}" in str(fault.value)
    assert "commit the file, say in docs/results/x, and name it from the root of the repository" in str(fault.value)
    assert not Path("docs").exists()


def test_a_record_takes_a_file_that_git_carries_however_it_was_added(monkeypatch):
    git(Path(), "init", "--quiet")
    Path(".gitignore").write_text("/data\n*.csv\n")
    git(Path(), "add", "--force", "theirs/vmis.csv")
    write_params({"theirs": vouched(file=pinned("vmis"))}, [("ave", "theirs")])
    monkeypatch.setattr(records_take, "current", lambda checkout: [("demo", "ave", 0)])
    records_take.take("x", Path("."), None)
    assert Path("docs/results/x/cells.md").exists()
