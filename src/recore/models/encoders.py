"""Representation-consistent encoders: a session is a linear combination of its items' vectors (Eq. 2).

They differ in the weights alone. ``MeanEncoder`` weighs equally (CORE-ave, Eq. 3). ``AttentionEncoder``
computes weights with self-attention; its switches span CORE-trm (Eq. 4), CORE-DA (Eq. 6 to 10; lines 1 to 3
of Algorithm 1) and the forms between them, which differ in nothing else. ĥᵢ is hᵢ after session dropout:

    attention input F = Transformer(ĥ)           ``after`` session dropout, CORE
                    F = Transformer(h)           ``before`` it, the paper's code
    global scores   e⁽ᵍ⁾ᵢ = w·fᵢ + b             scorer ``linear``, CORE-trm (Eq. 4)
                    e⁽ᵍ⁾ᵢ = MLP_g([fᵢ; pᵢ])      scorer ``position`` (Eq. 6)
                    e⁽ᵍ⁾ᵢ = MLP_g([fᵢ; f_last])  scorer ``last``, the paper's code
    recent scores   e⁽ʳ⁾ᵢ = MLP_r([fᵢ; f_last])  (Eq. 7)
    sessions        h⁽ᵍ⁾ = Σ softmax(e⁽ᵍ⁾)ᵢ ĥᵢ, h⁽ʳ⁾ = Σ softmax(e⁽ʳ⁾)ᵢ ĥᵢ  (Eq. 8)
    fusion          g = softmax(MLP_gate([h⁽ᵍ⁾; h⁽ʳ⁾])), h = g₁h⁽ᵍ⁾ + g₂h⁽ʳ⁾  gate ``learned`` (Eq. 9)
                    h = 0.6 h⁽ᵍ⁾ + 0.4 h⁽ʳ⁾      gate ``fixed``, the paper's code without its gate
                    h = h⁽ᵍ⁾                     gate ``global``: no recent branch, which is the same
    residual        h + mean of the ĥᵢ           (Eq. 10; the norm is taken in ``core``)
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from recore.models.layers import default_linear, linear
from recore.models.packing import Packing
from recore.models.transformer import Transformer

SWITCHES = {
    "scorer": ("linear", "position", "last"),
    "gate": ("learned", "fixed", "global"),
    "residual": (True, False),
    "attention_input": ("after", "before"),
}
FIXED_SHARES = (0.6, 0.4)  # of the global and the recent branch


@dataclass(frozen=True)
class Encoding:
    """Sessions (B, D), and the share (B,) that the gate gives to the recent branch where there is one.

    A session may be K vectors, (B, K, D): the nearest of them scores an item (see ``towards``). ``lift`` (B,), from -2
    to 2, is added to the cosines of the items that a session has clicked.
    """

    session: Tensor
    gate: Tensor | None = None
    lift: Tensor | None = None


def towards(session: Tensor, targets: Tensor) -> Tensor:
    """The vector of each session that is nearest the vector (B, D) of its target, both of norm 1: (B, D).

    Of K vectors (B, K, D) the first of those with the largest cosine; where a session is one vector, (B, D), that one.
    The choice carries no gradient, and the others get none.
    """
    if session.dim() == 2:
        return session
    with torch.no_grad():
        nearest = torch.linalg.vecdot(session, targets[:, None]).argmax(dim=1)  # (B,)
    chosen = torch.arange(session.shape[1], device=session.device) == nearest[:, None]  # (B, K)
    return (session * chosen[:, :, None]).sum(dim=1)  # exact: all summands but one are 0


class MeanEncoder(nn.Module):
    """CORE-ave: every click weighs 1/m (Eq. 3)."""

    def forward(self, vectors: Tensor, undropped: Tensor, packing: Packing) -> Encoding:
        """Item vectors (T, D), after and before session dropout, to sessions (B, D)."""
        return Encoding(packing.mean(vectors))


class PairScorer(nn.Module):
    """MLP over a click's state and a partner: Linear(2D → D), GELU, Linear(D → 1).

    Linear([f; q]) is computed as A·f + B·q + c, so that B·q is computed once per distinct partner.
    """

    def __init__(self, width: int, std: float):
        super().__init__()
        self.hidden = linear(2 * width, width, std)
        self.output = linear(width, 1, std)

    def forward(self, states: Tensor, partners: Tensor, partner_of: Tensor) -> Tensor:
        """States (T, D), partners (N, D), the partner of each click (T,) -> scores (T,)."""
        of_state, of_partner = self.hidden.weight.chunk(2, dim=1)
        mixed = functional.linear(states, of_state, self.hidden.bias)
        mixed = mixed + functional.linear(partners, of_partner)[partner_of]
        return self.output(functional.gelu(mixed)).squeeze(1)


class Gate(nn.Module):
    """MLP_gate of Eq. 9, with PyTorch's default initial weights as in the paper's code."""

    def __init__(self, width: int):
        super().__init__()
        self.hidden = default_linear(2 * width, width)
        self.output = default_linear(width, 2)

    def forward(self, overall: Tensor, recent: Tensor) -> Tensor:
        """Two sessions (B, D) each -> shares (B, 2) that sum to 1."""
        both = torch.cat([overall, recent], dim=1)
        return self.output(functional.gelu(self.hidden(both))).softmax(dim=1)


class AttentionEncoder(nn.Module):
    """Self-attention weights; the switches are explained at the top of this module.

    Raises ValueError for a value that a switch does not have.
    """

    def __init__(
        self,
        transformer: Transformer,
        *,
        scorer: str,
        gate: str,
        residual: bool,
        attention_input: str,
        init_std: float,
    ):
        super().__init__()
        switches = {"scorer": scorer, "gate": gate, "residual": residual, "attention_input": attention_input}
        for name, value in switches.items():
            if value not in SWITCHES[name]:
                raise ValueError(f"{name} is {value!r}; it can be {', '.join(map(str, SWITCHES[name]))}")
        width = transformer.positions.shape[1]
        self.transformer = transformer
        self.scorer = scorer
        self.residual = residual
        self.attention_input = attention_input
        self.global_scorer = linear(width, 1, init_std) if scorer == "linear" else PairScorer(width, init_std)
        self.recent_scorer = None if gate == "global" else PairScorer(width, init_std)
        self.gate = Gate(width) if gate == "learned" else None

    def forward(self, vectors: Tensor, undropped: Tensor, packing: Packing) -> Encoding:
        """Item vectors (T, D), after and before session dropout, to sessions (B, D) and the gate's share (B,)."""
        states = self.transformer(vectors if self.attention_input == "after" else undropped, packing)
        session = packing.pool(self.global_weights(states, packing), vectors)  # Eq. 8, h⁽ᵍ⁾
        share = None
        if self.recent_scorer is not None:
            recent = packing.pool(self.recent_weights(states, packing), vectors)  # Eq. 8, h⁽ʳ⁾
            if self.gate is None:
                session = FIXED_SHARES[0] * session + FIXED_SHARES[1] * recent
            else:
                shares = self.gate(session, recent)
                session = shares[:, :1] * session + shares[:, 1:] * recent  # Eq. 9
                share = shares[:, 1]
        if self.residual:
            session = session + packing.mean(vectors)  # Eq. 10
        return Encoding(session, share)

    def global_weights(self, states: Tensor, packing: Packing) -> Tensor:
        """α⁽ᵍ⁾ (T,) of Eq. 6, or α of Eq. 4 with the linear scorer."""
        if self.scorer == "linear":
            return packing.softmax(self.global_scorer(states).squeeze(1))
        if self.scorer == "last":
            return packing.softmax(self.global_scorer(states, states[packing.last], packing.row))
        return packing.softmax(self.global_scorer(states, self.transformer.positions, packing.position))

    def recent_weights(self, states: Tensor, packing: Packing) -> Tensor:
        """α⁽ʳ⁾ (T,) of Eq. 7: the last click's state is the partner of every click of its session."""
        return packing.softmax(self.recent_scorer(states, states[packing.last], packing.row))
