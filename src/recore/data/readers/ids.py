"""Columns of ids as numbers of words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recore import RecoreError
from recore.data.readers.missing import is_missing


@dataclass(frozen=True)
class Ids:
    """R rows of ids: ``codes`` (R,) int32 into the words, -1 where a value is null; ``words`` integers or text."""

    codes: np.ndarray
    words: pa.Array

    def missing(self) -> np.ndarray:
        """(R,) whether the row has none: null, or a word for it."""
        nulls = self.codes < 0
        return nulls if self.plain else self.among(is_missing(self.words)) | nulls

    @property
    def plain(self) -> bool:
        """Whether all words are nothing but digits, as most are: then none stands for nothing, and none is cut."""
        stored = self.words.type
        return pa.types.is_integer(stored) or bool(pc.all(pc.ascii_is_decimal(self.words)).as_py())

    def among(self, chosen: np.ndarray) -> np.ndarray:
        """(R,) whether the row's word is one of those where ``chosen`` (W,) is true."""
        # One word more, which no row has, is what -1 finds.
        return np.append(chosen, False)[self.codes] if chosen.any() else np.zeros(len(self.codes), bool)

    def only(self, keep: np.ndarray) -> "Ids":
        """The rows where ``keep`` is true."""
        return Ids(self.codes[keep], self.words)

    def unquoted(self) -> "Ids":
        """Without the quotes of a file in which they hide nothing; as they are where that would make two ids one."""
        quoted = pc.starts_with(self.words, '"').to_numpy(zero_copy_only=False)
        if not quoted.any():
            return self
        bare = pa.array([unquoted(word) for word in self.words.to_pylist()], pa.string())
        return Ids(self.codes, bare) if len(bare.unique()) == len(bare) else self

    def by_first_appearance(self) -> tuple[np.ndarray, pa.Array]:
        """Codes and words renumbered by first appearance, words that do not occur left out, as plain as they are.

        A stored dictionary has any order, and rows may have left; that of a text file is in this order mostly.
        """
        newest = np.maximum.accumulate(self.codes)
        if len(newest) and newest[0] == 0 and newest[-1] == len(self.words) - 1 and np.diff(newest).max(initial=0) <= 1:
            return self.codes, _as_integers(self.words)
        first = np.full(len(self.words), len(self.codes))
        first[self.codes[::-1]] = np.arange(len(self.codes) - 1, -1, -1)
        order = np.argsort(first)[: np.count_nonzero(first < len(self.codes))]
        new = np.empty(len(self.words), np.int32)
        new[order] = np.arange(len(order), dtype=np.int32)
        return new[self.codes], _as_integers(self.words.take(pa.array(order)))


def encoded(column: pa.ChunkedArray, key: str, file_name: str) -> Ids:
    """The ids of a column of text or whole numbers; RecoreError where it is of another type."""
    stored = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_integer(stored) or pa.types.is_string(stored)):
        raise RecoreError(f"{file_name}: `{key}` is of type {stored}, but ids are whole numbers or text; convert it")
    coded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if not coded.num_chunks:
        return Ids(np.zeros(0, np.int32), pa.array([], stored))
    chunks = [pc.fill_null(chunk.indices, -1) if chunk.null_count else chunk.indices for chunk in coded.chunks]
    codes = np.concatenate([chunk.to_numpy(zero_copy_only=False) for chunk in chunks])
    return Ids(codes.astype(np.int32, copy=False), coded.chunk(coded.num_chunks - 1).dictionary)


def unquoted(word: str) -> str:
    """Without the quotes around it, if there are any."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word


def joined(parts: list[Ids]) -> Ids:
    """The rows of several files one after another; a word is the same in all of them."""
    if len(parts) == 1:
        return parts[0]
    words = pa.chunked_array([part.words.cast(pa.string()) for part in parts]).combine_chunks()
    coded = (words if isinstance(words, pa.Array) else words.chunk(0)).dictionary_encode()
    numbers, starts = coded.indices.to_numpy(), np.cumsum([0, *(len(part.words) for part in parts)])
    codes = [numbers[start:][part.codes] for part, start in zip(parts, starts, strict=False)]
    return Ids(np.concatenate(codes).astype(np.int32, copy=False), coded.dictionary)


def _as_integers(words: pa.Array) -> pa.Array:
    """Ids that are nothing but plain whole numbers as int64; anything else, also "007", as text."""
    text = words.cast(pa.string())
    try:
        integers = words.cast(pa.int64())
    except pa.ArrowInvalid:
        return text
    return integers if pc.all(pc.equal(integers.cast(pa.string()), text)).as_py() else text


def as_word(value: Any) -> str:
    """A value of params.yaml or of a column as a text file has it: true for True, and for what pandas writes of it."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if str(value) in ("True", "False") else str(value)
