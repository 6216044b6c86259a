"""Two tables differ where a number does, not where its last digits do."""

import io

import numpy as np
import pytest
from matplotlib.image import imsave

from recore.records.compare import difference

TABLE = b"dataset,a,b,p\nshop,da,trm,0.0123456789\nshop,hn,trm,\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"0.0123456789", b"0.0123456788", None),
        (b"0.0123456789", b"0.0123457789", "line 2 (shop, da, trm), column p: 0.0123456789, but 0.0123457789 comes"),
        (b"trm,\n", b"trm,0.5\n", "line 3 (shop, hn, trm), column p: nothing, but 0.5 comes out"),
        (b"hn", b"ave", "line 3 (shop, hn, trm), column a: hn, but ave comes out"),
        (b"a,b", b"a,c", "column 3 is b, but c comes out"),
        (b"b,p", b"b,p,q", "column 5 is nothing, but q comes out"),
        (b"shop,hn,trm,\n", b"", "has 2 rows, but 1 come out"),
    ],
)
def test_the_first_difference_of_tables(old, new, said):
    found = difference("t.csv", TABLE, TABLE.replace(old, new))
    assert found == said if said is None else found.startswith(said)


def test_a_line_that_lacks_values_is_named():
    torn = TABLE.replace(b",0.0123456789", b"")
    assert difference("t.csv", torn, TABLE) == "line 2 has 3 values for 4 columns"


def test_the_first_difference_of_text():
    assert difference("table.md", b"a\nb\nc\n", b"a\nb\nc\n") is None
    assert difference("table.md", b"a\nb\nc\n", b"a\nB\nc\n") == "line 2 is 'b', but 'B' comes out"
    assert difference("table.md", b"a\nb\nc\n", b"a\nb\n") == "has 3 lines, but 2 come out"
    assert difference("table.md", b"a\r\nb\n", b"a\nb\n") == "has other line ends than come out"


def png(changed: int, shape=(100, 200)) -> bytes:
    """A white figure with so many pixels in another colour."""
    pixels, buffer = np.full((*shape, 3), 255, np.uint8), io.BytesIO()
    pixels.reshape(-1, 3)[:changed] = (255, 0, 255)
    imsave(buffer, pixels, format="png")
    return buffer.getvalue()


def test_figures_may_differ_in_single_pixels():
    """Two of 20,000 are the share that is allowed, 10^-4."""
    said = "is not what is made of the ranks here"
    assert difference("forest.png", png(0), png(2)) is None
    assert difference("forest.png", png(0), png(3)) == said
    assert difference("forest.png", png(0), png(0, (200, 100))) == said
    assert difference("forest.png", png(0), png(0)[:-30]) == said
    assert difference("forest.png", b"x", b"x") is None
    assert difference("forest.png", b"x", b"y") == said
