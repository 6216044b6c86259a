"""Renders the pages that show records: python -m recore record render

README.md has a table of claims and verdicts, docs/results/README.md one for each claim and those of a whole set and of
the baselines, docs/DEVIATIONS.md two of the switches, QUESTIONS.md those of some records and of the searches before
them, SENSITIVITY.md those of three records and a figure drawn here.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from recore import artifacts, costs, params, paths
from recore.evaluation.on_record.files import RESTORE
from recore.records.claims import claim_table, effects_table
from recore.records.fewer_seeds import by_seeds, seeds_table
from recore.records.hard_negatives import grid_figure, grid_table, with_settings
from recore.records.margins import margin_table
from recore.records.trials import before_and_after, search_table
from recore.records.verdicts import limit_sentence, verdict_table
from recore.reporting import style
from recore.reporting.format import metric_title
from recore.significance.plan import Plan

PAGES = ("../../README.md", "README.md", "SENSITIVITY.md", "QUESTIONS.md", "../DEVIATIONS.md")
PART = re.compile(r"(<!-- rendered: (?P<part>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEADLINE = ("mrr@20", "recall@20")
GRID, GRID_FIGURE = "sensitivity_tenth", "k_and_lambda.png"
GRID_SHOWS = "Difference that hard negatives make against K, a line for each lambda, with intervals and the margin"
BY_SEEDS, ITS_DATASET = "full_yoochoose64", "yoochoose64_srgnn"
SEARCHED = ("questions", "questions_diginetica")  # of one dataset each, with the rows that a search on it chose
ANSWERED = SEARCHED  # those whose cells are there
UNTUNED = "reduced"  # has the comparisons of them before tuning, on the same sets
TUNED = {("hn", "trm"): ("hn_tuned", "trm_tuned"), ("da", "trm"): ("da_tuned", "trm_tuned")}
CLAIMED_IN = ("reduced", "full_yoochoose64")  # the finished ones of these are in the table of claims
CLAIMED = (("ave", "trm"), ("da", "trm"), ("hn", "trm"), ("dahn", "trm"), ("dahn", "da"), ("dahn", "hn"))


def parts(page: str, results: Path) -> str:
    """The text of a page with every block made anew from what ``results``, the folder of the records, holds."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found['part']](results)}{found[3]}", page)


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
    machine = made_on["machine"]
    cores = f"{machine['cores']} cores of {costs.processor(machine)}"
    return cores if made_on["device"] == "cpu" else f"{made_on['device']} ({cores})"


def _verdicts(results: Path) -> str:
    folders = [results / name for name in CLAIMED_IN if (results / name / "provenance.json").exists()]
    if not folders:
        return _not_yet(CLAIMED_IN[0], "docs/results/")
    given = [params.load(folder / "params.yaml") for folder in folders]
    comparisons = [_read(folder / "comparisons.csv") for folder in folders]
    lines = [_markdown(verdict_table(list(zip(comparisons, given, strict=True)))), "Differences are in points."]
    for folder, own in zip(folders, given, strict=True):
        about = origin(f"docs/results/{folder.name}", artifacts.read_json(folder / "provenance.json", RESTORE))
        lines.append(f"{about} {limit_sentence(_read(folder / 'runs.csv'), own)}")
    return "\n\n".join(lines) + "\n"


def _grid(results: Path) -> str:
    comparisons = gridded(results)
    if comparisons is None:
        return _not_yet(GRID)
    tables = [
        f"Δ {metric_title(metric)}, points:\n\n{_markdown(grid_table(comparisons, metric))}" for metric in HEADLINE
    ]
    about = origin(GRID, artifacts.read_json(results / GRID / "provenance.json", RESTORE))
    return "\n\n".join([f"![{GRID_SHOWS}]({GRID_FIGURE})", *tables, about]) + "\n"


def gridded(results: Path) -> pd.DataFrame | None:
    """The comparisons of every K and lambda, with both; None before that record is finished."""
    folder = results / GRID
    if not (folder / "comparisons.csv").exists():
        return None
    return with_settings(_read(folder / "comparisons.csv"), params.load(folder / "params.yaml"), results)


def _seeds(results: Path) -> str:
    folder = results / BY_SEEDS
    if not (folder / "provenance.json").exists():
        return _not_yet(BY_SEEDS)
    rows = by_seeds(folder, ITS_DATASET, HEADLINE)
    return f"From the ranks of [{BY_SEEDS}]({BY_SEEDS}), in points:\n\n{_markdown(seeds_table(rows))}\n"


def _margins(results: Path) -> str:
    texts = []
    for name in CLAIMED_IN:
        folder = results / name
        if not (folder / "comparisons.csv").exists():
            texts.append(_not_yet(name).rstrip())
            continue
        comparisons, sessions = _read(folder / "comparisons.csv"), _sessions(folder)
        plan = Plan.of(params.load(folder / "params.yaml").at("significance"))
        tables = [_markdown(margin_table(comparisons, sessions, metric, plan)) for metric in HEADLINE]
        texts += [f"From [{name}/comparisons.csv]({name}/comparisons.csv), in points:", *tables]
    return "\n\n".join(texts) + "\n"


def _search(record: str) -> Callable[[Path], str]:
    def part(results: Path) -> str:
        folder = results / record
        if not (folder / "tuned").exists():
            return "Not on record yet.\n"
        given = params.load(folder / "params.yaml")
        (dataset,) = given.at("datasets")
        names = [name for group in params.TRAINED for name in given.tuned(group)]
        found = {name: artifacts.read_json(folder / "tuned" / dataset / f"{name}.json", RESTORE) for name in names}
        return _markdown(search_table(found)) + "\n"

    return part


def _tuned(record: str) -> Callable[[Path], str]:
    def part(results: Path) -> str:
        for name in (UNTUNED, record):
            if not (results / name / "provenance.json").exists():
                return _not_yet(name)
        untuned, tuned = (_read(results / name / "comparisons.csv") for name in (UNTUNED, record))
        same = untuned["dataset"].isin(tuned["dataset"])
        return _markdown(before_and_after(untuned[same], tuned, TUNED, list(HEADLINE))) + "\n"

    return part


def _not_yet(record: str, place: str = "") -> str:
    return f"Not on record yet: `make record NAME={record}` makes `{place}{record}`.\n"


def _claim(a: str, b: str, record: str) -> Callable[[Path], str]:
    def part(results: Path) -> str:
        if not (results / record / "comparisons.csv").exists():
            return _not_yet(record)
        comparisons, sessions = _read(results / record / "comparisons.csv"), _sessions(results / record)
        given = params.load(results / record / "params.yaml")
        alpha, power = given.at("significance.alpha"), given.at("significance.power")
        return _markdown(claim_table(comparisons, sessions, alpha, power, a, b)) + "\n"

    return part


def _effects(record: str, place: str = "results/") -> Callable[[Path], str]:
    """``place``: of the records' folder, as the page that shows it links."""

    def part(results: Path) -> str:
        folder = results / record
        if not (folder / "provenance.json").exists():
            return _not_yet(record, place)
        about = origin(f"{place}{record}", artifacts.read_json(folder / "provenance.json", RESTORE))
        return f"{_markdown(effects_table(_read(folder / 'comparisons.csv')))}\n\n{about}\n"

    return part


PARTS = {"verdicts": _verdicts, "grid": _grid, "seeds": _seeds, "margins": _margins}
PARTS |= {record: _effects(record) for record in ("switches_tenth", "converged_tenth")}
PARTS |= {
    record: _effects(record, place="")
    for record in ("full_yoochoose64", "baselines", "baselines_yoochoose64", *ANSWERED)
}
PARTS |= {f"search_{record}": _search(record) for record in SEARCHED}
PARTS |= {f"tuned_{record}": _tuned(record) for record in ANSWERED}
PARTS |= {f"{a}_{b}": _claim(a, b, "reduced") for a, b in CLAIMED}


def _sessions(folder: Path) -> dict[str, int]:
    """Test sessions of each dataset."""
    return _read(folder / "runs.csv").groupby("dataset")["n_sessions"].first().to_dict()


def _read(file: Path) -> pd.DataFrame:
    with artifacts.reading(file, RESTORE):
        table = pd.read_csv(file, keep_default_na=False, na_values=[""])  # "null" is a name here
    return table.fillna({"verdict": ""}) if "verdict" in table else table


def _markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True)


def main(argv: list[str] | None = None) -> None:
    argparse.ArgumentParser(prog="python -m recore record render", description=__doc__.splitlines()[0]).parse_args(argv)
    results = paths.ON_RECORD
    artifacts.existing(results, "run this from the root of the repository")
    for page in PAGES:
        file = results / page
        artifacts.write_text(file, parts(file.read_text(encoding="utf-8"), results))
    comparisons = gridded(results)
    if comparisons is not None:
        with artifacts.new_file(results / GRID_FIGURE) as file:
            file.write_bytes(style.rendered(grid_figure(comparisons, HEADLINE), "png"))
