"""Words that programs write for a value that is not there, and values that a spreadsheet has cut.

Read as an id, such a word makes one session (or one item) of all rows that lack theirs.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# In lower case, without blanks and quotes around them.
WORDS = (
    *("", "null", "(null)", "<null>", "[null]", "__null__", "nil", "none", "<none>", "(none)", "nonetype"),
    *("\\n", "\\\\n", "nan", "-nan", "1.#qnan", "-1.#ind", "nat", "na", "n/a", "n.a.", "n.a", "<na>"),
    *("#n/a", "#n/a n/a", "#value!", "#ref!", "undefined", "missing", "unknown", "not set", "(not set)"),
    *("blank", "(blank)", "empty", "(empty)", "{}", "[]", "-", "--", "–", "—", "?", "."),
    *("__hive_default_partition__", "00000000-0000-0000-0000-000000000000"),
)
UNSEEN = "[\u00ad\u200b-\u200f\u2060\ufeff]"
# 1.29403E+18: a spreadsheet's or R's way to write 19 digits, of which 6 are left.
CUT_SHORT = "a spreadsheet or R has cut its last digits; export the log again with all of them"
_ONE = r"(?:\d(?:[.,](?P<one>\d+))?|[.,](?P<none>\d+))[eE]\+?"  # digits before the point
_MANY = r"\d+(?:[.,](?P<many>\d+))?[eE]\+"  # only with its sign: 12E4 may be an id
CUT = rf"\s*\"?[+-]?(?:{_ONE}|{_MANY})(?P<exponent>\d+)\"?\s*"


def is_missing(words: pa.Array | pa.ChunkedArray, *others: str) -> np.ndarray:
    """Whether each word stands for nothing: one of WORDS or of ``others``, in any case and width, or null."""
    bare = words.cast(pa.string())
    if not pc.all(pc.string_is_ascii(bare)).as_py():
        bare = pc.utf8_normalize(pc.replace_substring_regex(bare, UNSEEN, ""), "NFKC")
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(bare))
    for quote in "\"'":
        if pc.any(pc.starts_with(bare, quote)).as_py():
            bare = pc.replace_substring_regex(bare, f"^{quote}(.*){quote}$", r"\1")
    found = pc.is_in(bare, value_set=pa.array([*WORDS, *others]))
    return pc.or_(found, pc.is_null(words)).to_numpy(zero_copy_only=False)


def is_cut(words: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Whether each word is a number in scientific notation whose digits do not reach the ones."""
    cut = np.zeros(len(words), bool)
    candidates = pc.match_substring_regex(words, f"^{CUT}$").to_numpy(zero_copy_only=False)
    for at in np.flatnonzero(candidates):
        found = re.fullmatch(CUT, words[int(at)].as_py())
        cut[at] = len(found["one"] or found["none"] or found["many"] or "") < int(found["exponent"])
    return cut
