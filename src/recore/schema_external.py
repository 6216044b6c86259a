"""A row of ``variants.external`` in the schema of ``params.yaml``: ranks that were made elsewhere."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from recore.schema_read import Section
from recore.schema_source import Digest, Seed

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
VariantName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class FromRecord(Section):
    """A row whose ranks are those of a variant of docs/results/RECORD."""

    record: Name
    variant: VariantName


class RanksFile(Section):
    """A file of ranks; stage external says what to pin it by where there is no ``sha256``."""

    path: Annotated[str, Field(min_length=1)]
    sha256: Digest | None = None


class FromFile(Section):
    """A row whose ranks another program wrote into a file, without seeds; ``test_hash`` is that of the test cases."""

    test_hash: Digest
    file: RanksFile


class FromFiles(Section):
    """A row with a file for each seed."""

    test_hash: Digest
    files: Annotated[dict[Seed, RanksFile], Field(min_length=1)]


def _external_kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else ()
    kind = "files" if "files" in keys else "file" if {"file", "test_hash"} & set(keys) else "record"
    return f"{kind} row"  # no key: see ``findings``, which tells keys from tags


External = Annotated[
    Annotated[FromRecord, Tag("record row")]
    | Annotated[FromFile, Tag("file row")]
    | Annotated[FromFiles, Tag("files row")],
    Discriminator(_external_kind),
]
