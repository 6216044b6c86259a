"""Cells come into a record one by one, whole and of one commit, or not at all."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stages import fake_grid

from recore import RecoreError, costs, params, paths, yaml12
from recore.commands import cells
from recore.evaluation.on_record import sums
from recore.evaluation.on_record.files import load, saved
from recore.records import check, finish, restore, take
from recore.records import checkout as reading
from recore.records.page import verdicts
from recore.significance.plan import Plan
from recore.stages import aggregate, significance

VARIANTS = ("ave", "trm", "da", "hn", "dahn")
EVERY = [("tmall", variant, seed) for variant in VARIANTS for seed in range(5)]
MOST = EVERY[:-1]  # a record without its last cell still grows
OF_NOTHING = {"commands": {}, "params": {}, "sha256": {}}
BIG = Path("docs/results/big")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A checkout with every cell of five seeds."""
    folder = tmp_path_factory.mktemp("clone")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        fake_grid.write_grid(("tmall",))
        for variant in VARIANTS:
            for seed in range(5):
                (paths.ranks("tmall", variant, seed) / "inputs.json").write_text('{"params": {}, "sha256": {}}')
    return folder


@pytest.fixture
def checkout(template, tmp_path, monkeypatch):
    """A copy of it; the record is made in the folder beside it."""
    shutil.copytree(template, tmp_path / "clone")
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    offer(monkeypatch, MOST)
    return tmp_path / "clone"


def offer(monkeypatch, cells):
    monkeypatch.setattr(take, "current", lambda checkout: cells)


def collect(checkout: Path) -> None:
    take.main(["big", str(checkout)])


def test_a_record_grows(checkout, monkeypatch, capsys):
    offer(monkeypatch, [cell for cell in EVERY if cell[2] < 2])
    collect(checkout)
    page = Path("docs/results/big/cells.md").read_text()
    assert page.startswith("# big: 10 of 25 cells\n\nMade by commit 0123456. Still to be made of tmall: ave 2, 3, 4;")
    assert "there is no verdict" in page
    assert page.index("| ave ") < page.index("| trm ")
    offer(monkeypatch, [cell for cell in EVERY if cell[1] in ("ave", "trm", "da") or cell[2] < 2])
    collect(checkout)
    assert capsys.readouterr().out.splitlines() == [
        "10 cells taken over; docs/results/big has 10 of 25",
        "9 cells taken over; docs/results/big has 19 of 25",
    ]
    assert len(list(saved(BIG))) == 19


def test_a_verdict_is_that_of_the_stage(checkout, monkeypatch):
    collect(checkout)
    page = (BIG / "cells.md").read_text()
    assert "Still to be made of tmall: dahn 4." in page
    monkeypatch.chdir(checkout)
    significance.main(["tmall"])
    raw = pd.read_csv(paths.significance("tmall") / "comparisons.csv", keep_default_na=False, na_values=[""])
    row = raw[(raw["a"] == "ave") & (raw["metric"] == "recall@20")].iloc[0]
    assert row["p"] < 1e-4
    (line,) = [text for text in page.splitlines() if "| ave − trm" in text and "| Recall@20" in text]
    assert f"| −{-100 * row['delta']:.2f} " in line
    assert "▼ worse" in line


@pytest.mark.slow
def test_with_its_last_cell_a_record_is_what_the_checkout_publishes(checkout, monkeypatch):
    """From the ranks in the record and how often items were clicked, where the checkout has its whole split."""
    collect(checkout)
    (BIG / "notes.md").write_text("kept")
    offer(monkeypatch, EVERY)
    collect(checkout)
    with monkeypatch.context() as there:
        there.chdir(checkout)
        significance.main(["tmall"])
        aggregate.main([])
    for made in (checkout / "metrics").iterdir():
        if made.name not in ("summary.json", "table.tex"):
            assert (BIG / made.name).read_bytes() == made.read_bytes(), made.name
    for made in [*(checkout / "plots").glob("*.png"), *(checkout / "plots").glob("*.csv")]:
        assert (BIG / made.name).read_bytes() == made.read_bytes(), made.name
    about = json.loads((BIG / "provenance.json").read_text())
    assert (about["cells"], about["commit"], about["train_seconds"]) == (25, "0123456789abcdef", 225.0)
    assert (about["command"], about["machines"][0]["cells"]) == ("python -m recore cells", 25)
    assert "large" not in about
    assert (BIG / "notes.md").read_text() == "kept"
    assert not (BIG / "cells.md").exists()
    there = {file.relative_to(BIG).as_posix() for file in BIG.rglob("*") if file.is_file()}
    assert set(sums.read(BIG)) == there - {"notes.md", "SHA256SUMS"}
    assert not list(sums.faults(BIG))
    (BIG / "provenance.json").write_text(json.dumps(about | {"wall_seconds": 5.0}))
    collect(checkout)  # has nothing new, and does not know how long it took
    assert json.loads((BIG / "provenance.json").read_text())["wall_seconds"] == 5.0


OWN = {"notes.md": "mine", "grid.csv": "a,b\n1,2\n", "old/figure.png": "png", "old/report.html": "<p>", "x.json": "{}"}


def test_what_people_put_beside_a_record_stays(checkout, monkeypatch):
    """Tables, figures and JSON of their own too: only what SHA256SUMS lists was written here."""
    offer(monkeypatch, EVERY[:1])
    collect(checkout)
    for name, text in OWN.items():
        (BIG / name).parent.mkdir(exist_ok=True)
        (BIG / name).write_text(text)
    offer(monkeypatch, EVERY[:2])
    collect(checkout)
    take.take("big", checkout, None, afresh=True)
    assert {name: (BIG / name).read_text() for name in OWN} == OWN
    assert not set(OWN) & set(sums.read(BIG))
    assert [right for _, _, right in check.checked(BIG) if not right] == []


@pytest.mark.parametrize("afresh", [False, True])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cells.md", r"cells\.md is not in SHA256SUMS, and the record writes that name; rename it"),
        ("ranks/tmall/mine.csv", r"mine\.csv is not in SHA256SUMS; remove it, or restore both from git"),
    ],
)
def test_a_file_that_is_not_the_records_is_never_written_over(checkout, monkeypatch, name, said, afresh):
    offer(monkeypatch, EVERY[:1])
    collect(checkout)
    listed = [BIG / other for other in sums.read(BIG) if other != name]
    (BIG / name).write_text("mine")
    sums.write(BIG, listed)
    before = {file: file.read_bytes() for file in BIG.rglob("*") if file.is_file()}
    offer(monkeypatch, EVERY[:2])
    with pytest.raises(RecoreError, match=said):
        take.take("big", checkout, None, afresh=afresh)
    assert {file: file.read_bytes() for file in BIG.rglob("*") if file.is_file()} == before


def test_a_large_record_says_why(checkout, monkeypatch):
    monkeypatch.setattr(finish, "LIMIT", 30_000)
    with pytest.raises(RecoreError, match=r"the record would have 0\.\d MB, .* say why with `--large`"):
        collect(checkout)
    assert not BIG.exists()
    take.main(["big", str(checkout), "--large", "it is the whole set"])
    assert (BIG / "cells.md").exists()


def test_another_split_is_another_record(checkout, monkeypatch):
    offer(monkeypatch, EVERY[:1])
    collect(checkout)
    offer(monkeypatch, EVERY[:2])
    train = paths.split("tmall") / "train.items.npy"
    items = np.load(checkout / train)
    np.save(checkout / train, items[::-1] % 7 + 1)
    with pytest.raises(RecoreError, match=r"is not the split that .*tmall was made of; put it on record under another"):
        collect(checkout)
    assert len(list(saved(BIG))) == 1


def test_a_comparison_that_is_not_made_yet_counts_in_the_family(checkout, monkeypatch):
    offer(monkeypatch, [("tmall", v, s) for v in ("ave", "trm") for s in range(5)])
    collect(checkout)
    page = Path("docs/results/big/cells.md").read_text()
    lines = [text for text in page.splitlines() if "− trm" in text and "| MRR@20" in text]
    assert len(lines) == 4
    cells = [load(Path("docs/results/big"), *cell) for cell in saved(Path("docs/results/big"))]
    given = params.load(Path("docs/results/big/params.yaml"))
    table = verdicts(given, cells, ["mrr@20"])
    assert table["m"].tolist() == [6] * 6
    alone = table[table["a"] == "ave"].iloc[0]
    if alone["effective_sessions"] >= Plan.of(given.at("significance")).fewest:
        assert alone["p_holm"] == pytest.approx(min(6 * alone["p"], 1))


@pytest.fixture
def with_baselines(checkout, monkeypatch):
    """The same checkout with two baselines and comparisons with one of them, every cell of it up to date."""
    tree = yaml12.read(checkout / "params.yaml")
    tree["variants"] |= {"baselines": {"pop": {}, "vmis": {"tune": {"k": [100, 500]}}}}
    tree["significance"]["comparisons"] += [["trm", "vmis"], ["vmis", "pop"]]
    (checkout / "params.yaml").write_text(yaml12.dump(tree))
    with monkeypatch.context() as there:
        there.chdir(checkout)
        for variant in ("pop", "vmis"):
            fake_grid.write_run("tmall", variant, None)
            (paths.ranks("tmall", variant, None) / "inputs.json").write_text('{"params": {}, "sha256": {}}')
    offer(monkeypatch, [*EVERY, ("tmall", "vmis", None)])
    return checkout


@pytest.mark.slow
def test_a_baseline_is_a_cell_without_a_seed(with_baselines, monkeypatch):
    collect(with_baselines)
    page = (BIG / "cells.md").read_text()
    assert page.startswith("# big: 26 of 27 cells\n\nMade by commit 0123456. Still to be made of tmall: pop.")
    (line,) = [
        line for line in page.splitlines() if line.startswith("| tmall") and "| vmis " in line and "−" not in line
    ]
    assert line.split("|")[-2].strip() == "none"
    given = params.load(BIG / "params.yaml")
    table = verdicts(given, [load(BIG, *cell) for cell in saved(BIG)], ["mrr@20"]).set_index(["a", "b"])
    assert table.loc[("trm", "vmis"), "n_seeds"] == 5
    assert table.loc[("vmis", "pop"), "level"] == "n/a"

    offer(monkeypatch, [*EVERY, ("tmall", "vmis", None), ("tmall", "pop", None)])
    collect(with_baselines)
    about = json.loads((BIG / "provenance.json").read_text())
    assert (about["cells"], [made["cells"] for made in about["machines"]]) == (27, [25, 2])
    assert about["train_seconds"] == 225.0 + 2 * 3.5
    assert {"contributions.csv", "contributions.png"} <= {file.name for file in BIG.iterdir()}
    assert "tmall,vmis,," in (BIG / "runs.csv").read_text()
    with monkeypatch.context() as there:
        there.chdir(with_baselines)
        with fake_grid.unrendered():
            significance.main(["tmall"])
            aggregate.main([])
    for name in ("runs.csv", "comparisons.csv", "contributions.csv", "table.md"):
        assert (BIG / name).read_bytes() == (with_baselines / "metrics" / name).read_bytes(), name
    assert [right for _, _, right in check.checked(BIG) if not right] == []


def test_a_baseline_goes_back_into_a_clone_and_is_up_to_date_there(with_baselines, tmp_path, monkeypatch):
    offer(monkeypatch, [*MOST, ("tmall", "vmis", None)])
    collect(with_baselines)
    before = {file: file.read_bytes() for file in BIG.rglob("*") if file.is_file()}
    clone = tmp_path / "other"
    shutil.copytree(with_baselines / paths.split("tmall"), clone / paths.split("tmall"))
    (clone / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.setattr(restore, "head", lambda clone: "0123456789abcdef")
    restore.main(["big", "--to", str(clone)])
    with monkeypatch.context() as there:
        there.chdir(clone)
        assert cells.outdated(cells.Cell("tmall", "vmis", None, (), (), ()), OF_NOTHING) == ""
    collect(clone)
    assert {file: file.read_bytes() for file in BIG.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ({"dirty": True}, "tmall vmis none was not made by a clean commit"),
        (None, "what tmall vmis none cost is unknown, as when DVC has restored it"),
        ({"commit": "fedcba"}, "the cells were made by 2 commits"),
    ],
)
def test_where_a_baseline_was_made_must_be_known_and_the_place_of_the_others(with_baselines, cost, said):
    record = with_baselines / paths.record("tmall", "vmis", None)
    costs.write(record, costs.read(record) | cost) if cost else (record / "cost.json").unlink()
    with pytest.raises(RecoreError, match=said):
        collect(with_baselines)
    assert not BIG.exists()


@pytest.mark.parametrize(
    ("variant", "changed", "said"),
    [
        ("vmis", {"settings": fake_grid.VMIS.model_dump() | {"k": 200}}, "`k` 200, but by the .* it is 100 or 500;"),
        ("vmis", {"settings": fake_grid.VMIS.model_dump() | {"m": 500}}, "`m` 500, but by the .* it is 1000; restore"),
        ("vmis", {"settings": {"k": 500}}, "with `clicks` left out, but by .*src/recore/baselines/vmis.py it is 50;"),
        ("vmis", {"tuned": []}, "says that it tuned nothing, but the record's params.yaml tunes k; restore"),
        ("pop", {"settings": {"k": 1}}, "`k` 1, but by the record's params.yaml and .*pop.py it is no setting;"),
        ("pop", {"tuned": ["k"]}, "says that it tuned k, but the record's params.yaml tunes nothing; restore"),
        ("pop", {"settings": None}, r"its files do not fit together \(AttributeError"),
    ],
)
def test_the_settings_of_a_baseline_are_those_of_params(with_baselines, monkeypatch, variant, changed, said):
    """Of one that is not tuned too, which no table shows."""
    offer(monkeypatch, [("tmall", "vmis", None), ("tmall", "pop", None), *EVERY[:2]])
    collect(with_baselines)
    assert [right for _, _, right in check.checked(BIG) if not right] == []
    file = BIG / f"ranks/tmall/{variant}/none.json"
    about = json.loads(file.read_text())
    file.write_text(json.dumps(about | {"record": about["record"] | changed}))
    listed()
    (fault,) = [text for _, text, right in check.checked(BIG) if not right]
    assert re.search(said, fault)


def listed() -> None:
    """The hashes of the record's files as they are now."""
    sums.write(BIG, [BIG / name for name in sums.read(BIG)])


WHAT = {
    "cutoff": 20,
    "coverage": 0.5,
    "popularity": 1.25,
}  # of 300 items, 60 of which were clicked twice, the rest once


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"coverage": 1.5}, r"on 1.5 of 300 items, but \d+ lists of 20 are on 20 to 300 of them"),
        ({"coverage": 0.06}, r"on 0.06 of 300 items, but"),
        ({"coverage": 0.501}, r"on 0.501 of 300 items, but"),
        ({"popularity": 2.1}, r"said to have 2.1 clicks in the mean, but lists of 20 of its items have 1 to 2;"),
        ({"popularity": 0.9}, r"said to have 0.9 clicks in the mean, but"),
        ({"popularity": -1.0}, r"the popularity of what it recommends is -1.0 clicks"),
        ({"cutoff": 10}, r"recommended lists of 10 items, but the first of `evaluate.cutoffs` in .* is 20"),
        ({"cutoff": 0}, r"its lists are of 0 items, which is no cutoff"),
        ({"cutoff": None}, r"its lists are of None items, which is no cutoff"),
        ({"coverage": "0.5"}, r"TypeError"),
    ],
)
def test_what_is_recommended_is_possible(checkout, monkeypatch, changed, said):
    """In the checkout that a cell is taken from, and in a record that still grows."""
    offer(monkeypatch, EVERY[:1])
    meta = checkout / paths.ranks(*EVERY[0]) / "meta.json"
    own = json.loads(meta.read_text())
    meta.write_text(json.dumps(own | {"recommended": WHAT | changed}))
    with pytest.raises(RecoreError, match=said):
        collect(checkout)
    assert not BIG.exists()
    meta.write_text(json.dumps(own | {"recommended": WHAT}))
    collect(checkout)
    file = BIG / "ranks/tmall/ave/0.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"recommended": WHAT | changed}))
    listed()
    (fault,) = [text for _, text, right in check.checked(BIG) if not right]
    assert re.search(said, fault)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("torn", r"tmall trm 2 in .* is not whole \(ArrowInvalid"),
        ("test", "its ranks are not of the test set that the split has"),
        ("another test", "its ranks are not of the test set that the split has"),
        ("items", "its ranks are not of the test set that the split has"),
        ("types", "which stage evaluate does not write"),
        ("twice", "tmall: trm has identical ranks under seeds 2 and 3, so one run would count twice"),
        ("curve", "its training curve is not that of its record"),
        ("json", r"tmall trm 2 in .* is not whole \(JSONDecodeError"),
        ("key", r"is not whole \(KeyError: 'epochs'\)"),
        ("name", "its ranks name tmall trm 3"),
        ("counts", "its counts are not of a catalogue of 300 items"),
        ("dirty", "was not made by a clean commit"),
        (
            "no cost",
            "what tmall trm 2 cost is unknown, as when DVC has restored it; make the cell again",
        ),
        ("loss", "its training curve has a loss that is no number"),
        ("commit", "the cells were made by 2 commits"),
    ],
)
def test_what_is_not_right_is_named_and_nothing_is_written(checkout, spoil, said):
    ranks, record = (checkout / of("tmall", "trm", 2) for of in (paths.ranks, paths.record))
    file = ranks / "cases.parquet"
    if spoil == "torn":
        file.write_bytes(file.read_bytes()[:-100])
    elif spoil == "loss":
        history = pd.read_csv(record / "history.csv")
        history.assign(loss=np.nan).to_csv(record / "history.csv", index=False)
    elif spoil == "no cost":
        (record / "cost.json").unlink()
    elif spoil in ("test", "counts"):
        table = pd.read_parquet(file)
        column = {"test": "target", "counts": "above"}[spoil]
        table.loc[3, column] = {"test": 299, "counts": 300}[spoil]
        table.to_parquet(file, index=False)
    elif spoil in ("another test", "items"):
        meta = json.loads((ranks / "meta.json").read_text())
        if spoil == "items":
            meta["n_items"] = 3000
        else:
            table = pd.read_parquet(file)
            table["target"] = table["target"] % 200 + 1
            table.to_parquet(file, index=False)
            columns = ("session", "position", "target")
            meta["test_hash"] = hashlib.sha256(
                b"".join(table[c].to_numpy("<i8").tobytes() for c in columns)
            ).hexdigest()
        (ranks / "meta.json").write_text(json.dumps(meta))
    elif spoil == "types":
        table = pd.read_parquet(file)
        table.astype({"above": float}).to_parquet(file, index=False)
    elif spoil == "twice":
        file.write_bytes((checkout / paths.ranks("tmall", "trm", 3) / "cases.parquet").read_bytes())
    elif spoil == "curve":
        (record / "history.csv").write_text("".join((record / "history.csv").read_text().splitlines(True)[:-1]))
    elif spoil == "json":
        (record / "record.json").write_text("{")
    elif spoil == "key":
        about = json.loads((record / "record.json").read_text())
        (record / "record.json").write_text(json.dumps({key: about[key] for key in about if key != "epochs"}))
    elif spoil == "name":
        other = (checkout / paths.ranks("tmall", "trm", 3) / "meta.json").read_text()
        (ranks / "meta.json").write_text(other)
    else:
        costs.write(record, costs.read(record) | ({"dirty": True} if spoil == "dirty" else {"commit": "fedcba"}))
    with pytest.raises(RecoreError, match=said):
        collect(checkout)
    assert not Path("docs").exists()


def test_another_params_yaml_is_another_record(checkout):
    collect(checkout)
    before = hashlib.sha256(Path("docs/results/big/params.yaml").read_bytes()).hexdigest()
    theirs = checkout / "params.yaml"
    theirs.write_text(theirs.read_text().replace("hard_neg_k: 5", "hard_neg_k: 7"))
    with pytest.raises(RecoreError, match="a record has one, so put it on record under another name"):
        collect(checkout)
    assert hashlib.sha256(Path("docs/results/big/params.yaml").read_bytes()).hexdigest() == before


def test_a_finished_record_without_ranks_is_replaced_by_a_whole_one_alone(checkout):
    BIG.mkdir(parents=True)
    shutil.copy(checkout / "params.yaml", BIG)
    (BIG / "provenance.json").write_text("{}")
    with pytest.raises(RecoreError, match=r"big is finished, and .* has 24 of its 25 cells; let it make the others"):
        collect(checkout)
    assert {file.name for file in BIG.iterdir()} == {"params.yaml", "provenance.json"}


def test_a_checkout_without_a_finished_cell_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((fake_grid.ROOT / "params.yaml").read_text())
    Path("dvc.yaml").write_text((fake_grid.ROOT / "dvc.yaml").read_text())
    with pytest.raises(RecoreError, match=r"is no checkout of this project: it has no src/recore"):
        reading.current(tmp_path)
    (tmp_path / "src").symlink_to(fake_grid.ROOT / "src")
    inputs = paths.ranks("demo", "trm", 1) / "inputs.json"
    inputs.parent.mkdir(parents=True)
    inputs.write_text("{}")
    with pytest.raises(RecoreError, match="has no cell that is up to date: recore: data/split/demo does not exist"):
        reading.current(tmp_path)


def test_what_holding_the_gate_changes_goes_on_record(checkout):
    rows = [{"group": "2", "cases": 7, "cosine": 0.9, "mrr": 0.3, "global": -0.01, "recent": 0.02, "mean": 0.0}]
    held = {"cutoff": 20, "mean": 0.4, "rows": rows}
    meta = checkout / paths.ranks("tmall", "da", 0) / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"held": held}))
    collect(checkout)
    cell = load(BIG, "tmall", "da", 0)
    assert (cell.held, cell.listed) == (held, False)


def as_older_code_left_it(record: Path) -> None:
    """What it cost stood in record.json and, by epoch, in history.csv."""
    about, cost = json.loads((record / "record.json").read_text()), costs.read(record)
    (record / "record.json").write_text(json.dumps(about | cost))
    pd.read_csv(record / "history.csv").assign(train_seconds=1.5).to_csv(record / "history.csv", index=False)
    (record / "cost.json").unlink()


def test_cells_of_dvc_do_not_go_back_into_a_clone(checkout, tmp_path, monkeypatch):
    """Nothing there could tell what they were made of."""
    for file in (checkout / "data/ranks/tmall/da").glob("*/inputs.json"):
        file.unlink()
    collect(checkout)
    clone = tmp_path / "other"
    clone.mkdir()
    (clone / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.setattr(restore, "head", lambda clone: "0123456789abcdef")
    with pytest.raises(RecoreError, match=r"^tmall da 0 was made by DVC, so nothing here can tell what it was made of"):
        restore.main(["big", "--to", str(clone)])


@pytest.mark.parametrize("older", [False, True])
def test_a_record_goes_back_into_a_clone_and_comes_out_the_same(checkout, tmp_path, monkeypatch, capsys, older):
    if older:
        for folder in (checkout / "data/records/tmall").glob("*/*"):
            as_older_code_left_it(folder)
    collect(checkout)
    folder = BIG
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    clone = tmp_path / "other"
    clone.mkdir()
    with pytest.raises(RecoreError, match="is no checkout of this project"):
        restore.main(["big", "--to", str(clone)])
    (clone / "dvc.yaml").write_text("stages: {}\n")
    shutil.copytree(checkout / paths.split("tmall"), clone / paths.split("tmall"))
    with pytest.raises(RecoreError, match="`git rev-parse HEAD` failed in "):
        restore.main(["big", "--to", str(clone)])
    monkeypatch.setattr(restore, "head", lambda clone: "0123456789abcdef")
    kept = clone / paths.ranks("tmall", "ave", 0)
    kept.mkdir(parents=True)
    restore.main(["big", "--to", str(clone)])
    assert list(kept.iterdir()) == []  # what is there is not touched
    with monkeypatch.context() as there:
        there.chdir(clone)
        assert cells.outdated(cells.Cell("tmall", "trm", 2, (), (), ()), OF_NOTHING) == ""
        assert costs.read(paths.record("tmall", "trm", 2))["commit"] == "0123456789abcdef"
    offer(monkeypatch, [cell for cell in MOST if cell[1:] != ("ave", 0)])
    collect(clone)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    said = capsys.readouterr().out.splitlines()
    assert said[1] == f"23 cells put into {clone}"
    assert said[2].startswith("0 cells taken over")
    with pytest.raises(RecoreError, match="holds no cell"):
        restore.main(["nothing", "--to", str(clone)])
