"""A file that an earlier stage made and something else tore: one sentence that names it, whichever stage reads it."""

from pathlib import Path

import pytest

from recore import RecoreError, paths
from recore.data.sessions import Sessions
from recore.evaluation.tables import read_tables
from recore.stages import aggregate, evaluate, significance, train

from . import fake_grid

RANKS, RECORD, TESTS = paths.ranks("demo", "da", 1), paths.record("demo", "da", 1), paths.significance("demo")


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """A grid with its tests made, at two looks."""
    folder = tmp_path_factory.mktemp("torn")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        fake_grid.write_grid(
            seeds=range(6), variants={"plain": {"da": {}, "trm": {}}, "hybrid": {}}, significance=_one_comparison()
        )
        significance.main(["demo"])
    return folder


def _one_comparison():
    return fake_grid.published_params()["significance"] | {"comparisons": [["da", "trm"]], "looks": [5, 6]}


def lose_the_end(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: 2 * file.stat().st_size // 3])


def lose_a_line(file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("stage", "file", "tear"),
    [
        (lambda: significance.main(["demo"]), RANKS / "cases.parquet", lose_the_end),
        (lambda: significance.main(["demo"]), RANKS / "meta.json", lose_the_end),
        (lambda: significance.main(["demo"]), paths.split("demo") / "train.items.npy", lose_the_end),
        (lambda: aggregate.main([]), RECORD / "record.json", lose_the_end),
        (lambda: aggregate.main([]), RECORD / "history.csv", lose_the_end),
        (lambda: aggregate.main([]), RECORD / "history.csv", lose_a_line),
        (lambda: aggregate.main([]), TESTS / "made.json", lose_the_end),
        (lambda: aggregate.main([]), TESTS / "sessions.parquet", lose_the_end),
        (lambda: aggregate.main([]), paths.split("demo") / "stats.json", lose_the_end),
    ],
)
def test_a_torn_file_is_named(tested, monkeypatch, stage, file, tear):
    monkeypatch.chdir(tested)
    whole = file.read_bytes()
    try:
        tear(file)
        with pytest.raises(RecoreError, match=rf"^{file} is torn or not what was written there \("):
            stage()
    finally:
        file.write_bytes(whole)
    assert not Path("metrics").exists()


@pytest.mark.parametrize("name", ["comparisons.csv", "runs.csv", "groups.csv"])
def test_a_torn_table_of_tests_is_named_wherever_it_breaks_off(tested, monkeypatch, name):
    """Between two lines too: a family with fewer tests would have other p, a mean over fewer runs another value."""
    monkeypatch.chdir(tested)
    file = TESTS / name
    whole = file.read_bytes()
    try:
        lines = whole.splitlines(keepends=True)
        torn = [whole[:-1], whole[:-50], whole[: len(whole) // 2], b""]
        for part in torn + [b"".join(lines[:count]) for count in range(1, len(lines))]:
            file.write_bytes(part)
            with pytest.raises(RecoreError, match=rf"^{file} is torn"):
                read_tables(["demo"], name)
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize("part", ["items", "offsets", "sessions", "times"])
@pytest.mark.parametrize("mmap", [True, False])
def test_a_torn_array_is_named(tmp_path, part, mmap):
    fake_grid.write_split(tmp_path)
    folder = paths.split(tmp_path)
    lose_the_end(folder / f"train.{part}.npy")
    with pytest.raises(RecoreError, match=rf"train\.{part}\.npy is torn"):
        Sessions.load(folder, "train", mmap=mmap)


def test_torn_weights_and_statistics_are_named(tested, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_params(seeds=[1])
    fake_grid.write_split("demo")
    statistics, weights = paths.split("demo") / "stats.json", paths.model("demo", "ave", 1) / "weights.safetensors"
    for part in ("valid", "test"):
        for file in paths.split("demo").glob("train.*.npy"):
            file.with_name(file.name.replace("train", part)).write_bytes(file.read_bytes())
    train.main(["demo", "ave", "1", "--device", "cpu"])
    lose_the_end(weights)
    with pytest.raises(RecoreError, match=rf"^{weights} is torn"):
        evaluate.main(["demo", "ave", "1", "--device", "cpu"])
    lose_the_end(statistics)
    with pytest.raises(RecoreError, match=rf"^{statistics} is torn"):
        train.main(["demo", "ave", "1", "--device", "cpu"])
    assert not paths.ranks("demo", "ave", 1).exists()
