"""SHA256SUMS: the hashes of a record's files, as `sha256sum --check SHA256SUMS` reads them.

They are the files that recore wrote. Those that people add to the folder, such as notes or tables of their own, are not
listed, not looked at and never removed; under ranks/ there are none.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from recore import RecoreError, artifacts

NAME = "SHA256SUMS"


def write(folder: Path, files: Iterable[Path]) -> None:
    """Notes the ``files`` of a record's folder, by names relative to it."""
    names = sorted(file.relative_to(folder).as_posix() for file in files)
    artifacts.write_text(folder / NAME, "".join(f"{artifacts.sha256(folder / name)}  {name}\n" for name in names))


def read(folder: Path) -> dict[str, str]:
    """Hash by name; RecoreError where a line is not one."""
    with artifacts.reading(folder / NAME, "restore it from git") as file:
        lines = file.read_text(encoding="utf-8").splitlines()
    parts = [line.partition("  ") for line in lines]
    if not all(len(digest) == 64 and between and name for digest, between, name in parts):
        raise RecoreError(f"{folder / NAME} has a line that is no hash with a name; restore it from git")
    return {name: digest for digest, _, name in parts}


def check(folder: Path, *under: str) -> None:
    """RecoreError names the first file at fault among those whose names begin with one of ``under``."""
    for name, fault in faults(folder):
        if name.startswith(under):
            raise RecoreError(f"{folder / name} {fault}")


def faults(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file that is not as it was recorded, and what is wrong with it."""
    listed = read(folder)
    for name, digest in listed.items():
        file = folder / name
        if not file.is_file():
            yield name, "is missing; restore it from git"
        elif artifacts.sha256(file) != digest:
            yield name, "is not the file that was recorded; restore it from git"
    for file in sorted((folder / "ranks").rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name not in listed:
            yield name, f"is not in {NAME}; remove it"
