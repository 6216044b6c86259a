"""Every file and folder name of the pipeline, relative to the working directory.

Never relative to ``__file__``: a queued or cloned run must see its own checkout.
"""

from pathlib import Path

PARAMS = Path("params.yaml")
LOCK = Path("dvc.lock")
PIPELINE = Path("dvc.yaml")
DATA = Path("data")
METRICS = Path("metrics")
PLOTS = Path("plots")
ON_RECORD = Path("docs/results")
VARIANTS = Path("src/recore/variants")

ENCODERS = DATA / "encoders"
MODELS = DATA / "models"
RANKS = DATA / "ranks"
RECORDS = DATA / "records"
SIGNIFICANCE = DATA / "significance"
SPLIT = DATA / "split"
TRIALS = DATA / "trials"
TUNED = DATA / "tuned"

NO_SEED = "none"  # stands where the seed of a run does, for what is fitted without one


def raw(dataset: str) -> Path:
    return DATA / "raw" / dataset


def filtered(dataset: str) -> Path:
    return DATA / "filtered" / dataset


def split(dataset: str) -> Path:
    return SPLIT / dataset


def variant_file(encoder: str) -> Path:
    return VARIANTS / f"{encoder}.py"


def encoder(variant: str) -> Path:
    """The copy of its encoder's file that the cells of a variant depend on."""
    return ENCODERS / f"{variant}.py"


def model(dataset: str, variant: str, seed: int) -> Path:
    return MODELS / dataset / variant / run(seed)


def record(dataset: str, variant: str, seed: int | None) -> Path:
    return RECORDS / dataset / variant / run(seed)


def ranks(dataset: str, variant: str, seed: int | None) -> Path:
    return RANKS / dataset / variant / run(seed)


def results(dataset: str, variant: str, seed: int | None) -> list[Path]:
    """The files of a run that its results are read from."""
    own, record_of_it = ranks(dataset, variant, seed), record(dataset, variant, seed)
    curve = [] if seed is None else [record_of_it / "history.csv"]
    return [own / "cases.parquet", own / "meta.json", *curve, record_of_it / "record.json"]


def trials(dataset: str, variant: str) -> Path:
    return TRIALS / dataset / variant


def tuned(dataset: str, variant: str) -> Path:
    return TUNED / dataset / variant


def significance(dataset: str) -> Path:
    return SIGNIFICANCE / dataset


def run(seed: int | None) -> str:
    """A seed as files and people name it."""
    return NO_SEED if seed is None else str(seed)


def seed_of(name: str) -> int | None:
    """What ``run`` has named; ValueError where it is no seed."""
    return None if name == NO_SEED else int(name)
