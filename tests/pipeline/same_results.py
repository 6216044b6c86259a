"""Whether a demo made here agrees with the one in git: `python tests/pipeline/same_results.py CHECKOUT`.

On a processor that rounds as the one did that made the demo in git, every file is the same, byte for byte. Another one
rounds otherwise and training carries that on: losses differ in their last digits, and the metrics of a run may differ
by TOLERANCE. Then too all else is the same: which runs there are, their test set, the baselines, which no training
rounds, and every file that is no result.
"""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd

RUNS, CURVES = "metrics/runs.csv", "plots/curves.csv"
RESULTS = ("dvc.lock", "metrics/", "plots/")
TOLERANCE = 0.005  # five cases of the demo's 966
BEST = ["best_epoch", "popularity@20"]  # an epoch, and clicks an item: on no scale from 0 to 1


def difference(made: pd.DataFrame, kept: pd.DataFrame) -> str | None:
    """The first difference that is not rounding, as one sentence; both are tables as ``metrics/runs.csv``."""
    if list(made) != list(kept):
        return f"the columns are {list(made)} instead of {list(kept)}"
    exact = [name for name in kept if not pd.api.types.is_float_dtype(kept[name]) and name not in BEST]
    if len(made) != len(kept):
        return f"there are {len(made)} runs instead of {len(kept)}"
    for name in exact:
        if not made[name].astype(str).equals(kept[name].astype(str)):
            return f"column {name} differs"
    for name in kept.columns.difference([*exact, *BEST]):
        off = (made[name] - kept[name]).abs()
        if not made[name].isna().equals(kept[name].isna()) or (off > TOLERANCE).any():
            return f"{name} differs by {off.max():.4f}, more than {TOLERANCE}"
        if (fitted := off[kept["seed"].isna()]).gt(0).any():
            return f"{name} of a baseline differs by {fitted.max():.2g}"
    return None


def changed(status: str, rounded: bool) -> list[str]:
    """The lines of ``git status --porcelain`` that should not be there: results may differ where they are rounded."""
    return [
        line for line in status.splitlines() if not (rounded and line[:3] == " M " and line[3:].startswith(RESULTS))
    ]


def main() -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True).stdout

    checkout = Path(sys.argv[1])
    found = difference(pd.read_csv(checkout / RUNS), pd.read_csv(StringIO(git("show", f"HEAD:{RUNS}"))))
    rounded = (checkout / CURVES).read_text() != git("show", f"HEAD:{CURVES}")
    if not found and (others := changed(git("status", "--porcelain"), rounded)):
        found = f"`git status` has {', '.join(others)}"
    if found:
        sys.exit(f"the demo made here is not the one in git: {found}")
    print("the demo is that in git" + (" to the rounding of another processor" if rounded else ", byte for byte"))


if __name__ == "__main__":
    main()
