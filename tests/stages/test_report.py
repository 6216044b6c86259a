"""plots/report.html: what a reader gets who opens it from disk, without a network, in a real browser."""

import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from recore import costs, paths
from recore.stages import aggregate, significance

from . import fake_grid

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--dump-dom"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch, fake_grid.rendered():
        folder = tmp_path_factory.mktemp("report")
        monkeypatch.chdir(folder)
        fake_grid.write_grid()
        significance.main(["demo"])
        aggregate.main([])
        yield folder / "plots/report.html"


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """Opens a file; returns the document after its scripts ran, and what the console said."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")

    def opened(file: Path) -> tuple[str, list[str]]:
        profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
        command = [browser, *FLAGS, profile, file.as_uri()]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        return result.stdout, [line for line in result.stderr.splitlines() if "CONSOLE" in line]

    return opened


def rows(document: str, heading: str) -> list[list[str]]:
    """The body cells of the table under a heading's id."""
    body = document.split(f'<h2 id="{heading}">')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [[unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in body.split("<tr>")[1:]]


def test_nothing_is_loaded_from_elsewhere(page):
    class Links(HTMLParser):
        found = ()

        def handle_starttag(self, tag, attrs):
            self.found += tuple(value for name, value in attrs if name in ("src", "href", "srcset", "action"))

    parser = Links()
    parser.feed(page.read_text())
    assert parser.found
    assert {link.partition(":")[0] for link in parser.found if not link.startswith("#")} == {"data"}
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", page.read_text())


def test_it_holds_no_time_and_is_the_same_bytes_every_time(page):
    first = page.read_text()
    folder = paths.record("demo", "trm", 0)
    costs.write(folder, costs.read(folder) | {"train_seconds": 77.5, "commit": "feedc0ffee", "device": "another"})
    aggregate.main([])
    assert page.read_text() == first


def test_settings_and_data_are_there(page):
    text = page.read_text()
    assert "hard_neg_lambda: 0.2\n" in unescape(text)
    assert ["demo", "300", "test", "90", "360", "1,234"] in rows(text, "data")


def test_the_warning_of_synthetic_data_stands_before_the_results(page):
    before = page.read_text().split('<h2 id="results">')[0]
    assert "demo is synthetic: this proves that the pipeline works and ranks nobody." in before


def test_a_browser_shows_it_without_a_word_on_the_console(page, browse):
    document, console = browse(page)
    assert console == []
    assert [row[1] for row in rows(document, "results")] == ["ave", "trm", "da", "hn", "dahn"]
    assert document.count('src="data:image/png;base64,') == 6
    comparisons = pd.read_csv("metrics/comparisons.csv")
    verdicts = document.split('id="verdicts"')[1].split("</ul>")[0]
    assert verdicts.count("<li>") == (comparisons["metric"] == "mrr@20").sum() + 1
    assert "demo: ave against trm by MRR@20: worse, " in verdicts
    assert "demo, MRR@20: dahn is not shown to be better than each of da and hn" in verdicts


@pytest.mark.parametrize("clicks", [1, 2])
def test_a_click_on_a_column_sorts_by_its_number(page, browse, clicks, tmp_path):
    click = "document.querySelectorAll('#results + div th button')[3].click();" * clicks
    copy = tmp_path / "clicked.html"
    copy.write_text(page.read_text().replace("</body>", f"<script>{click}</script></body>"))
    document, console = browse(copy)
    assert console == []
    values = [float(row[3].split()[0]) for row in rows(document, "results")]
    assert len(values) == 5
    assert values == sorted(values, reverse=clicks == 2)
    assert values != [float(row[3].split()[0]) for row in rows(page.read_text(), "results")]
    assert f'aria-sort="{"ascending" if clicks == 1 else "descending"}"' in document


def test_a_broken_page_would_be_noticed(browse, tmp_path):
    broken = tmp_path / "broken.html"
    broken.write_text("<!DOCTYPE html><title>broken</title><script>missing()</script>")
    _, console = browse(broken)
    assert len(console) == 1
