"""Zip archives, unpacked into a folder and nowhere else."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recore import RecoreError


def unzip(archive: Path, folder: Path) -> None:
    """Unpacks a zip; RecoreError, before anything is written, where a member would land outside ``folder``."""
    with opened_zip(archive, folder) as opened:
        opened.extractall(folder)


@contextmanager
def opened_zip(archive: Path, folder: Path) -> Iterator[zipfile.ZipFile]:
    """A zip whose members land in ``folder``; RecoreError where one would not, or where the block cannot read it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.namelist():
                if not (folder / member).resolve().is_relative_to(folder.resolve()):
                    raise RecoreError(f"{archive.name} is refused: its member {member!r} would land outside the folder")
            yield opened
    # No zip, damaged, encrypted, unknown method.
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk; those of bz2 have no number
            raise
        raise RecoreError(f"{archive.name} cannot be unzipped ({error}); remove `unzip` or correct the file") from None
