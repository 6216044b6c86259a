"""Words that programs write for a value that is not there, and values that a spreadsheet has cut.

Read as an id, such a word makes one session (or one item) of all rows that lack theirs.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# In lower case, without blanks around them.
WORDS = (
    *(
        "",
        "null",
        "(null)",
        "<null>",
        "nil",
        "none",
        "<none>",
        "\\n",
        "nan",
        "-nan",
        "na",
        "n/a",
        "n.a.",
        "<na>",
        "#n/a",
    ),
    *("nat", "undefined", "missing", "unknown", "(not set)", "-", "--", "?"),
)
# 1.29403E+18: a spreadsheet's or R's way to write 19 digits, of which 6 are left.
CUT_SHORT = "a spreadsheet or R has cut its last digits; export the log again with all of them"
CUT = re.compile(r"[+-]?(\d)(?:[.,](\d+))?[eE]\+?(\d+)")


def is_missing(words: pa.Array | pa.ChunkedArray, *others: str) -> np.ndarray:
    """Whether each word (any case, blanks around it) stands for nothing: one of WORDS, of ``others``, or null."""
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(words.cast(pa.string())))
    found = pc.is_in(bare, value_set=pa.array([*WORDS, *others]))
    return pc.or_(found, pc.is_null(words)).to_numpy(zero_copy_only=False)


def is_cut(words: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Whether each word is a number in scientific notation whose digits do not reach the ones."""
    cut = np.zeros(len(words), bool)
    candidates = pc.match_substring_regex(words, r"^[+-]?\d([.,]\d+)?[eE]\+?\d+$").to_numpy(zero_copy_only=False)
    for at in np.flatnonzero(candidates):
        first, rest, exponent = CUT.fullmatch(words[int(at)].as_py()).groups()
        cut[at] = len(first) + len(rest or "") < int(exponent) + 1
    return cut
