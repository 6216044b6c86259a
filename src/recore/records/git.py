"""What is asked of git."""

import subprocess
from pathlib import Path

from recore import RecoreError


def git(folder: Path, *arguments: str) -> str:
    """What it prints; RecoreError where it fails, as outside a repository."""
    result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        raise RecoreError(f"`git {' '.join(arguments)}` failed in {folder}: {result.stderr.strip()}")
    return result.stdout.strip()


def clean_head(folder: Path) -> str | None:
    """The commit that is checked out, if src and dvc.yaml are as it has them; None where not, and outside git."""
    try:
        return None if git(folder, "status", "--porcelain", "--", "src", "dvc.yaml") else head(folder)
    except RecoreError:
        return None


def is_ignored(path: Path) -> bool:
    """Whether git leaves out a file below the working directory; one that is tracked is never left out."""
    return subprocess.run(["git", "check-ignore", "--quiet", "--", path], capture_output=True).returncode == 0


def head(folder: Path) -> str:
    """The commit that is checked out; RecoreError outside git."""
    return git(folder, "rev-parse", "HEAD")
