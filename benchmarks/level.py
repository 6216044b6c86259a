"""How often the tests find a difference where there is none, by simulation on the project's own functions.

    python benchmarks/level.py [--grids 1500] [--tests 20000] [--sessions 4000] [--looks 400] [--quick]

Writes benchmarks/results/level.csv and the tables of docs/STATISTICS.md. The slow tests assert the same worlds.
"""

import pandas as pd
from children import ROOT, options, write
from measure import where
from page import filled
from tables import markdown, percent, read
from tqdm import tqdm
from worlds import FEW, GRIDS, ORDINARY, family_errors, look_errors, marked, tail_sizes

PAGE = ROOT / "docs" / "STATISTICS.md"
DEFAULTS = {"grids": 1500, "tests": 20_000, "sessions": 4000, "looks": 400}  # draws
QUICK = {"grids": 4, "tests": 20, "sessions": 20, "looks": 2}
LOOKS = (5, 8, 12, 20)


def family_table(results: pd.DataFrame) -> str:
    """The error of a family and of one test in the tail, by rule."""
    rows = []
    for world in GRIDS:
        found = _of(results, world)
        rows.append(
            {
                "18 comparisons of": world,
                "family error, rule before": percent(found["family, before"]),
                "now": percent(found["family, now"]),
                "one test at .05/18, before": _tail(found["tail, before"]),
                "now ": _tail(found["tail, now"]),
                "equivalence at the margin": _tail(found["tail, equivalence"]),
            }
        )
    return markdown(rows)


def few_table(results: pd.DataFrame) -> str:
    """What the label fragile does, world by world."""
    rows = []
    for world in (*FEW, *ORDINARY):
        found = _of(results, world)
        rows.append(
            {
                "sessions": world,
                "p < .05": percent(found["rejected"]),
                "fragile": percent(found["fragile"]),
                "p < .05 and a marker": percent(found["marker"]),
                "p < .05 of those without †": percent(found["rejected of the others"]),
                "at .05/18": _tail(found["rejected at α/18"]),
                "and a marker": _tail(found["marker at α/18"]),
            }
        )
    return markdown(rows)


def looks_table(results: pd.DataFrame) -> str:
    rows = []
    for world in GRIDS:
        found = _of(results, world)
        rows.append(
            {
                "18 comparisons, four looks": world,
                "Holm at every look (peeking)": percent(found["looks, peeking"]),
                "error spent over the looks": percent(found["looks, spent over the looks"]),
            }
        )
    return markdown(rows)


def source(results: pd.DataFrame) -> str:
    one = results.iloc[0]
    trial = "**A QUICK TRIAL: THESE NUMBERS MEAN NOTHING.** " if results["quick"].any() else ""
    kinds = {
        "families": "family, now",
        "single tests": "tail, now",
        "session worlds": "rejected",
        "looks": "looks, peeking",
    }
    draws = [
        f"{results.loc[results['rate'] == rate, 'draws'].iloc[0]:,} draws of the {kind}" for kind, rate in kinds.items()
    ]
    return f"{trial}`{one.command}` on {one.date}, commit {one.commit}, Python {one.python}: {', '.join(draws)}."


def blocks(results: pd.DataFrame) -> dict[str, str]:
    """The Markdown of every block of the page, by name."""
    made = {"family": family_table, "few sessions": few_table, "looks": looks_table, "source of the levels": source}
    return {name: table(results) for name, table in made.items()}


def simulated(draws: dict[str, int]) -> list[dict[str, float | int | str]]:
    rows: list[dict[str, float | int | str]] = []

    def add(world: str, found: dict[str, float], n: int, prefix: str = "") -> None:
        rows.extend(
            {"world": world, "rate": prefix + rule, "value": share, "draws": n} for rule, share in found.items()
        )

    with tqdm(total=3 * len(GRIDS) + len(FEW | ORDINARY), unit="world") as bar:
        for world, spread in GRIDS.items():
            add(world, family_errors(spread, draws["grids"]), draws["grids"], "family, ")
            bar.update()
            add(world, tail_sizes(spread, draws["tests"]), draws["tests"], "tail, ")
            bar.update()
            add(world, look_errors(spread, LOOKS, draws["looks"]), draws["looks"], "looks, ")
            bar.update()
        for world, draw in (FEW | ORDINARY).items():
            add(world, marked(draw, draws["sessions"]), draws["sessions"])
            bar.update()
    return rows


def _of(results: pd.DataFrame, world: str) -> dict[str, float]:
    return results[results["world"] == world].set_index("rate")["value"].to_dict()


def _tail(share: float) -> str:
    return f"{100 * share:.2f} %"


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    rows = simulated({name: getattr(chosen, name) for name in DEFAULTS})
    results = read(write([row | where() for row in rows], "level", chosen.quick))
    print(*blocks(results).values(), sep="\n\n")
    if not chosen.quick:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), blocks(results)), encoding="utf-8")


if __name__ == "__main__":
    main()
