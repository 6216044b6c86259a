"""A record says what follows from its ranks, and a byte of it that was changed is found."""

import json
import shutil
from pathlib import Path

import pytest
from builders import published_params
from stages import fake_grid

from recore import RecoreError, params, paths
from recore.evaluation.on_record import sums
from recore.records import check, finish, report, tables, take

RESULTS = Path(__file__).parents[2] / "docs/results"
VARIANTS = {"plain": {"trm": {}, "da": {}}, "hybrid": {}}
CELLS = [("shop", variant, seed) for variant in ("trm", "da") for seed in range(5)]
TINY = Path("docs/results/tiny")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A finished record of two variants in its docs/results."""
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as monkeypatch:
        checkout = folder / "clone"
        checkout.mkdir()
        monkeypatch.chdir(checkout)
        source = published_params()
        significance = source["significance"] | {"comparisons": [["da", "trm"]]}
        sources = source["sources"] | {"shop": source["sources"]["demo"]}
        fake_grid.write_grid(("shop",), variants=VARIANTS, significance=significance, sources=sources)
        monkeypatch.chdir(folder)
        given = params.load(checkout / "params.yaml")
        for cell in CELLS:  # as `recore cells` leaves it
            made_with = {key: given.at(key) for key in ("train", f"variants.plain.{cell[1]}")}
            inputs = {"params": made_with, "sha256": {}}
            (checkout / paths.ranks(*cell) / "inputs.json").write_text(json.dumps(inputs))
        monkeypatch.setattr(take, "current", lambda checkout: CELLS)
        take.main(["tiny", str(checkout)])
    return folder


@pytest.fixture
def record(template, tmp_path, monkeypatch):
    shutil.copytree(template / "docs", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    return TINY


def change_a_byte(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def faults(capsys) -> list[str]:
    with pytest.raises(RecoreError) as raised:
        check.main(["tiny"])
    capsys.readouterr()
    return str(raised.value).splitlines()


def test_a_record_comes_out_the_same(record, capsys):
    """Without data/, from a copy of docs/results alone."""
    before = {file: file.read_bytes() for file in record.rglob("*") if file.is_file()}
    check.main(["tiny"])
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [
        "tiny: ranks: 10 of 10 cells, all as they were recorded",
        "tiny: provenance.json: the same",
    ]
    published = {file.name for file in record.iterdir()} - {"params.yaml", "provenance.json", "ranks", sums.NAME}
    assert said[2:] == [f"tiny: {line.split()[1]} the same, byte for byte" for line in said[2:]]
    assert {line.split()[1].strip(":") for line in said[2:]} == published
    assert {file: file.read_bytes() for file in record.rglob("*") if file.is_file()} == before


def test_a_table_that_does_not_follow_is_named_by_row_and_column(record, capsys):
    """With its hash set right again: what follows from the ranks is another thing than what was written."""
    for name, old, new in (
        ("comparisons.csv", ",0.95,", ",0.96,"),
        ("table.md", "points", "pints"),
        ("provenance.json", '"cells": 10,', '"cells": 11,'),
    ):
        file = record / name
        text = file.read_text()
        if old not in text:  # any number of the first row
            row = text.splitlines()[1].split(",")
            at = next(i for i, value in enumerate(row) if "." in value and value[-1] > "0")
            old, new = row[at], row[at][:5] + "77"
        file.write_text(text.replace(old, new, 1))
    (record / "forest.png").unlink()
    sums.write(record, [record / name for name in sums.read(record) if name != "forest.png"])
    found = faults(capsys)
    assert found[0] == "4 files are not what they should be"
    assert "provenance.json: cells is 11, but 10 comes out" in found[1]
    assert any("comparisons.csv: line 2 (shop, da, trm, " in line and ", column " in line for line in found)
    assert any(("table.md: line " in line and "'pints" in line) or "pints" in line for line in found)
    assert any("forest.png: is missing, but comes out" in line for line in found)


FILES = [
    "params.yaml",
    "provenance.json",
    "ranks/shop/test.parquet",
    "ranks/shop/items.parquet",
    "ranks/shop/stats.json",
]
FILES += [f"ranks/shop/trm/3.{kind}" for kind in ("parquet", "json", "csv")]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("at", [0, -2])
def test_a_byte_that_was_changed_is_found(record, capsys, name, at):
    change_a_byte(record / name, at)
    expected = f"recore: {record / name}: is not the file that was recorded; restore it from git"
    assert faults(capsys) == ["1 files are not what they should be", expected]


def test_what_is_missing_or_was_added_to_the_ranks_is_found(record, capsys):
    (record / "ranks/shop/da/2.csv").unlink()
    shutil.copy(record / "ranks/shop/da/1.csv", record / "ranks/shop/da/9.csv")
    assert [line.partition(": ")[2] for line in faults(capsys)[1:]] == [
        f"{record / 'ranks/shop/da/2.csv'}: is missing; restore it from git",
        f"{record / 'ranks/shop/da/9.csv'}: is not in SHA256SUMS; remove it",
    ]


def test_ranks_that_no_hash_speaks_for_are_held_against_each_other(record, capsys):
    """Whoever changes ranks and the sums has changed the hash in the run's description, and every table."""
    shutil.copy(record / "ranks/shop/trm/3.parquet", record / "ranks/shop/trm/2.parquet")
    sums.write(record, [record / name for name in sums.read(record)])
    (line,) = faults(capsys)[1:]
    assert "trm/2.parquet is not the file that was recorded" in line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("provenance.json", "[]", "its files do not fit together (TypeError: "),
        (
            "ranks/shop/stats.json",
            "{}",
            f"{TINY}/ranks/shop/stats.json is torn or not what was written there (KeyError: ",
        ),
    ],
)
def test_files_that_do_not_fit_together_are_told(record, capsys, name, content, said):
    (record / name).write_text(content)
    sums.write(record, [record / name for name in sums.read(record)])
    (line,) = faults(capsys)[1:]
    assert line.startswith(f"recore: {record}: {said}")


def drawn_by(record: Path, versions: dict[str, str] | None) -> None:
    about = json.loads((record / "provenance.json").read_text())
    (record / "provenance.json").write_text(json.dumps(about | {"versions": versions}))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.slow
@pytest.mark.parametrize(("versions", "named"), [({"matplotlib": "1.0"}, "1.0"), (None, "of an unknown version")])
def test_figures_of_another_matplotlib_are_not_compared(record, capsys, versions, named):
    drawn_by(record, versions)
    change_a_byte(record / "forest.png", 200)
    change_a_byte(record / "gate.png", 200)
    sums.write(record, [record / name for name in sums.read(record)])
    check.main(["tiny"])
    said = capsys.readouterr().out
    drawn = f"since Matplotlib {named} drew it, and {tables.version('matplotlib')} is installed here"
    assert f"tiny: forest.png: not compared, {drawn}; its numbers, forest.csv, are\n" in said


def test_another_figure_is_found(record, capsys):
    shutil.copy(record / "gate.png", record / "forest.png")
    sums.write(record, [record / name for name in sums.read(record)])
    (line,) = faults(capsys)[1:]
    assert line == f"recore: {record}/forest.png: is not what is made of the ranks here"


def test_the_report_is_not_kept_and_is_written_when_asked_for(record, capsys):
    assert not (record / "report.html").exists()
    report.main(["tiny", "first.html"])
    assert capsys.readouterr().out == f"first.html is the report of {record}\n"
    report.main(["tiny", "second.html"])
    first, second = Path("first.html").read_text(), Path("second.html").read_text()
    assert first == second
    assert 'src="data:image/png;base64,' in first
    assert "da − trm" in first


def test_a_record_that_grows_has_no_report(record):
    (record / "provenance.json").unlink()
    with pytest.raises(RecoreError, match=r"provenance\.json does not exist; a record has one when it is finished"):
        report.main(["tiny", "report.html"])
    assert not Path("report.html").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "batch_size: 2048",
            "batch_size: 1024",
            "da 0 was made with `train.batch_size` 2048, but in the record's params.yaml it is 1024",
        ),
        (
            "trm: {}",
            "trm: {layers: 3}",
            "trm 0 was made with `variants.plain.trm.layers` left out, but in the record's params.yaml it is 3",
        ),
    ],
)
def test_params_that_the_cells_were_not_made_with_are_found(record, capsys, old, new, said):
    edit(record / "params.yaml", old, new)
    sums.write(record, [record / name for name in sums.read(record)])
    (line,) = faults(capsys)[1:]
    assert line == f"recore: {record}: shop {said}; restore that from git"


def test_a_record_without_cells_is_none(record, capsys):
    shutil.rmtree(record / "ranks/shop")
    sums.write(record, [record / name for name in sums.read(record) if not name.startswith("ranks/")])
    assert faults(capsys)[1:] == [f"recore: {record}: {record}/ranks holds no cell; restore it from git"]


def test_a_folder_in_place_of_a_table_is_told(record, capsys):
    (record / "table.md").unlink()
    (record / "table.md").mkdir()
    assert [line.partition(": ")[2] for line in faults(capsys)[1:]] == [
        f"{record}/table.md: is missing; restore it from git",
        f"{record}/table.md: is missing, but comes out",
    ]


def test_a_record_that_is_not_there_does_not_stop_the_check_of_the_next(record, capsys):
    with pytest.raises(RecoreError, match=r"^1 files are not .*\nrecore: docs/results/none: .* does not exist; name a"):
        check.main(["none", "tiny"])
    assert "tiny: table.md: the same, byte for byte" in capsys.readouterr().out


def test_files_of_people_are_no_part_of_a_record(record, capsys):
    (record / "mine.csv").write_text("a,b\n")
    check.main(["tiny"])
    assert "mine.csv" not in capsys.readouterr().out
    for name in sums.read(record):
        (record / name).unlink() if name != "params.yaml" else None
    shutil.rmtree(record / "ranks")
    (record / sums.NAME).unlink()
    check.main(["tiny"])
    assert capsys.readouterr().out == "tiny: params.yaml: has not been run yet\n"


@pytest.mark.slow
def test_the_tables_are_made_again(record, capsys):
    (record / "results.csv").write_text("of older code\n")
    finish.main(["tiny"])
    assert not list(sums.faults(record))
    check.main(["tiny"])


def test_hashes_that_are_no_text_are_told(record, capsys):
    (record / sums.NAME).write_bytes(b"\xff\n")
    (line,) = faults(capsys)[1:]
    assert line.startswith(f"recore: {TINY}: {TINY / sums.NAME} is torn or not what was written there (UnicodeDecode")


def test_tables_are_made_of_the_runs_in_the_order_of_params(record, monkeypatch):
    """As the check makes them: provenance.json has the machines in that order."""
    made_of = []
    monkeypatch.setattr(finish, "whole", lambda out, given, cells, *_: made_of.extend(cells))
    finish.main(["tiny"])
    assert [(cell.dataset, cell.variant, cell.seed) for cell in made_of] == CELLS


def test_where_no_record_is_nothing_is_said_to_be_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecoreError, match=r"^docs/results holds no record here; run from the root of the repository$"):
        check.main([])


@pytest.mark.parametrize("lost", [["ranks", "provenance.json"], ["params.yaml"]])
def test_a_record_that_lost_what_decides_is_no_new_one(record, capsys, lost):
    for name in lost:
        (shutil.rmtree if name == "ranks" else Path.unlink)(record / name)
    with pytest.raises(RecoreError):
        check.main([])


def test_tables_beside_a_record_that_grows_are_a_fault(record, capsys):
    (record / "provenance.json").unlink()
    listed = [record / name for name in sums.read(record) if name != "provenance.json"]
    sums.write(record, listed)
    with pytest.raises(RecoreError, match=r"table\.md: has no place in a record that grows"):
        check.main(["tiny"])


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc", " "])
def test_a_path_is_no_name_of_a_record(record, name):
    before = sorted(record.parent.rglob("*"))
    for command in (take, finish, check):
        with pytest.raises(RecoreError, match="is no name of a record"):
            command.main([name, "."] if command is take else [name])
    assert sorted(record.parent.rglob("*")) == before
