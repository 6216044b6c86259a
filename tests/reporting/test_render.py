import pandas as pd

from recore.reporting.render import Section, latex, markdown

TABLE = Section(
    "50 % of A_B", pd.DataFrame({"Δ (%)": ["[\N{MINUS SIGN}0.10, +0.20]", "▲≈ <0.001"], "n_a": ["a & b", "$x^2$"]})
)


def test_markdown_keeps_the_text_of_cells():
    text = markdown([TABLE, Section("empty", pd.DataFrame())], ["one", "two"])
    assert "| ▲≈ <0.001" in text
    assert "empty" not in text
    assert text.endswith("- one\n- two\n")


def test_numbers_stay_as_they_are_written():
    assert "| 50.20 " in markdown([Section("t", pd.DataFrame({"x": ["50.20"], "y": ["0.100"]}))], [])


def test_latex_is_booktabs_and_ascii():
    text = latex([TABLE], ["100 % of s_x ± 1"])
    assert text.isascii()
    assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))
    assert r"\blacktriangle$$\approx$ $<$0.001" in text
    assert r"a \& b" in text
    assert r"n\_a" in text
    assert r"50 \% of A\_B" in text
    assert r"\item 100 \% of s\_x $\pm$ 1" in text
    # A bracket behind \\ would be read as a length.
    assert "{}[$-$0.10" in text
