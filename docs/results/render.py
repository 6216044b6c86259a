"""Renders the README's results from the record that its marker names: python docs/results/render.py

The table is the record's table.md, its headings one level down and all but the first section folded.
"""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- rendered from (?P<folder>docs/results/[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
FIGURE = "Differences between variants, with intervals and the margin below which a difference does not matter"


def rendered(readme: str, root: Path) -> str:
    """The text of the README with every block made anew from the records under ``root``."""
    return BLOCK.sub(lambda found: f"{found[1]}{block(root, found['folder'])}{found[3]}", readme)


def block(root: Path, folder: str) -> str:
    """Figure, origin and table of one record; one sentence where it does not exist yet."""
    if not (root / folder / "record.json").exists():
        return f"Not on record yet: `make record NAME={Path(folder).name}` makes `{folder}`.\n"
    record = json.loads((root / folder / "record.json").read_text(encoding="utf-8"))
    table = (root / folder / "table.md").read_text(encoding="utf-8").strip()
    first, *others = re.split(r"\n\n(?=### )", re.sub(r"^## ", "### ", table, flags=re.MULTILINE))
    rest = "\n\n".join(others)
    fold = f"<details>\n<summary>Every planned comparison, and how to read it</summary>\n\n{rest}\n\n</details>\n"
    return f"![{FIGURE}]({folder}/forest.png)\n\n{origin(folder, record)}\n\n{first}\n\n{fold if others else ''}"


def origin(folder: str, record: dict[str, Any]) -> str:
    """Command, cells, machines, time, date and commit in one line."""
    machines = " and ".join(dict.fromkeys(_machine(machine) for machine in record["machines"]))
    seconds, note = record["wall_seconds"], ""
    if seconds is None:
        seconds, note = record["train_seconds"], " of training"
    time = f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
    return (
        f"[{folder}]({folder}): `{record['command']}`, {record['cells']} cells on {machines}, "
        f"{time}{note}, {record['date']}, commit `{record['commit'][:7]}`."
    )


def _machine(made_on: dict[str, Any]) -> str:
    processor = made_on["machine"]
    cores = f"{processor['cores']} cores of {processor['processor']}"
    return cores if made_on["device"] == "cpu" else f"{made_on['device']} ({cores})"


def main() -> None:
    readme = ROOT / "README.md"
    readme.write_text(rendered(readme.read_text(encoding="utf-8"), ROOT), encoding="utf-8")


if __name__ == "__main__":
    main()
