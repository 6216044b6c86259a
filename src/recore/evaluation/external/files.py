"""The files that a row of ``variants.external`` names, each pinned by its content."""

import hashlib
from pathlib import Path
from typing import Any

from recore import RecoreError

Spec = dict[str, Any]  # path, sha256


def by_seed(variant: str, row: dict[str, Any], seeds: list[int]) -> dict[int | None, tuple[str, Spec]]:
    """The key in params.yaml and the file of each run of a row, by seed; a row of one ``file`` is one run without.

    Of the ``seeds`` those that the row names, up to the first that it does not; RecoreError where it lacks the first.
    """
    key = f"variants.external.{variant}"
    if "file" in row:
        return {None: (f"{key}.file", row["file"])}
    if seeds[0] not in row["files"]:
        named = ", ".join(map(str, row["files"]))
        raise RecoreError(f"params.yaml: `{key}.files` has none of seed {seeds[0]}; it has those of {named}")
    missing = (at for at, seed in enumerate(seeds) if seed not in row["files"])
    return {seed: (f"{key}.files.{seed}", row["files"][seed]) for seed in seeds[: next(missing, len(seeds))]}


def content_of(key: str, spec: Spec) -> bytes:
    """What a file holds; RecoreError where it is not there, not pinned, or not what is pinned."""
    path = Path(spec["path"])
    if not path.is_file():
        raise RecoreError(f"params.yaml: `{key}.path` is {path}, which is no file; correct the path")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if not spec.get("sha256"):
        raise RecoreError(f"params.yaml: `{key}` pins no content; add `sha256: {digest}`")
    if digest != spec["sha256"]:
        raise RecoreError(
            f"{path} has wrong content, sha256 {digest} instead of {spec['sha256']}; restore that file, or pin its own "
            f"hash under `{key}` if you meant to change it"
        )
    return content
