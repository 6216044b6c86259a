"""Small inputs for tests: settings, models, splits."""

import importlib
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st

from recore import yaml12
from recore.data.sessions import Sessions
from recore.models.packing import Packing
from recore.training.seeding import attach_streams, initialise

SETTINGS = {
    "embedding_size": 8,
    "temperature": 0.07,
    "session_dropout": 0.2,
    "item_dropout": 0.2,
    "max_length": 10,
    "layers": 2,
    "heads": 2,
    "inner_size": 12,
    "hidden_dropout": 0.5,
    "attention_dropout": 0.5,
    "layer_norm_eps": 1e-12,
    "init_std": 0.3,  # large, so that attention is far from uniform
}
TRAIN = {"epochs": 3, "patience": 5, "validation_cutoff": 20, "batch_size": 16, "learning_rate": 0.01}
TRAIN |= {"threads": 1, "precision": "float32"}
VARIANTS = ("ave", "trm", "da", "hn", "dahn")
# Every encoder that differs from the others: hn and dahn have those of trm and da.
ATTENTION = ("trm", "trm_before", "trm_table1", "da", "da_last", "da_norecent", "da_fixed", "da_noresidual")
CONSISTENT = ("ave", *ATTENTION, "mi", "graph", "repeat")
ENCODERS = (*CONSISTENT, "gru", "last")
SESSIONS = st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=10), min_size=1, max_size=6).map(
    lambda sessions: sorted(sessions, key=len)  # as ``packed`` takes them
)


def published_params() -> dict:
    """The repository's params.yaml with the published variants and the comparisons between them, whatever was added."""
    tree = yaml12.read(Path(__file__).parents[1] / "params.yaml")
    rows = {group: {name: {} for name in named if name in VARIANTS} for group, named in tree["variants"].items()}
    planned = [pair for pair in tree["significance"]["comparisons"] if set(pair) <= set(VARIANTS)]
    return tree | {"variants": rows, "significance": tree["significance"] | {"comparisons": planned}}


def model(variant: str, n_items: int = 12, seed: int = 1, **settings):
    """A variant, initialised from the seed, in training mode, on the CPU; it was shown the ``observed`` sessions."""
    built = importlib.import_module(f"recore.variants.{variant}").build(SETTINGS | settings, n_items)
    initialise(built, seed)
    shown = flat(observed(n_items))
    built.observe(shown.items, shown.offsets)
    attach_streams(built, seed, "cpu")
    return built.train()


def packed(sessions: list[list[int]]):
    """Item numbers (T,) and packing of sessions that are ordered by length."""
    items = torch.tensor([item for session in sessions for item in session])
    return items, Packing(np.array([len(session) for session in sessions]))


def flat(sessions: list[list[int]], ids=None) -> Sessions:
    lengths = [len(session) for session in sessions]
    return Sessions(
        np.array([item for session in sessions for item in session], np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.arange(len(sessions)) if ids is None else np.array(ids),
        np.arange(len(sessions)),
    )


def observed(n_items: int) -> list[list[int]]:
    """Training sessions for models that count them."""
    return random_sessions(3 * n_items, n_items, seed=99)


def random_sessions(n: int, n_items: int, seed: int = 0, longest: int = 9) -> list[list[int]]:
    """Sessions of 2 to ``longest`` clicks that move forward through the items, so that order tells something."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, 3, (n, longest)).cumsum(axis=1) + rng.integers(n_items, size=(n, 1))
    return [list(row[: rng.integers(2, longest + 1)] % n_items + 1) for row in steps]
