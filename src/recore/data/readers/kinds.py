"""What a file is by its first bytes, so that a log under a wrong name is read or named, never shown as noise."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from recore import RecoreError
from recore.data.readers.places import printable

BLOCK = 1 << 24  # bytes
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}  # read as they are
# What a file begins with, what it then is, and the way out.
KINDS = (
    (b"PAR1", "a Parquet file", "set `format: parquet`"),
    (b"\xff\xfe\0\0", "UTF-32 text", "convert it: `iconv -f UTF-32 -t UTF-8`"),
    (b"\xff\xfe", "UTF-16 text", "convert it: `iconv -f UTF-16 -t UTF-8`"),
    (b"\xfe\xff", "UTF-16 text", "convert it: `iconv -f UTF-16 -t UTF-8`"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save its sheet as csv"),
    (b"\xfd7zXZ", "packed with xz", "unpack it: `xz -d`"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"Rar!", "a rar archive", "unpack it"),
    (b"ARROW1", "an Arrow file", "save it as Parquet"),
    (b"ORC\x0a", "an ORC file", "save it as Parquet"),
    (b"Obj\x01", "an Avro file", "save it as Parquet"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file itself: `git lfs pull`"),
    (b"\x89HDF", "an HDF5 file", "save its table as Parquet"),
    (b"SQLite format 3", "an SQLite database", "export its table as csv"),
    (b"<!", "a web page", "fetch the log itself"),
    (b"<html", "a web page", "fetch the log itself"),
    (b"<?xml", "XML", "save it as csv"),
    (b'{"', "JSON", "save it as csv or Parquet"),
    (b"[{", "JSON", "save it as csv or Parquet"),
    (b"{\n", "JSON", "save it as csv or Parquet"),
    (b"[\n", "JSON", "save it as csv or Parquet"),
    (b"\x80\x02", "a pickle", "save it as csv or Parquet"),
    (b"\x80\x03", "a pickle", "save it as csv or Parquet"),
    (b"\x80\x04", "a pickle", "save it as csv or Parquet"),
    (b"\x80\x05", "a pickle", "save it as csv or Parquet"),
)
CONVERT = "convert it, as by `iconv -f GBK -t UTF-8` from the encoding it has"


def open_text(file: Path) -> pa.NativeFile:
    """The bytes of a text file, unpacked where it is packed; RecoreError where it is another kind of file."""
    with file.open("rb") as stream:
        head = stream.read(8)
    packed = next((name for magic, name in PACKED.items() if head.startswith(magic)), None)
    head = _read(pa.input_stream(str(file), compression=packed), 1 << 16, file)
    if packed and head.startswith((b"PK\x03\x04", *PACKED)):
        raise RecoreError(f"{file.name} is packed twice; unpack it")
    if packed and (what := kind_of(head)):
        raise RecoreError(f"{file.name} holds {what[0]}, packed by {packed}; unpack it, then {what[1]}")
    refuse(file, head)
    if packed and head[257:262] == b"ustar":
        raise RecoreError(f"{file.name} is a tar archive, packed by {packed}; unpack it and give the log alone")
    refuse_zeros(file, head)
    return pa.input_stream(str(file), compression=packed)


def blocks(file: Path) -> Iterator[bytes]:
    """A text file in pieces of whole lines, without the mark that some editors put before UTF-8."""
    stream = open_text(file)
    rest = _read(stream, 3, file).removeprefix(b"\xef\xbb\xbf")
    while block := _read(stream, BLOCK, file):
        if b"\0" in block:
            _refuse_zeros_below(file)
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
    if rest:
        yield rest


def _read(stream: pa.NativeFile, size: int, file: Path) -> bytes:
    try:
        return stream.read(size)
    except OSError as error:
        raise RecoreError(f"{file.name} is damaged ({printable(error)}); fetch it again") from None


def refuse(file: Path, head: bytes) -> None:
    """RecoreError where a file that begins with ``head`` is plainly of another kind than text."""
    if head.startswith(b"PK\x03\x04"):
        if _is_workbook(file):
            raise RecoreError(f"{file.name} is an Excel workbook; save its sheet as csv")
        raise RecoreError(f"{file.name} is a zip archive; set `unzip: true` beside its hash in `fetch.files`")
    if what := kind_of(head):
        raise RecoreError(f"{file.name} is {what[0]}; {what[1]}")


def kind_of(head: bytes) -> tuple[str, str] | None:
    """What begins so, and the way out; None where that may be text."""
    text = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next(
        (
            (kind, way_out)
            for magic, kind, way_out in KINDS
            if head.startswith(magic) or (magic[:1] in b"<{[" and text.startswith(magic))
        ),
        None,
    )


def _refuse_zeros_below(file: Path) -> None:
    """RecoreError naming the first line with a zero byte, of a file that has one."""
    stream, line = open_text(file), 1
    while block := _read(stream, BLOCK, file):
        refuse_zeros(file, block, line)
        line += block.count(b"\n")


def refuse_zeros(file: Path, content: bytes, line: int = 1) -> None:
    """RecoreError where there is a zero byte; ``content`` begins in ``line``."""
    if b"\0" in content:
        number = line + content.count(b"\n", 0, content.index(b"\0"))
        raise RecoreError(
            f"{file.name}, line {number}: this is not text (it has a zero byte); correct the line, `format`, "
            "or the encoding (`iconv -f UTF-16 -t UTF-8`)"
        )


def _is_workbook(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as opened:
            return any(name.startswith("xl/") for name in opened.namelist())
    except zipfile.BadZipFile:
        return False


def refuse_bytes(file: Path) -> None:
    """RecoreError naming the first line of a text file that is not UTF-8."""
    number = 0
    for block in blocks(file):
        for line in block.split(b"\n"):
            number += 1
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                raise RecoreError(f"{file.name}, line {number}: this is not UTF-8 text; {CONVERT}") from None
        number -= 1  # what follows the last line end of a block is the first line of the next
