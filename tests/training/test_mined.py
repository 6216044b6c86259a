"""What is mined is counted as it is, by hand and by sets."""

import importlib

import numpy as np
import pytest
import torch
from builders import SETTINGS, TRAIN, flat, random_sessions

from recore.data.cases import Cases
from recore.data.lengths import LABELS, group_of
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.training import loop
from recore.training.loop import fit, flatten
from recore.training.mined import EVERY, KINDS, Mined
from recore.training.progress import Progress


def test_the_groups_of_lengths():
    assert LABELS == ("1", "2", "3", "4", "5-6", "7-9", "10+")
    assert group_of(np.array([1, 2, 4, 5, 6, 7, 9, 10, 50])).tolist() == [0, 1, 3, 4, 4, 5, 5, 6, 6]


def counted(sessions, mined_of, max_length=10):
    """Columns of the one batch of all cases; ``mined_of`` maps a prefix and its target to what was mined."""
    cases = Cases(flat(sessions), max_length)
    batch = cases.batch(np.arange(len(cases)))
    starts = np.cumsum(batch.lengths) - batch.lengths
    prefixes = [batch.items[a : a + n].tolist() for a, n in zip(starts, batch.lengths, strict=True)]
    rows = [mined_of[tuple(prefix), target] for prefix, target in zip(prefixes, batch.targets.tolist(), strict=True)]
    mined = Mined(cases)
    mined.add(batch, np.array(rows).T)
    return mined


def test_by_hand():
    """Of the session 1 2 1 3 4: what was clicked before, last, and behind the target, which may be the same item."""
    mined = counted(
        [[7, 8], [1, 2, 1, 3, 4]],
        {
            ((7,), 8): (7, 1),  # the last click; an item of another session
            ((1,), 2): (1, 3),  # the last click, which comes again; a later click
            ((1, 2), 1): (2, 4),  # the last click; a later click
            ((1, 2, 1), 3): (2, 4),  # an own click; a later click
            ((1, 2, 1, 3), 4): (8, 3),  # nothing stands behind this target; the last click
        },
    )
    columns = mined.taken()
    assert list(columns) == [f"{kind}_{label}" for kind in KINDS for label in LABELS]
    by_kind = {kind: [columns[f"{kind}_{label}"] for label in LABELS] for kind in KINDS}
    assert by_kind == {
        "mined": [4, 2, 2, 2, 0, 0, 0],
        "own": [2, 1, 1, 1, 0, 0, 0],
        "last": [2, 1, 0, 1, 0, 0, 0],
        "later": [2, 1, 1, 0, 0, 0, 0],
    }
    assert set(mined.taken().values()) == {0}


def test_clicks_that_are_not_read_are_not_own_clicks():
    """With max_length 2 the prefix of the third case is its last two clicks, though 3 stand before it."""
    columns = counted([[1, 2, 3, 4]], {((1,), 2): [9], ((1, 2), 3): [1], ((2, 3), 4): [1]}, max_length=2).taken()
    assert (columns["own_2"], columns["own_3"], columns["mined_3"]) == (1, 0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_as_sets_say(seed):
    sessions = random_sessions(40, 12, seed, longest=14)
    cases = Cases(flat(sessions), 6)
    rng = np.random.default_rng(seed)
    mined = Mined(cases)
    expected = dict.fromkeys(mined.taken(), 0)
    for chosen in np.split(rng.permutation(len(cases)), [30, 75]):
        batch = cases.batch(chosen)
        rows = rng.integers(1, 13, (4, len(chosen)))
        mined.add(batch, rows)
        for case, items in zip(batch.cases, rows.T, strict=True):
            session, position = sessions[cases.session[case]], cases.position[case]
            label = LABELS[group_of(np.array([position]))[0]]
            prefix, later = session[max(position - 6, 0) : position], session[position + 1 :]
            for item in items:
                expected[f"mined_{label}"] += 1
                expected[f"own_{label}"] += item in prefix
                expected[f"last_{label}"] += item == prefix[-1]
                expected[f"later_{label}"] += item in later
    assert mined.taken() == expected


SPLIT = [Cases(flat(random_sessions(n, 30, seed)), 10) for seed, n in enumerate((120, 20))]


def history(objective, monkeypatch=None, **settings):
    built = importlib.import_module("recore.variants.hn").build(SETTINGS | {"item_dropout": 0}, 30)
    given = TRAIN | {"epochs": 2} | settings
    return list(flatten(fit(built, *SPLIT, given, objective, 1, torch.device("cpu"), Progress("test", 2))))


def test_a_run_counts_one_batch_in_so_many_of_each_epoch():
    rows = history(Objective(3, 0.2), batch_size=16)
    steps = -(-len(SPLIT[0]) // 16)
    assert steps > EVERY
    for row in rows:
        assert sum(row[f"mined_{label}"] for label in LABELS) == 3 * 16 * -(-steps // EVERY)
        assert row["own_1"] > 0


@pytest.mark.parametrize(("own", "any_own"), [("keep", True), ("skip", False)])
def test_own_clicks_are_seen_where_they_are_mined(own, any_own):
    rows = history(Objective(3, 0.2, own), batch_size=1024)
    assert [sum(row[f"own_{label}"] for label in LABELS) > 0 for row in rows] == [any_own, any_own]


def test_nothing_is_counted_where_nothing_is_mined():
    for objective in (CROSS_ENTROPY, Objective(3, 0.0)):
        assert not any(name.startswith(KINDS) for row in history(objective) for name in row)


def test_counting_changes_no_bit(monkeypatch):
    watched = history(Objective(3, 0.2))
    monkeypatch.setattr(loop, "EVERY", 10**9)  # only the first batch of an epoch
    other = history(Objective(3, 0.2))
    monkeypatch.setattr(loop, "Mined", lambda cases: None)
    unseen = history(Objective(3, 0.2))
    assert [row["loss"] for row in watched] == [row["loss"] for row in other] == [row["loss"] for row in unseen]
