"""Tests that cannot fail prove nothing: each of these faults, put into a copy of the source, must turn its test red.

The copy lies in a temporary folder, with the tests that run against it; the checkout is never touched.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# what goes wrong, the module, the right text, the wrong text, the tests that must notice
FAULTS = [
    ("ddof of seeds", "crossed", "of_seeds.var(ddof=1)", "of_seeds.var(ddof=0)", "crossed"),
    ("ddof of sessions", "crossed", "of_sessions.var(ddof=1)", "of_sessions.var(ddof=0)", "crossed"),
    ("a negative component kept", "crossed", "between = max(ms_s - ms_rs, 0.0)", "between = ms_s - ms_rs", "crossed"),
    (
        "df of seeds alone",
        "crossed",
        "((ms_seed + between) / ms_seed) ** 2 * (n_seeds - 1)",
        "(n_seeds - 1)",
        "crossed",
    ),
    ("df not capped", "crossed", "(n_seeds - 1), n_sessions - 1))", "(n_seeds - 1), 1e9))", "crossed"),
    ("df of lucky seeds", "crossed", "_hillis_df(max(ms_r, ms_rs), between", "_hillis_df(ms_r, between", "crossed"),
    ("no floor of the sessions", "crossed", "if w < ms_s else None", "if False else None", "crossed"),
    (
        "p without its floor",
        "estimate",
        "return max(own, self.floor.p) if self.floor else own",
        "return own",
        "crossed",
    ),
    ("sizes of sessions ignored", "crossed", "(totals - delta * sizes)", "(totals - delta * sizes.mean())", "crossed"),
    (
        "seeds as if fixed",
        "crossed",
        "w = next((value for value in (ms_r + between, ms_s, ms_rs) if value > rounding), 0.0)",
        "w, ms_r, ms_rs = ms_s, 0.0, 0.0",
        "type_one_error",
    ),
    ("Holm not monotone", "correction", "np.maximum.accumulate(", "np.asarray(", "correction"),
    ("Bonferroni for Holm", "correction", "np.arange(len(p), 0, -1)", "len(p)", "correction"),
    ("TOST with the wrong sign", "estimate", "self.delta + margin", "self.delta - margin", "estimate"),
    ("TOST takes the smaller p", "estimate", "float(max(low, high))", "float(min(low, high))", "estimate"),
    ("one-sided p", "estimate", "2 * stats.t.sf(abs(self.t)", "stats.t.sf(abs(self.t)", "estimate"),
    ("clustered error without correction", "secondary", "n_sessions / (n_sessions - 1) * float", "float", "secondary"),
    ("sign flip one-sided", "secondary", "np.abs(sums) >= observed", "sums >= observed", "secondary"),
    (
        "a missing p does not count",
        "correction",
        "np.where(np.isnan(p), 1.0, p)\n    order",
        "np.where(np.isnan(p), 0.0, p)\n    order",
        "family",
    ),
    (
        "synthetic data in the family",
        "family",
        'table["dataset"].isin(synthetic)',
        'table["dataset"].isin(set())',
        "family",
    ),
    (
        "a fragile look rejects all the same",
        "family",
        "sound = ~(raw[effective] < plan.fewest)",
        "sound = raw[effective].isna() | True",
        "oracle",
    ),
    ("TOST spends as if two-sided", "family", '("p_tost", 1)', '("p_tost", 2)', "oracle"),
    (
        "p of the last look alone",
        "family",
        "sequential_p(by_look, plan.planned, sides)",
        "by_look[-1]",
        "oracle",
    ),
    ("a long session looks harmless", "influence", "(sizes.sum() - sizes)", "sizes.sum()", "influence"),
    ("unequal test sets compared", "runs", "run.test_hash != first.test_hash", "False", "runs"),
    ("a look forgets a rejection", "looks", "np.fmin.reduce([", "(lambda found: found[-1])([", "looks"),
    ("earlier looks forgotten", "looks", "for _ in range(100)", "for _ in range(0)", "looks"),
    (
        "one-sided spending for two-sided",
        "looks",
        "np.log(increments / _checked(sides))",
        "np.log(increments)",
        "looks",
    ),
    (
        "a look counts, not its seeds",
        "looks",
        "float(look / looks[-1])",
        "(list(looks).index(look) + 1) / len(looks)",
        "looks",
    ),
]


@pytest.fixture
def copy(tmp_path):
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    shutil.copytree(ROOT / "tests/significance", tmp_path / "tests/significance", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def checked(copy: Path, *names: str) -> subprocess.CompletedProcess:
    files = [f"tests/significance/test_{name}.py" for name in names]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True)


@pytest.mark.slow
def test_the_copy_is_green_and_is_what_runs(copy):
    result = checked(copy, *sorted({fault[-1] for fault in FAULTS}))
    assert result.returncode == 0, result.stdout
    (copy / "src/recore/significance/crossed.py").write_text("raise SystemError('this copy')\n")
    assert "this copy" in checked(copy, "crossed").stdout


@pytest.mark.parametrize(("module", "right"), [f[1:3] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_the_right_text_stands_in_the_source_once(module, right):
    """Fast, so that whoever rewrites a line hears of it at once."""
    source = (ROOT / f"src/recore/significance/{module}.py").read_text()
    assert source.count(right) == 1, f"{right!r} is not the text of {module}.py any more; mend this list"


@pytest.mark.slow
@pytest.mark.parametrize(("module", "right", "wrong", "test"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_noticed(copy, module, right, wrong, test):
    file = copy / f"src/recore/significance/{module}.py"
    file.write_text(file.read_text().replace(right, wrong))
    result = checked(copy, test)
    # 1: tests ran and failed. Anything else is a broken copy, which notices nothing.
    assert result.returncode == 1, result.stdout
    assert "FAILED" in result.stdout
