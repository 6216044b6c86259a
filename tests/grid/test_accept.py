"""A cell is taken when it is whole and the one that was asked for; of anything else nothing is placed."""

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grid.asked import change

from recore import artifacts, costs, params, paths
from recore.grid import accept, bundle, cells
from recore.grid.accept import Refused

MADE_BY = {"commit": "abc", "dirty": False, "host": "h", "cell_seconds": 1.5}
RANKS, RECORD, MODEL = (f"data/{room}/demo/trm/1" for room in ("ranks", "records", "models"))


def place(cell, content: bytes, weights: bool = True) -> None:
    accept.place(cell, cells.inputs(cell, params.load()), accept.read(content), weights, MADE_BY)


def rewritten(content: bytes, change) -> bytes:
    """A reply with ``change(files)`` made, and with hashes as a worker would have sent them of these files."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(files.pop("reply.json"))
    change(files)
    header["sha256"] = {name: hashlib.sha256(own).hexdigest() for name, own in files.items()}
    return zipped(files | {"reply.json": json.dumps(header).encode()})


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def claimed(files, **others) -> None:
    """Changes what the ranks say of themselves, and inputs.json with it, as a worker that made just that would."""
    files[f"{RANKS}/meta.json"] = json.dumps(json.loads(files[f"{RANKS}/meta.json"]) | others).encode()
    hashed(files, "meta.json")


def hashed(files, name, folder=RANKS) -> None:
    inputs = json.loads(files[f"{RANKS}/inputs.json"])
    inputs["outputs"][name] = hashlib.sha256(files[f"{folder}/{name}"]).hexdigest()
    files[f"{RANKS}/inputs.json"] = json.dumps(inputs).encode()


def filled(table: pa.Table, name: str, values) -> pa.Table:
    """With a column of ``values``, or of one value, in the place of the one that has its name."""
    column = pa.array(np.broadcast_to(values, table.num_rows))
    return table.drop_columns([name] if name in table.column_names else []).append_column(name, column)


def nothing_placed() -> bool:
    return {file.name for file in Path("data").iterdir()} == {"raw", "filtered", "split"}


@pytest.mark.parametrize("variant", ["trm", "hn", "pop"])
def test_a_whole_cell_is_placed_and_up_to_date(grid, sent, variant):
    cell = grid[variant]
    place(cell, sent[variant])
    assert cells.outdated(cell, cells.inputs(cell, params.load())) == ""
    files = {str(file) for folder in bundle.folders(cell) for file in Path(folder).iterdir()}
    assert files == set(bundle.files(cell, weights=True))
    cost = costs.read(paths.record("demo", variant, cell.seed))
    assert cost["train_seconds"] >= 0
    assert MADE_BY.items() <= cost.items()


def test_it_replaces_what_was_there(grid, sent):
    for folder in (RANKS, RECORD, MODEL):
        Path(folder).mkdir(parents=True)
        Path(folder, "old").touch()
    place(grid["trm"], sent["trm"])
    assert not list(Path("data").rglob("old"))


def test_until_the_last_folder_is_there_nothing_says_that_it_is(grid, sent, monkeypatch):
    """A kill while a cell is placed a second time: the ranks there are not those of the new record."""
    place(grid["trm"], sent["trm"])

    def killed(path):
        if str(path) == RANKS:
            raise KeyboardInterrupt
        return artifacts._replacing(path)

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "new_folder", lambda path, new=artifacts.new_folder: killed(path) and new(path))
        with pytest.raises(KeyboardInterrupt):
            place(grid["trm"], sent["trm"])
    assert cells.outdated(grid["trm"], cells.inputs(grid["trm"], params.load())) == (
        "its ranks were not made by this command"
    )


def test_without_weights_exactly_they_are_missing(grid, sent):
    def light(files):
        del files[f"{MODEL}/weights.safetensors"]

    content = rewritten(sent["trm"], light)
    with pytest.raises(Refused, match=r"weights.safetensors is missing"):
        place(grid["trm"], content)
    with pytest.raises(Refused, match=r"weights.safetensors is no file of the cell"):
        place(grid["trm"], sent["trm"], weights=False)
    assert nothing_placed()
    place(grid["trm"], content, weights=False)


def test_a_torn_reply_is_refused_wherever_it_breaks_off(grid, sent):
    for end in [0, 1, *random.Random(1).sample(range(len(sent["trm"])), 40), len(sent["trm"]) - 1]:
        with pytest.raises(Refused, match="what was sent is torn"):
            place(grid["trm"], sent["trm"][:end])
    assert nothing_placed()


def test_a_flipped_bit_is_refused_wherever_it_is(grid, sent):
    """Or it is in the frame of the zip and changes no content."""
    for at in random.Random(2).sample(range(len(sent["trm"])), 60):
        content = bytearray(sent["trm"])
        content[at] ^= 1
        try:
            reply = accept.read(bytes(content))
        except Refused:
            continue
        assert reply.files == accept.read(sent["trm"]).files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        zipped({}),
        zipped({"reply.json": b"{"}),
        zipped({"reply.json": b"[]"}),
        zipped({"reply.json": b'{"state": "made", "seconds": "long"}'}),
        zipped({"reply.json": b'{"state": "made", "seconds": NaN}'}),
        zipped({"reply.json": b'{"state": "made", "host": "h", "seconds": 1%s}' % (b"0" * 400)}),
        zipped({"reply.json": b'{"state": "made", "host": "h", "seconds": "nan"}'}),
        zipped({"reply.json": b'{"state": "made"}'}),
        zipped({"reply.json": b'{"state": "made", "host": "h", "seconds": null}'}),
        zipped({"reply.json": b"[" * 100_000}),
    ],
)
def test_what_is_no_reply_is_refused(content):
    with pytest.raises(Refused, match="what was sent is torn"):
        accept.read(content)


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_compressed_is_refused_before_it_is_unpacked(way, monkeypatch):
    """A thousand times as large as it was sent: enough of it would take all memory of the head."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", way) as archive:
        archive.writestr("zeros", bytes(2**22))
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(Refused, match=r"what was sent is torn .*it is compressed"):
        accept.read(buffer.getvalue())


def test_an_encrypted_reply_is_refused():
    content = zipped({"reply.json": b"{}"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = archive.start_dir + 8
    with pytest.raises(Refused, match=r"what was sent is torn .*encrypted"):
        accept.read(content[:6] + b"\x01" + content[7:at] + b"\x01" + content[at + 1 :])


def test_words_that_are_no_words_are_made_such():
    header = accept.read(zipped({"reply.json": b'{"state": ["x"], "host": null, "said": {}, "seconds": "7"}'})).header
    assert header == {"state": "['x']", "host": "None", "said": "{}", "seconds": 7.0}
    long = json.dumps({"state": "failed", "host": "h", "said": "x" * 9000 + "last words"}).encode()
    header = accept.read(zipped({"reply.json": long})).header
    assert (len(header["said"]), header["said"][-10:], header["seconds"]) == (4000, "last words", 0.0)


def test_files_that_are_not_those_of_the_hashes_are_refused(sent):
    with zipfile.ZipFile(io.BytesIO(sent["trm"])) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[f"{RECORD}/history.csv"] += b"\n"
    with pytest.raises(Refused, match="not those of their hashes"):
        accept.read(zipped(files))


@pytest.mark.parametrize(
    "name", ["../escaped", "/tmp/escaped", f"{RANKS}/../../escaped", f"{RANKS}/sub/escaped", "data/ranks/demo/hn/1/x"]
)
def test_no_file_leaves_the_cell(grid, sent, name):
    with pytest.raises(Refused, match="is no file of the cell"):
        place(grid["trm"], rewritten(sent["trm"], lambda files: files.update({name: b"x"})))
    assert nothing_placed()


def test_a_name_that_comes_twice_is_refused(sent):
    buffer = io.BytesIO(sent["trm"])
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(f"{RECORD}/history.csv", "other")
    with pytest.raises(Refused, match="not those of their hashes"):
        accept.read(buffer.getvalue())


def test_another_cell_is_refused(grid, sent):
    with pytest.raises(Refused, match="is no file of the cell"):
        place(grid["trm"], sent["hn"])

    def renamed(files):
        with zipfile.ZipFile(io.BytesIO(sent["hn"])) as archive:
            others = {name.replace("/hn/", "/trm/"): archive.read(name) for name in archive.namelist()}
        others.pop("reply.json")
        files.update(others)

    with pytest.raises(Refused, match=r"made with another .*hard_neg_k"):
        place(grid["trm"], rewritten(sent["trm"], renamed))
    assert nothing_placed()


@pytest.mark.parametrize(("key", "value"), [("seed", 2), ("seed", None), ("variant", "hn"), ("dataset", "other")])
def test_ranks_that_name_another_run_are_refused(grid, sent, key, value):
    with pytest.raises(Refused, match="its ranks are those of"):
        place(grid["trm"], rewritten(sent["trm"], lambda files: claimed(files, **{key: value})))
    assert nothing_placed()


def test_other_params_meanwhile_are_named(grid, sent):
    change(train=params.load().at("train") | {"patience": 9})
    with pytest.raises(Refused, match=r"it was made with another train$"):
        place(grid["trm"], sent["trm"])


@pytest.mark.parametrize("file", ["src/recore/models/core.py", "data/split/demo/stats.json"])
def test_other_code_or_another_split_is_named(grid, sent, file):
    Path(file).write_text(Path(file).read_text() + "\n")
    with pytest.raises(Refused, match=f"it was made with another ({'|'.join(map(str, Path(file).parents))})"):
        place(grid["trm"], sent["trm"])
    assert nothing_placed()


def test_another_test_hash_is_refused(grid, sent):
    with pytest.raises(Refused, match="not of the test cases of this split"):
        place(grid["trm"], rewritten(sent["trm"], lambda files: claimed(files, test_hash="0" * 64)))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda table: table.slice(1), "not of the test cases"),
        (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "not of the test cases"),
        (lambda table: table.take(np.arange(table.num_rows)[::-1]), "not of the test cases"),
        (lambda table: table.drop_columns("tied"), "cannot be read"),
        (
            lambda table: table.set_column(3, "above", pa.array([None] * table.num_rows, pa.int32())),
            "cases without a rank",
        ),
        (lambda table: filled(table, "above", -1), r"cannot be those of \d+ items"),
        (lambda table: filled(table, "above", table["target"].to_numpy().max() + 10), r"cannot be those of \d+ items"),
        (lambda table: filled(table, "tied", 0), r"cannot be those of \d+ items"),
        (lambda table: filled(table, "tied", 2**63 - 1), r"cannot be those of \d+ items"),
        # Cut to whole numbers, as the hash does, they are those of the cases.
        (lambda table: filled(table, "target", table["target"].to_numpy() + 0.5), "not of the test cases"),
        (lambda table: table.append_column("other", table["above"]), "not of the test cases"),
        (lambda table: filled(table, "gate", 1.5), "shares that are none"),
        (lambda table: filled(table, "gate", np.nan), "shares that are none"),
        (lambda table: filled(table, "gate", 1), "shares that are none"),
    ],
)
def test_ranks_of_other_rows_are_refused(grid, sent, spoil, said):
    def change(files):
        table, buffer = spoil(pq.read_table(io.BytesIO(files[f"{RANKS}/cases.parquet"]))), io.BytesIO()
        pq.write_table(table, buffer)
        files[f"{RANKS}/cases.parquet"] = buffer.getvalue()
        hashed(files, "cases.parquet")

    with pytest.raises(Refused, match=said):
        place(grid["trm"], rewritten(sent["trm"], change))
    assert nothing_placed()


def test_a_table_of_a_billion_rows_is_refused_before_it_is_read(grid, sent, monkeypatch):
    def bomb(files):
        buffer = io.BytesIO()
        pq.write_table(
            pa.table({name: np.zeros(10**6, np.int32) for name in (*accept.COLUMNS, *accept.COUNTS)}), buffer
        )
        files[f"{RANKS}/cases.parquet"] = buffer.getvalue()
        hashed(files, "cases.parquet")

    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(Refused, match="not of the test cases"):
        place(grid["trm"], rewritten(sent["trm"], bomb))


@pytest.mark.parametrize("key", ["seed", "variant", "n_items"])
def test_a_model_of_another_run_is_refused(grid, sent, key):
    def other(files):
        name = f"{MODEL}/config.json"
        files[name] = json.dumps(json.loads(files[name]) | {key: 77}).encode()
        hashed(files, "config.json", MODEL)

    with pytest.raises(Refused, match="of another run or catalogue"):
        place(grid["trm"], rewritten(sent["trm"], other))


def test_ranks_among_other_items_are_refused(grid, sent):
    with pytest.raises(Refused, match="of another run or catalogue"):
        place(grid["trm"], rewritten(sent["trm"], lambda files: claimed(files, n_items=77)))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 100_000, b"7"])
@pytest.mark.parametrize(
    "name", [f"{MODEL}/config.json", f"{RECORD}/record.json", f"{RECORD}/cost.json", f"{RANKS}/meta.json"]
)
def test_json_that_is_no_table_is_refused(grid, sent, name, content):
    def other(files):
        files[name] = content
        if Path(name).name in ("record.json", "meta.json"):
            inputs = json.loads(files[f"{RANKS}/inputs.json"])
            inputs["outputs"][Path(name).name] = hashlib.sha256(content).hexdigest()
            files[f"{RANKS}/inputs.json"] = json.dumps(inputs).encode()

    with pytest.raises(Refused, match="its files cannot be read"):
        place(grid["trm"], rewritten(sent["trm"], other))
    assert nothing_placed()


def test_a_table_that_was_torn_on_the_worker_is_refused(grid, sent):
    """Its hash is that of what was sent, so only reading it tells."""

    def torn(files):
        files[f"{RANKS}/cases.parquet"] = files[f"{RANKS}/cases.parquet"][:-100]
        hashed(files, "cases.parquet")

    with pytest.raises(Refused, match="its files cannot be read"):
        place(grid["trm"], rewritten(sent["trm"], torn))


def test_weights_that_did_not_rank_are_refused(grid, sent):
    def other(files):
        files[f"{MODEL}/weights.safetensors"] += b"\0"

    with pytest.raises(Refused, match="not those of its weights"):
        place(grid["trm"], rewritten(sent["trm"], other))


@pytest.mark.parametrize("file", [f"{RECORD}/history.csv", f"{MODEL}/config.json"])
def test_an_inputs_json_of_other_files_is_refused(grid, sent, file):
    def other(files):
        files[file] += b"\n"

    with pytest.raises(Refused, match="not of the files beside it"):
        place(grid["trm"], rewritten(sent["trm"], other))


def test_an_inputs_json_that_names_no_commands_is_refused(grid, sent):
    """Only of what lies here from before is it taken."""

    def other(files):
        inputs = json.loads(files[f"{RANKS}/inputs.json"])
        del inputs["commands"]
        files[f"{RANKS}/inputs.json"] = json.dumps(inputs).encode()

    with pytest.raises(Refused, match=r"its files cannot be read .*commands"):
        place(grid["trm"], rewritten(sent["trm"], other))


def test_a_cost_of_another_run_is_refused(grid, sent):
    def other(files):
        cost = json.loads(files[f"{RECORD}/cost.json"])
        files[f"{RECORD}/cost.json"] = json.dumps(cost | {"of": "0"}).encode()

    with pytest.raises(Refused, match="cost is that of another run"):
        place(grid["trm"], rewritten(sent["trm"], other))
