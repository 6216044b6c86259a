"""A row of ``sources`` in the schema of ``params.yaml``; its ``read`` has a file of its own, ``schema_read``."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from recore.schema_read import Delimited, Prepared, Section, Table

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # SHA-256
Share = Annotated[float, Field(gt=0, le=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class File(Section):
    """One file of a source: where its bytes are, and what they must be."""

    url: str | None = None
    path: str | None = None
    sha256: Digest | None = None
    git_blob: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    unzip: bool | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "File":
        if self.path is not None and self.url is not None:
            raise ValueError("give `url` or `path`, not both")
        if self.path is not None and not Path(self.path).is_absolute():
            raise ValueError(f"`path` is absolute, not {self.path!r}")
        if self.path is None and (self.sha256 is None) == (self.git_blob is None):
            raise ValueError("needs exactly one of `sha256` and `git_blob`")
        return self


class Fetch(Section):
    files: Annotated[dict[FileName, File], Field(min_length=1)]


class Public(Section):
    public: str


class Generate(Section):
    generate: Literal["demo"]
    seed: Seed
    sessions: Annotated[int, Field(ge=20)]
    items: Annotated[int, Field(ge=20)]


class SourceSplit(Section):
    """The period of a source: the share ``recent`` before the newest share ``skip``; without ``skip`` the newest."""

    recent: Share
    skip: Rate = 0.0

    @model_validator(mode="after")
    def _within_the_log(self) -> "SourceSplit":
        # As they are written, like the split itself: a sum of floats can round down to 1.
        total = Decimal(str(self.recent)) + Decimal(str(self.skip))
        if total > 1:
            raise ValueError(
                f"recent {self.recent} and skip {self.skip} are {total} together, more than the log; lower one of them "
                "until they are 1 at most"
            )
        return self


def _fetch_kind(value: Any) -> str:
    return next((kind for kind in ("generate", "public") if isinstance(value, dict) and kind in value), "files")


class Source(Section):
    fetch: Annotated[
        Annotated[Fetch, Tag("files")] | Annotated[Public, Tag("public")] | Annotated[Generate, Tag("generate")],
        Discriminator(_fetch_kind),
    ]
    read: Annotated[Prepared | Table | Delimited, Field(discriminator="format")]
    split: SourceSplit
    train: dict[str, Any]
