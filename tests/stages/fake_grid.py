"""A grid of made-up ranks, records and splits, as the stages before leave them, in the working directory."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import published_params

from recore import costs, paths, yaml12
from recore.baselines import vmis
from recore.data.sessions import Sessions, offsets_of
from recore.reporting import files, style

ROOT = Path(__file__).parents[2]
N_ITEMS = 300
# Geometric success probability of each variant: a larger one ranks targets higher.
SKILL = {"ave": 0.02, "trm": 0.03, "da": 0.0301, "hn": 0.033, "dahn": 0.0325}
COST = {
    "train_seconds": 7.5,
    "valid_seconds": 1.5,
    "peak_memory_bytes": 1000,
    "device": "cpu",
    "machine": {"processor": "Abacus <II>", "cores": 2, "platform": "Linux", "threads": 2},
    "versions": {"python": "3.11.7", "torch": "2.13.0"},
    "commit": "0123456789abcdef",
    "dirty": False,
}
VMIS = vmis.Settings(k=500, m=1000)  # k is tuned
FITTED = {"pop": 0.005, "vmis": 0.028}


def read_params() -> dict:
    return yaml12.read(Path("params.yaml"))


def write_params(datasets=("demo",), seeds=(0, 1, 2, 3, 4), **changes) -> None:
    """The published grid on other datasets and seeds, without baselines; ``changes`` replaces top-level keys."""
    tree = published_params()
    tree |= {"datasets": list(datasets), "seeds": list(seeds), **changes}
    Path("params.yaml").write_text(yaml12.dump(tree))


def cases(n_sessions: int) -> pd.DataFrame:
    """Sessions of 1 to 5 cases, in blocks of ascending ids that have gaps."""
    sizes = np.arange(n_sessions) % 5 + 1
    session = np.repeat(3 * np.arange(n_sessions, dtype=np.int64) + 1, sizes)
    position = np.concatenate([np.arange(1, size + 1) for size in sizes]).astype(np.int32)
    target = (session * 7 + position) % N_ITEMS + 1
    return pd.DataFrame({"session": session, "position": position, "target": target.astype(np.int32)})


def write_run(dataset: str, variant: str, seed: int | None, n_sessions: int = 200, skill: float | None = None) -> None:
    table = cases(n_sessions)
    # Every variant meets the same easy and hard sessions; the seed moves its skill a little.
    random = np.random.default_rng([sum(map(ord, dataset)), n_sessions])
    ease = np.repeat(random.lognormal(0, 0.8, n_sessions), table.groupby("session").size())
    own = np.random.default_rng([sum(map(ord, variant)), 99 if seed is None else seed])
    chance = np.clip((skill or (SKILL | FITTED)[variant]) * (1 + 0.01 * own.normal()) * ease, 1e-4, 0.9)
    above = np.minimum(np.floor(np.log(random.random(len(table))) / np.log1p(-chance)), N_ITEMS - 1)
    flips = own.random(len(table)) < 0.2
    above[flips] = np.minimum(above[flips] + own.integers(0, 3, flips.sum()), N_ITEMS - 1)
    write_ranks(dataset, variant, seed, table, above, np.ones(len(table)))
    write_record(dataset, variant, seed)
    write_split(dataset)


def write_ranks(dataset, variant, seed, table, above, tied, **more) -> None:
    """``more`` goes into meta.json."""
    folder = paths.ranks(dataset, variant, seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_test(dataset, table)
    test_hash = hashlib.sha256(b"".join(table[c].to_numpy("<i8").tobytes() for c in table)).hexdigest()
    table = table.assign(above=above.astype(np.int32), tied=tied.astype(np.int32))
    if variant.startswith("da"):
        table["gate"] = (0.4 + 0.05 * table["position"] + 0.001 * (seed % 10)).astype(np.float32)
    table.to_parquet(folder / "cases.parquet", index=False)
    meta = {"test_hash": test_hash, "n_items": N_ITEMS, "dataset": dataset, "variant": variant, "seed": seed, **more}
    (folder / "meta.json").write_text(json.dumps(meta))


def write_record(dataset: str, variant: str, seed: int | None, epochs: int = 6, best: int = 4) -> None:
    folder = paths.record(dataset, variant, seed)
    folder.mkdir(parents=True, exist_ok=True)
    if seed is None:
        tuned = ["k"] if variant == "vmis" else []
        settings = VMIS.model_dump() if variant == "vmis" else {}
        record = {"settings": settings, "tuned": tuned, "valid": {"mrr@20": 0.2}}
        (folder / "record.json").write_text(json.dumps(record))
        versions = {"python": "3.11.7", "scipy": "1.17.0"}
        costs.write(folder, COST | {"train_seconds": 3.5, "valid_seconds": 0.0, "versions": versions})
        return
    epoch = np.arange(1, epochs + 1)
    mrr = SKILL[variant] * 8 * (1 - np.exp(-epoch)) - 0.002 * (epoch - best) ** 2 + 0.0005 * (seed % 10)
    history = pd.DataFrame({"epoch": epoch, "loss": 6 - np.log(epoch) + 0.01 * (seed % 10), "recall@20": 3 * mrr})
    mined = (
        {"mined_1": 100, "mined_2+": 50 * epoch, "own_1": 20 + epoch, "own_2+": 5 * epoch} if "hn" in variant else {}
    )
    mined |= {f"{kind}_{group}": 1 for kind in ("last", "later") for group in ("1", "2+") if mined}
    history.assign(**{"mrr@20": mrr}, **mined).to_csv(folder / "history.csv", index=False)
    record = {
        "best_epoch": best,
        "epochs": epochs,
        "valid": {"recall@20": float(3 * mrr[best - 1]), "mrr@20": float(mrr[best - 1])},
    }
    (folder / "record.json").write_text(json.dumps(record))
    costs.write(folder, COST)


def write_test(dataset: str, table: pd.DataFrame) -> None:
    """The sessions whose cases these are. The first click of every third is on its first target, the first click of
    the next ones on the second, if there is one: an immediate repeat, an earlier one.
    """
    folder = paths.split(dataset)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = table.groupby("session", sort=False).size()
    starts = np.cumsum(sizes.to_numpy()) - sizes.to_numpy()
    target, place = table["target"].to_numpy(), np.arange(len(sizes)) % 3
    second = target[np.minimum(starts + 1, len(target) - 1)]
    items = np.insert(target, starts, np.select([place == 0, place == 1], [target[starts], second], N_ITEMS))
    ids = sizes.index.to_numpy()
    Sessions(items, offsets_of(sizes.to_numpy() + 1), ids, np.arange(len(ids))).save(folder, "test")


def write_split(dataset: str) -> None:
    """Train clicks only: item i is clicked once, and the first 60 of the 300 twice."""
    folder = paths.split(dataset)
    folder.mkdir(parents=True, exist_ok=True)
    items = np.concatenate([np.arange(1, N_ITEMS + 1), np.arange(1, 61)]).astype(np.int32)
    lengths = np.full(len(items) // 4, 4)
    Sessions(items, offsets_of(lengths), np.arange(len(lengths)), np.arange(len(lengths))).save(folder, "train")
    part = {"sessions": len(lengths), "clicks": len(items), "cases": len(items) - len(lengths)}
    stats = {"items": N_ITEMS, "train": part, "valid": part, "test": part | {"cases": 1234}}
    (folder / "stats.json").write_text(json.dumps(stats))


@contextmanager
def unrendered() -> Iterator[None]:
    """Figures are made and not rendered, which is most of the time of a report: for tests that read words and numbers.

    All tests of stages but those that take the fixture ``rendered``.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(files, "rendered", lambda figure, kind: b"")
        yield


@contextmanager
def rendered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(files, "rendered", style.rendered)
        yield


def write_grid(datasets=("demo",), seeds=(0, 1, 2, 3, 4), **changes) -> None:
    write_params(datasets, seeds, **changes)
    for dataset in datasets:
        for group, rows in read_params()["variants"].items():
            for variant in rows:
                for seed in [None] if group == "baselines" else seeds:
                    write_run(dataset, variant, seed)
