"""What travels to a worker (a zip of the code, params.yaml, dvc.yaml and one split), and what comes back of a cell."""

import hashlib
import io
import zipfile
from pathlib import Path

from recore import paths
from recore.grid.cells import READ, Cell

CODE = Path("src/recore")
EPOCH = (1980, 1, 1, 0, 0, 0)  # equal content is an equal bundle, which a worker of before still has


def bundle(dataset: str) -> tuple[str, bytes]:
    """The SHA-256 by which the workers know it, and the zip."""
    files = [paths.PARAMS, paths.PIPELINE]
    for folder in (CODE, paths.split(dataset)):
        files += sorted(file for file in folder.rglob("*") if file.suffix in READ and file.is_file())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files:
            about = zipfile.ZipInfo(file.as_posix(), EPOCH)
            archive.writestr(about, file.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=1)
    content = buffer.getvalue()
    return hashlib.sha256(content).hexdigest(), content


def folders(cell: Cell) -> list[str]:
    """Where the files of a cell lie; the last one is that whose inputs.json says that it is whole."""
    own = (cell.dataset, cell.variant, cell.seed)
    model = [] if cell.seed is None else [paths.model(*own)]
    return [folder.as_posix() for folder in (*model, paths.record(*own), paths.ranks(*own))]


def files(cell: Cell, weights: bool) -> list[str]:
    """Exactly the files that a cell leaves."""
    *model, record, ranks = folders(cell)
    of_model = [f"{folder}/{name}" for folder in model for name in ("config.json", "weights.safetensors")]
    curve = [] if cell.seed is None else [f"{record}/history.csv"]
    names = [f"{record}/record.json", f"{record}/cost.json", *curve]
    names += [f"{ranks}/{name}" for name in ("cases.parquet", "meta.json", "inputs.json")]
    return sorted(names + (of_model if weights else of_model[:1]))
