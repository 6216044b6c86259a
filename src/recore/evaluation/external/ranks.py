"""The ranks of a test set as another program wrote them into a file.

Such a file names cases by number, or by session and position. Where it has a column ``session``, ``position`` or
``target`` as well, every row is held against the split: nothing else can tell that the numbers of the cases, or their
order, are those of another test set.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from recore import RecoreError
from recore.data.cases import Cases
from recore.evaluation.external.form import FORMS, finite, read, whole
from recore.evaluation.external.listed import Lists, ranked

VOUCHERS = {"session", "position", "target"}  # attributes of Cases


class Ranks(NamedTuple):
    """above and tied (N,) of the test cases, and whether they are from lists, which do not show every tie."""

    above: np.ndarray
    tied: np.ndarray
    listed: bool


def ranks_of(content: bytes, file: str, test: Cases, n_items: int, depth: int) -> Ranks:
    """The ranks of the test cases, from the bytes of a file.

    depth: the largest cutoff. RecoreError, naming ``file``, where they are not one rank for each case of ``test``.
    """
    form, table = read(content, file)
    if form == "counts":
        case = _known(whole(table["case"], "case", file), len(test), file)
        _check_vouchers(table, case, test, file)
        _check_each_once(case, len(test), file)
        return Ranks(*_counts(table, case, n_items, file), listed=False)
    if form == "list":
        case = _known(whole(table["q_id"], "q_id", file), len(test), file)
        _check_vouchers(table, case, test, file)
        item, score = whole(table["doc_id"], "doc_id", file), finite(table["score"], "score", file)
        lists = Lists(case, item, score)
    else:
        case = _by_position(table, test, file)
        _check_vouchers(table, case, test, file)
        _check_each_once(case, len(test), file)
        lists = _unpacked(table, case, file)
    return Ranks(*ranked(lists, test.target, n_items, depth, file), listed=True)


def _counts(table: pa.Table, case: np.ndarray, n_items: int, file: str) -> tuple[np.ndarray, np.ndarray]:
    above, tied = (whole(table[name], name, file) for name in ("above", "tied"))
    wrong = (above < 0) | (tied < 1) | (above + tied > n_items)
    if wrong.any():
        at = int(wrong.argmax())
        raise RecoreError(
            f"{file}: case {case[at]} has {above[at]} items above its target and {tied[at]} tied with it, the target "
            f"itself among them, which is impossible among {n_items:,} items; count again"
        )
    order = np.argsort(case)
    return above[order], tied[order]


def _known(case: np.ndarray, n_cases: int, file: str) -> np.ndarray:
    unknown = (case < 0) | (case >= n_cases)
    if unknown.any():
        raise RecoreError(
            f"{file}: case {case[unknown.argmax()]} is unknown; the cases of this test set are 0 to {n_cases - 1:,}"
        )
    return case


def _check_each_once(case: np.ndarray, n_cases: int, file: str) -> None:
    rows = np.bincount(case, minlength=n_cases)
    if (rows > 1).any():
        case_twice = (rows > 1).argmax()
        raise RecoreError(f"{file}: case {case_twice} has {rows[case_twice]} rows; write one for every case")
    if (rows == 0).any():
        raise RecoreError(f"{file}: case {(rows == 0).argmax()} is missing; write all {n_cases:,} cases")


def _check_vouchers(table: pa.Table, case: np.ndarray, test: Cases, file: str) -> None:
    # session-rec's Position counts otherwise, and is a key already.
    columns = [(column.lower(), column) for column in table.column_names if column not in FORMS["session_rec"]]
    for name, column in sorted(pair for pair in columns if pair[0] in VOUCHERS):
        said, own = whole(table[column], name, file), getattr(test, name)[case]
        if (said != own).any():
            at = int((said != own).argmax())
            raise RecoreError(
                f"{file}: case {case[at]} has {name} {said[at]}, but {own[at]} in this split; rank the cases of this "
                "split under their own numbers, or drop the column if it means something else"
            )


def _by_position(table: pa.Table, test: Cases, file: str) -> np.ndarray:
    """The case of each row; session-rec counts positions from 0, the clicks before the target are one more."""
    session, before = whole(table["SessionId"], "SessionId", file), whole(table["Position"], "Position", file) + 1
    number = {key: case for case, key in enumerate(zip(test.session.tolist(), test.position.tolist(), strict=True))}
    case = np.array([number.get(key, -1) for key in zip(session.tolist(), before.tolist(), strict=True)])
    if (case < 0).any():
        at = int((case < 0).argmax())
        raise RecoreError(
            f"{file}: SessionId {session[at]} and Position {before[at] - 1} are no case of this test set; rank the "
            "test sessions that `python -m recore export` wrote"
        )
    return case


def _unpacked(table: pa.Table, case: np.ndarray, file: str) -> Lists:
    items, scores = (
        [str(cell).split(",") for cell in table[name].to_pylist()] for name in ("Recommendations", "Scores")
    )
    lengths = np.array([len(one) for one in items])
    uneven = lengths != [len(one) for one in scores]
    if uneven.any():
        at = int(uneven.argmax())
        raise RecoreError(
            f"{file}: case {case[at]} has {lengths[at]} items and {len(scores[at])} scores; write one of each"
        )
    item, score = (pa.chunked_array([[one for own in cells for one in own]]) for cells in (items, scores))
    return Lists(np.repeat(case, lengths), whole(item, "Recommendations", file), finite(score, "Scores", file))
