"""What params.yaml asks for, before the first hour of training: the grid, and what recore reads in each log.

python -m recore check

The head of each log that is on this machine goes through the readers, the filter and the split, as the stages would
take it, and what came out is printed: whatever looks wrong there is wrong. Nothing is downloaded and no hash compared.
"""

import argparse
import math
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recore import RecoreError, params, paths
from recore.data import demo, fetch, heads, readers
from recore.data.filter import compact, filter_clicks
from recore.data.public import files_of
from recore.data.sessions import Sessions
from recore.data.split import Split, split_clicks, split_parts
from recore.evaluation.external.files import by_seed, content_of
from recore.stages.external import from_record

# Milliseconds that a training case of trm costs on 2 cores, and nanoseconds more for each item (docs/BENCHMARKS.md).
CASE_MS, ITEM_NS = 0.1, 5.6
LONG = 0.05  # of all clicks in one session: a session, or a bot?


def main(argv: list[str] | None = None) -> None:
    argparse.ArgumentParser(prog="python -m recore check", description=__doc__.splitlines()[0]).parse_args(argv)
    given = params.load()
    variants = list(given.trained())
    datasets, seeds = given.at("datasets"), given.at("seeds")
    counts = {"dataset": len(datasets), "variant": len(variants), "seed": len(seeds)}
    grid = " × ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items())
    if variants:
        print(f"{grid} = {math.prod(counts.values())} cells of {', '.join(variants)}")
    if fitted := given.baselines():
        print(f"beside them, fitted without seeds: {', '.join(fitted)}")
    faults = []
    for dataset in datasets:
        try:
            for name, row in given.external().items():
                print(f"{dataset}: {name} has ranks {_origin(dataset, name, row, seeds)}")
            for line in report(dataset, given, len(variants) * len(seeds)):
                print(line)
        except RecoreError as fault:
            faults.append(f"{dataset}: {fault}")
    if faults:
        raise RecoreError("\nrecore: ".join(faults))


def _origin(dataset: str, name: str, row: dict[str, Any], seeds: list[int]) -> str:
    """Where the ranks of an external row come from; RecoreError where they are not there, or not those that are pinned.

    Whether they fit is for the stage: the split may not be made yet.
    """
    if "record" in row:
        kept = (paths.run(run.seed) for run in from_record(paths.ON_RECORD, dataset, row, seeds))
        return f"of {row['variant']} in record {row['record']}, seeds {', '.join(kept)}"
    files = by_seed(name, row, seeds)
    for key, spec in files.values():
        content_of(key, spec)
    named = (spec["path"] + ("" if seed is None else f" (seed {seed})") for seed, (_, spec) in files.items())
    return f"in {', '.join(named)}"


def report(dataset: str, given: params.Params, cells: int) -> Iterator[str]:
    """The lines on one dataset. Raises RecoreError where its log cannot be read, filtered or split.

    Of a log that is read in part such a fault is a warning: the rest may hold what the first part lacks.
    """
    source = given.at(f"sources.{dataset}")
    with tempfile.TemporaryDirectory() as folder:
        share = _put_heads(dataset, source, Path(folder))
        if share is None:
            yield f"{dataset}: not on this machine yet; `dvc repro` downloads it"
            return
        yield f"{dataset}: {'the whole log' if share == 1 else f'the first {share:.1%} of the log'}"
        try:
            yield from _read_and_split(Path(folder), source, given, share, cells)
        except RecoreError as fault:
            if share == 1:
                raise
            yield f"  warning: {fault} (this part of the log alone)"


def _read_and_split(
    folder: Path, source: dict[str, Any], given: params.Params, share: float, cells: int
) -> Iterator[str]:
    config = source["read"]
    log = readers.read(folder, config)
    yield from (f"  {account}" for account in log.accounts)
    if "columns" in config:
        columns = ({"visitor": config["sessions"]["by"]} if "sessions" in config else {}) | config["columns"]
        yield f"  columns: {', '.join(f'{role} = {column}' for role, column in columns.items())}"
    for name, part in log.parts.items():
        begin = "  " if name == "clicks" else f"  {name}: "
        yield from (begin + line for line in _of_sessions(part, clock=bool(log.accounts)))
    split = _split(log, given, source)
    counts = (f"{name} {part.n_sessions:,} sessions, {part.n_cases:,} cases" for name, part in split.parts.items())
    yield f"  after filter and split: {'; '.join(counts)}; {len(split.codes):,} items"
    epochs = (given.at("train") | source["train"])["epochs"]
    yield "  " + _expected(split, share, epochs, cells)


def _put_heads(dataset: str, source: dict[str, Any], folder: Path) -> float | None:
    """Puts the first part of each file into ``folder``; the share of the log that this is, None if one is not here."""
    config, wanted, raw = source["read"], source["fetch"], paths.raw(dataset)
    parts: list[tuple[float, int]] = []  # of each file the share that is read, and its size
    if "generate" in wanted:
        demo.generate(wanted["seed"], wanted["sessions"], wanted["items"]).to_csv(folder / "demo.csv", index=False)
        return 1.0
    specs = files_of(wanted)
    files = sorted(file for file in raw.rglob("*") if file.is_file())
    unpacked = any(spec.get("unzip") for spec in specs.values())
    as_wanted = files and (unpacked or {file.name for file in files} == set(specs))
    if as_wanted and not any("path" in spec for spec in specs.values()):
        for file in files:
            parts.append(heads.head(file, folder / file.relative_to(raw), config))
    else:
        for name, spec in specs.items():
            file = fetch.at_hand(dataset, name, spec)
            if file is None:
                return None
            parts += (
                heads.of_zip(file, folder, config) if spec.get("unzip") else [heads.head(file, folder / name, config)]
            )
    total = sum(size for _, size in parts)
    return sum(share * size for share, size in parts) / total if total else 1.0


def _of_sessions(part: Sessions, clock: bool) -> list[str]:
    lengths = part.lengths
    lines = [
        f"{part.n_sessions:,} sessions, {part.n_clicks:,} clicks, {len(np.unique(part.items)):,} items; a session has "
        f"{np.median(lengths):.0f} clicks (median), the longest {lengths.max():,}; {_repeats(part):.1%} of the clicks "
        "repeat an item of their session"
    ]
    if clock:
        first, last = (datetime.fromtimestamp(time / 1000, UTC) for time in (part.times.min(), part.times.max()))
        lines.append(f"sessions end between {first:%Y-%m-%d %H:%M:%S} and {last:%Y-%m-%d %H:%M:%S} UTC")
    if lengths.max() > LONG * part.n_clicks:
        lines.append(
            f"warning: one session has {lengths.max() / part.n_clicks:.0%} of all clicks; is it one, or a bot?"
        )
    return lines


def _repeats(part: Sessions) -> float:
    session = np.repeat(np.arange(part.n_sessions), part.lengths)
    distinct = len(np.unique(session * (int(part.items.max()) + 1) + part.items))
    return 1 - distinct / part.n_clicks


def _split(log: readers.Log, given: params.Params, source: dict[str, Any]) -> Split:
    shares = given.at("split")
    if "clicks" in log.parts:
        kept = filter_clicks(log.parts["clicks"], **given.at("filter"))
        return split_clicks(compact(kept, len(log.items))[0], **source["split"] | shares)
    return split_parts(*log.parts.values(), numbers=log.items.to_numpy(), **source["split"])


def _expected(split: Split, share: float, epochs: int, cells: int) -> str:
    cases, items = split.train.n_cases / share, len(split.codes)
    cell_s = cases * epochs * (CASE_MS / 1e3 + items * ITEM_NS / 1e9)
    rough = "" if share == 1 else f"; if the rest of the log is like its begin, with no more than these {items:,} items"
    return (
        f"expected: {cases:,.0f} training cases an epoch; {_hours(cell_s)} a cell of {epochs} epochs, "
        f"{_hours(cell_s * cells)} for its {cells} cells (2 cores, to a factor of two, less if runs stop early){rough}"
    )


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{max(seconds / 60, 1):.0f} min"
