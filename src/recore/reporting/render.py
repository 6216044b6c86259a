"""Text tables as Markdown (tabulate) and as LaTeX (booktabs), both through pandas."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

# What LaTeX reads as a command, and what its fonts lack.
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        "±": r"$\pm$",
        "\N{MINUS SIGN}": r"$-$",
        "Δ": r"$\Delta$",
        "▲": r"$\blacktriangle$",
        "▼": r"$\blacktriangledown$",
        "≈": r"$\approx$",
        "†": r"$\dagger$",
    }
)


@dataclass(frozen=True)
class Section:
    """A table of text under a heading; an empty table is left out."""

    title: str
    table: pd.DataFrame


def markdown(sections: list[Section], notes: list[str], opening: Iterable[str] = ()) -> str:
    """``opening``: sentences that no reader may miss."""
    blocks = [f"**{sentence}**" for sentence in opening]
    for section in sections:
        if not section.table.empty:
            # Numbers are text already: tabulate must not align or rewrite them.
            blocks += [f"## {section.title}", section.table.to_markdown(index=False, disable_numparse=True)]
    blocks.append("## How to read this\n\n" + "\n".join(f"- {note}" for note in notes))
    return "\n\n".join(blocks) + "\n"


def latex(sections: list[Section], notes: list[str], opening: Iterable[str] = ()) -> str:
    """As ``markdown``; needs \\usepackage{booktabs,longtable,amssymb}."""
    blocks = [r"% \usepackage{booktabs,longtable,amssymb}", *(rf"\textbf{{{_escaped(s)}}}" for s in opening)]
    for section in sections:
        if not section.table.empty:
            table = section.table.map(_escaped).rename(columns=_escaped)
            # In brackets after \\ the first entry of a row would be read as a length.
            table.iloc[:, 0] = "{}" + table.iloc[:, 0]
            styled = table.style.hide(axis="index")
            blocks.append(
                styled.to_latex(
                    environment="longtable",
                    hrules=True,
                    caption=_escaped(section.title),
                    column_format="l" * len(table.columns),
                ).rstrip()
            )
    items = "\n".join(rf"\item {_escaped(note)}" for note in notes)
    blocks.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    return text.translate(LATEX)
