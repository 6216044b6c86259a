"""What is mined: what the settings leave out, by hand and in both losses; to the bit where nothing is left out."""

from functools import partial

import core_by_hand
import numpy as np
import pytest
import torch
from builders import packed
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from recore import RecoreError
from recore.models import fused
from recore.models.fused import fused_loss
from recore.models.objectives import Objective, plain_loss

LOSSES = [plain_loss, fused_loss]
V = 60


def inputs(batch, n_items=V, width=8, seed=0, dtype=torch.float64):
    """Unit sessions (B, D), catalogue and targets; and prefixes of 1 to 6 clicks, in which targets come up."""
    generator = torch.Generator().manual_seed(seed)
    session = normalize(torch.randn(batch, width, dtype=dtype, generator=generator), dim=1).requires_grad_()
    catalogue = normalize(torch.randn(n_items, width, dtype=dtype, generator=generator), dim=1).requires_grad_()
    targets = torch.randint(1, n_items + 1, (batch,), generator=generator)
    rng = np.random.default_rng(seed)
    lengths = sorted(rng.integers(1, 7, batch))
    return session, catalogue, targets, [list(rng.integers(1, n_items + 1, length)) for length in lengths]


def allowed(objective, prefixes, pool=None):
    return objective.candidates(*packed(prefixes), None if pool is None else torch.as_tensor(pool))


def value_and_gradients(implementation, session, catalogue, targets, objective, candidates, temperature=0.07):
    loss = implementation(session, catalogue, targets, temperature, objective, candidates=candidates)
    return loss.detach(), *torch.autograd.grad(loss, (session, catalogue))


@given(
    batch=st.integers(1, 20),
    k=st.integers(1, 8),
    lam=st.sampled_from([0.3, 1.0]),
    own=st.sampled_from(["keep", "skip"]),
    pool=st.sampled_from([0, 20, V]),
    skipped=st.integers(0, 4),
    chunk=st.sampled_from([1, 7, 256]),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=60)
def test_both_losses_are_the_equations_and_have_the_same_gradients(batch, k, lam, own, pool, skipped, chunk, seed):
    objective = Objective(k, lam, own, pool, skipped)
    session, catalogue, targets, prefixes = inputs(batch, seed=seed)
    drawn = np.random.default_rng(seed).choice(V, pool, replace=False) if pool else None
    candidates = allowed(objective, prefixes, drawn)
    table = np.vstack([np.zeros(8), catalogue.detach().numpy()])
    outside = set(range(1, V + 1)) - set(drawn + 1) if pool else set()
    by_hand = [
        core_by_hand.loss(
            h,
            table,
            target,
            0.07,
            k,
            lam,
            left_out=outside | set(prefix if own == "skip" else ()),
            skipped=skipped,
        )
        for h, target, prefix in zip(session.detach().numpy(), targets.tolist(), prefixes, strict=True)
    ]
    plain = value_and_gradients(plain_loss, session, catalogue, targets, objective, candidates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fused.CHUNK, "cpu", chunk)
        patch.setattr(fused, "cases_at_once", lambda *_: chunk)
        quick = value_and_gradients(fused_loss, session, catalogue, targets, objective, candidates)
    assert plain[0].item() == pytest.approx(np.mean(by_hand), rel=1e-10)
    for a, b in zip(quick, plain, strict=True):
        assert torch.linalg.vector_norm(a - b) <= 1e-11 * torch.linalg.vector_norm(b) + 1e-12


@pytest.mark.parametrize("implementation", LOSSES)
@pytest.mark.parametrize(
    ("own", "skipped", "expected"),
    [
        ("keep", 0, 1.0),  # item 1, the only click, which a session of one click is
        ("skip", 0, 0.8),
        ("keep", 1, 0.8),  # of all but the target (item 4, 0.9) the highest is left out
        ("skip", 1, 0.6),
    ],
)
def test_a_session_of_one_click(implementation, own, skipped, expected):
    """Cosines 1, 0.8, 0.6 and 0.9 with items 1 to 4, and the target is item 4: -log sigmoid(0.9 - mined)."""
    cosines = torch.tensor([1.0, 0.8, 0.6, 0.9], dtype=torch.float64)
    catalogue = torch.stack([cosines, (1 - cosines**2).sqrt()], dim=1)
    session = catalogue[:1].clone().requires_grad_()
    objective = Objective(1, 1.0, own, hard_neg_skip=skipped)
    candidates = allowed(objective, [[1]])
    loss = implementation(session, catalogue.requires_grad_(), torch.tensor([4]), 1.0, objective, candidates=candidates)
    assert loss.item() == pytest.approx(np.log1p(np.exp(expected - 0.9)), rel=1e-12)


@pytest.mark.parametrize("implementation", LOSSES)
def test_a_pool_is_all_that_there_is_but_the_target(implementation):
    """Of 3 rows with the target among them 2 are left, whatever stands outside."""
    session, catalogue, targets, prefixes = inputs(1, 10)
    row = int(targets) - 1
    pool = [row, (row + 1) % 10, (row + 2) % 10]
    z = (session @ catalogue.T)[0] / 0.07
    expected = torch.nn.functional.softplus(z[pool[1:]] - z[row]).mean()
    objective = Objective(2, 1.0, hard_neg_pool=3)
    loss = implementation(session, catalogue, targets, 0.07, objective, candidates=allowed(objective, prefixes, pool))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-10)


def test_gradcheck():
    session, catalogue, targets, prefixes = inputs(4, 16, 4)
    objective = Objective(2, 0.3, "skip", 12, 1)
    candidates = allowed(objective, [prefix[:2] for prefix in prefixes], np.arange(3, 15))
    loss = partial(fused_loss, candidates=candidates)
    assert torch.autograd.gradcheck(lambda s, c: loss(s, c, targets, 0.5, objective), (session, catalogue))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("lam", [0.2, 1.0])
def test_what_leaves_out_nothing_changes_no_bit(precision, lam):
    """Own clicks that would not be mined anyhow, a pool of everything: what was covered is back in place.

    Among the own clicks are targets, whose scores are not those of bfloat16. There scores are level, and of two that
    are the order of the pool decides.
    """
    session, catalogue, targets, _ = inputs(30, dtype=torch.float32)
    with torch.no_grad():
        lowest = (session @ catalogue.T).argsort(dim=1)[:, :5] + 1
    prefixes = [[*row.tolist(), int(target)] for row, target in zip(lowest, targets, strict=True)]
    order = torch.arange(V)
    if precision == "float32":
        order = order[torch.randperm(V, generator=torch.Generator().manual_seed(3))]
    loss = partial(fused_loss, precision=precision)

    def made(objective, pool=None):
        candidates = allowed(objective, prefixes, pool)
        return value_and_gradients(loss, session, catalogue, targets, objective, candidates)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "cases_at_once", lambda *_: 8)
        off = made(Objective(5, lam))
        for other in (
            value_and_gradients(loss, session, catalogue, targets, Objective(5, lam), fused.EVERY),
            made(Objective(5, lam, "skip")),
            made(Objective(5, lam, hard_neg_pool=V), order),
            made(Objective(5, lam, "skip", V), order),
        ):
            assert all(torch.equal(a, b) for a, b in zip(off, other, strict=True))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_no_own_click_and_no_target_is_mined_and_nothing_outside_the_pool(precision):
    session, catalogue, targets, prefixes = inputs(40, dtype=torch.float32, seed=5)
    pool, objective = np.arange(0, V, 2), Objective(4, 0.2, "skip", V // 2)
    mined = []
    candidates = allowed(objective, prefixes, pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "cases_at_once", lambda *_: 16)
        fused_loss(session, catalogue, targets, 0.07, objective, precision, candidates, mined)
    assert [part.shape for part in mined] == [(4, 16), (4, 16), (4, 8)]
    for rows, target, prefix in zip(torch.cat(mined, dim=1).T.tolist(), targets.tolist(), prefixes, strict=True):
        assert len(set(rows)) == 4
        assert not {row + 1 for row in rows} & {target, *prefix}
        assert set(rows) <= set(pool.tolist())


def test_nothing_is_mined_without_weight():
    session, catalogue, targets, _ = inputs(4)
    mined = []
    fused_loss(session, catalogue, targets, 0.07, Objective(4, 0.0), mined=mined)
    assert mined == []


def test_a_warm_up_reaches_its_weight_in_its_last_epoch():
    objective = Objective(5, 0.2, hard_neg_warmup=4)
    weights = [objective.in_epoch(epoch).hard_neg_lambda for epoch in range(1, 7)]
    assert weights == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.2, 0.2])
    assert objective.in_epoch(4) is objective
    off = Objective(5, 0.2)
    assert off.in_epoch(1) is off


def test_a_pool_that_is_not_what_the_objective_says_is_an_error():
    with pytest.raises(ValueError, match="a pool of 0 was drawn where hard_neg_pool is 9"):
        allowed(Objective(1, 0.2, hard_neg_pool=9), [[1]])
    with pytest.raises(ValueError, match="a pool of 3 was drawn where hard_neg_pool is 0"):
        allowed(Objective(1, 0.2), [[1]], [1, 2, 3])


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (
            Objective(5, 0.2, hard_neg_pool=31),
            "hard_neg_pool is 31, but the catalogue has only 30 items; lower it to 30 or less, or set it to 0, which "
            "is all of them",
        ),
        (
            Objective(20, 0.2, hard_neg_skip=10),
            "hard_neg_k is 20 and hard_neg_skip 10, but a catalogue of 30 items has only 29 beside the target; lower "
            "their sum to 29 or less",
        ),
        (
            Objective(20, 0.2, "skip"),
            "hard_neg_k is 20, but a catalogue of 30 items has only 19 beside the target and 10 own clicks; lower "
            "hard_neg_k to 19 or less, or set hard_neg_own to keep",
        ),
        (
            Objective(5, 0.2, "skip", 11),
            "hard_neg_k is 5, but a pool of 11 has only 0 beside the target and 10 own clicks; set hard_neg_own to "
            "keep, or raise hard_neg_pool, or set it to 0",
        ),
    ],
)
def test_too_few_candidates_are_one_sentence(objective, sentence):
    with pytest.raises(RecoreError) as fault:
        objective.check(n_items=30, longest=10)
    assert str(fault.value) == sentence


def test_just_enough_candidates():
    Objective(19, 0.2, "skip").check(30, longest=10)
    Objective(4, 0.2, "skip", 15).check(30, longest=10)
    Objective(24, 0.2, hard_neg_skip=5).check(30, longest=10)
    Objective(5, 0.0, "skip", 99).check(30, longest=10)  # λ = 0 mines nothing
