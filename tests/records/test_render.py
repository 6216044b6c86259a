"""The pages that show records are what the files beside them hold."""

import json
import shutil
from pathlib import Path

import pandas as pd

from recore.records import render

RESULTS = Path(__file__).parents[2] / "docs/results"
PAGE = (RESULTS / "SENSITIVITY.md").read_text(encoding="utf-8")


def test_the_pages_are_what_the_files_give():
    shown = []
    for page in render.PAGES:
        text = (RESULTS / page).read_text(encoding="utf-8")
        shown += [found[1] for found in render.PART.findall(text)]
        assert render.parts(text, RESULTS) == text, "run `python -m recore record render`"
    assert sorted(shown) == sorted(render.PARTS)


def test_a_page_says_what_is_not_on_record_yet(tmp_path):
    page = render.parts(PAGE, tmp_path)
    for name in ("sensitivity_tenth", "reduced", "full_yoochoose64"):
        assert f"Not on record yet: `make record NAME={name}` makes `{name}`." in page
    page = render.parts((RESULTS / "QUESTIONS.md").read_text(encoding="utf-8"), tmp_path)
    assert page.count("Not on record yet.\n") == len(render.SEARCHED)
    for name in ("questions", "reduced"):  # its comparisons, and what they are held beside
        assert f"Not on record yet: `make record NAME={name}` makes `{name}`." in page


def test_a_page_changes_with_the_numbers(tmp_path):
    for name in ("sensitivity_tenth", "switches_tenth"):  # some settings were trained in the other one
        (tmp_path / name).mkdir()
        shutil.copy(RESULTS / name / "params.yaml", tmp_path / name)
    folder = tmp_path / "sensitivity_tenth"
    row = {"dataset": "yoochoose64_srgnn", "b": "trm", "margin": 0.002, "verdict": "better", "effective_sessions": 40.0}
    row |= {"delta": 0.0011, "delta_shown": 0.0011, "ci_lo": 0.0001, "ci_hi": 0.0021}
    names = ("hn_1_1", "hn_1_2", "hn_64_1", "hn64")
    rows = [row | {"a": a, "metric": metric} for a in names for metric in render.HEADLINE]
    pd.DataFrame(rows).to_csv(folder / "comparisons.csv", index=False)
    made_on = {"device": "cpu", "machine": {"processor": "X", "cores": 2, "instructions": "AVX2"}}
    about = {"command": "python -m recore cells", "cells": 50, "machines": [made_on], "wall_seconds": 7200.0}
    about |= {"date": "2026-11-23", "commit": "0123456789"}
    (folder / "provenance.json").write_text(json.dumps(about))
    page = render.parts(PAGE, tmp_path)
    assert render.parts(page, tmp_path) == page
    for text in ("](k_and_lambda.png)", "| 1   |", "| 64  |", "+0.11 [+0.01, +0.21] ▲"):
        assert text in page, text
    assert "[sensitivity_tenth](sensitivity_tenth): `python -m recore cells`, 50 cells on 2 cores of X (AVX2)" in page
    pd.DataFrame(rows).assign(delta=0.005).to_csv(folder / "comparisons.csv", index=False)
    assert "+0.50 [" in render.parts(page, tmp_path)
