"""SR-GNN's session lists: a pickled list of lists of item numbers, sessions in order of time, the clock gone.

Foreign pickles run code when they are loaded plainly: a pickle finds any function by name and calls it. Here nothing
can be found, so only what needs no name remains: built-in containers, numbers and text.
"""

import pickle
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa

from recore import RecoreError
from recore.data.readers.files import only_file
from recore.data.readers.places import printable, shown
from recore.data.sessions import Sessions, offsets_of


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise RecoreError(f"names {module}.{name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise RecoreError("names an object outside the file")


def read(folder: Path) -> tuple[dict[str, Sessions], pa.Array]:
    """The sessions in the order of the list, which is also their time, and the vocabulary by first appearance.

    Raises RecoreError where the file is no list of lists of whole numbers, or names any class.
    """
    file = only_file(folder, "*")
    sessions = _unpickle(file)
    if isinstance(sessions, tuple) and len(sessions) == 2:
        raise RecoreError(f"{file.name} holds cases (sequences and targets), not sessions; use `all_train_seq.txt`")
    if not isinstance(sessions, list) or set(map(type, sessions)) != {list}:
        raise RecoreError(f"{file.name} is not a list of sessions, each a list; correct the source's `read.format`")
    flat = list(chain.from_iterable(sessions))
    if set(map(type, flat)) != {int}:
        odd = next((item for item in flat if type(item) is not int), None)
        raise RecoreError(
            f"{file.name} has the item {shown(odd) if isinstance(odd, str) else odd}, which is not a whole number; "
            "use the published file"
        )
    try:
        clicks = pa.array(flat, pa.int64()).dictionary_encode()
    except OverflowError:
        raise RecoreError(f"{file.name} has an item beyond 64 bits; use the published file") from None
    order = np.arange(len(sessions))
    offsets = offsets_of(np.fromiter(map(len, sessions), np.int64, len(sessions)))
    return {"clicks": Sessions(clicks.indices.to_numpy(), offsets, order, times=order)}, clicks.dictionary


def _unpickle(file: Path) -> Any:
    try:
        with file.open("rb") as stream:
            sessions = _Plain(stream).load()
            if stream.read(1):
                raise RecoreError("ends before the file does")
            return sessions
    except RecoreError as fault:
        raise RecoreError(
            f"{file.name} is refused: its pickle {fault}, and one list of lists of numbers is all that is read; "
            "convert it to csv"
        ) from None
    except Exception as error:  # a broken pickle raises almost anything
        reason = printable(error) or type(error).__name__
        raise RecoreError(f"{file.name} is not a pickled session list ({reason}); fetch it again") from None
