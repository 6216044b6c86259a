"""Tables that earlier stages left, read back whole: what stage significance made of the ranks, and training curves.

A CSV that breaks off between two lines looks whole, and fewer rows would have other means and other p. So whoever
writes a table says beside it how many rows it has.
"""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from recore import RecoreError, artifacts, paths

# What is text although it may look like a number: a prefix length "3", a variant called inf.
TEXT = ("dataset", "a", "b", "variant", "metric", "level", "breakdown", "group", "test_hash")


def save(dataset: str, tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> None:
    """What significance makes of the ranks of a dataset, by file name, and the ``settings`` that it had."""
    with artifacts.new_folder(paths.significance(dataset)) as folder:
        for name, table in tables.items():
            if name.endswith(".csv"):
                table.to_csv(folder / name, index=False, lineterminator="\n")
            else:
                table.to_parquet(folder / name, index=False)
        rows = {name: len(table) for name, table in tables.items()}
        artifacts.write_json(folder / "made.json", {"settings": settings, "rows": rows})


def is_saved(dataset: str) -> bool:
    return _about(dataset).exists()


def check_settings(datasets: list[str], settings: dict[str, Any]) -> None:
    """RecoreError where the tables of a dataset were made with other settings than these."""
    settings = json.loads(json.dumps(settings))  # as they were kept: every key is text
    for dataset in datasets:
        made = artifacts.read_json(_about(dataset))["settings"]
        changed = [key for key in settings if made.get(key) != settings[key]]
        if changed:
            raise RecoreError(
                f"{paths.significance(dataset)} was made with other `{changed[0]}` than params.yaml has; `dvc repro` "
                "makes it again"
            )


def read_tables(datasets: list[str], name: str) -> pd.DataFrame:
    """The rows of one file that ``save`` left, of every dataset, which is a column."""
    return pd.concat([_read_table(dataset, name) for dataset in datasets], ignore_index=True)


def _read_table(dataset: str, name: str) -> pd.DataFrame:
    rows = artifacts.read_json(_about(dataset))["rows"][name]
    file = paths.significance(dataset) / name
    if name.endswith(".csv"):
        table = _read_csv(file)
    else:
        with artifacts.reading(file):
            table = pd.read_parquet(file)
    with artifacts.reading(file):
        if len(table) != rows:
            raise ValueError(f"{len(table)} rows, where {rows} were written")
    return table.assign(dataset=dataset)


def read_history(dataset: str, variant: str, seed: int, epochs: int) -> pd.DataFrame:
    """The training curve of a run, a row for each of its ``epochs``."""
    file = paths.record(dataset, variant, seed) / "history.csv"
    table = _read_csv(file)
    with artifacts.reading(file):
        if len(table) != epochs:
            raise ValueError(f"{len(table)} epochs, where the record has {epochs}")
    return table


def _about(dataset: str) -> Path:
    return paths.significance(dataset) / "made.json"


def _read_csv(path: Path) -> pd.DataFrame:
    """One that breaks off is no error to pandas: it would fill the rest of the line with nothing."""
    with artifacts.reading(path) as file:
        text = file.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            raise ValueError("its last line has no end")
        return pd.read_csv(
            io.StringIO(text),
            dtype=dict.fromkeys(TEXT, str) | {"seed": "Int64"},  # with gaps: not every run has one
            keep_default_na=False,  # "n/a" is a level here, not a missing value
            na_values=[""],
        )
