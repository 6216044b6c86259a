"""The scripts of docs/results import each other by name, as they do when they are run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "docs/results"))
