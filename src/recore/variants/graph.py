"""CORE-trm whose weights know a graph of the items: which were clicked together in the training sessions.

    eᵢ = w·fᵢ + b + a·log(1 + C(i, last))           the score of click i, in the place of Eq. 4
    hₛ = norm(Σᵢ softmax(e)ᵢ ĥᵢ)                    still a combination of the session's own items (Eq. 2)

C(i, j) = C(j, i) is the number of training sessions in which i and j are clicked within ``graph_steps`` clicks of each
other (a session counts once, and C(i, i) counts those that click i again), a window as in GCE-GNN's global graph (Wang
et al., SIGIR 2020). ``last`` is the last click of the prefix, itself among the i.

The session of a training case is one of those that are counted, its target and the clicks behind it among them: C(i,
last) would tell whether i comes next. So a training case sees C without its own session, as a case of validation or
test does, whose session was never counted. ``a`` is learned; ``graph_weight`` fixes it, and a = 0 is CORE-trm, bit for
bit.
"""

from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from recore.models.core import Core, item_space, transformer
from recore.models.encoders import Encoding
from recore.models.layers import linear, normal, parameter
from recore.models.packing import Packing

SETTINGS = {
    "graph_steps": Annotated[int, Field(ge=1, le=50)],  # 3 where the row has none
    "graph_weight": Annotated[float, Field(ge=-100, le=100)],  # a; learned where the row has none
}
END = torch.iinfo(torch.int64).max  # behind every key, so that a search always finds a place


class Counts(nn.Module):
    """C(i, j) of the pairs that occur, E of them, and which of them each training session has.

    Pairs are searched for by key, i · (catalogue + 1) + j for i ≤ j. The counts are part of the weights, 12 bytes a
    pair; what belongs to the training sessions, 8 bytes a pair and session, is not.
    """

    def __init__(self, n_items: int, steps: int):
        super().__init__()
        self.base, self.steps = n_items + 1, steps
        self.register_buffer("pairs", torch.tensor([END]))  # (E + 1,) ascending
        self.register_buffer("sessions", torch.zeros(1, dtype=torch.int32))  # (E + 1,) C of each
        self.register_buffer("offsets", torch.zeros(1, dtype=torch.int64), persistent=False)  # (S + 1,)
        self.register_buffer("own", torch.tensor([END]), persistent=False)  # session · (E + 1) + pair, ascending

    def observe(self, clicks: np.ndarray, offsets: np.ndarray) -> None:
        """Counts the sessions ``clicks[offsets[s]:offsets[s + 1]]``, in the place of those before."""
        clicks = np.asarray(clicks, np.int64)
        session = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        keys, of = [], []
        for step in range(1, self.steps + 1):
            inside = session[:-step] == session[step:]
            one, other = clicks[:-step][inside], clicks[step:][inside]
            keys.append(np.minimum(one, other) * self.base + np.maximum(one, other))
            of.append(session[:-step][inside])
        pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
        own = np.unique(np.concatenate(of) * (len(pairs) + 1) + place)
        counts = np.bincount(own % (len(pairs) + 1), minlength=len(pairs) + 1)
        device = self.pairs.device
        self.pairs, self.own = (torch.from_numpy(np.append(keys, END)).to(device) for keys in (pairs, own))
        self.sessions = torch.from_numpy(counts.astype(np.int32)).to(device)
        self.offsets = torch.from_numpy(np.array(offsets, np.int64)).to(device)

    def forward(self, items: Tensor, others: Tensor, at: Tensor | None) -> Tensor:
        """C (T,) of ``items`` (T,) and ``others`` (T,), without the session of the training click ``at`` (T,)."""
        key = torch.minimum(items, others) * self.base + torch.maximum(items, others)
        pair = torch.searchsorted(self.pairs, key)
        counts = self.sessions[pair]
        if at is not None:
            own = (torch.searchsorted(self.offsets, at, right=True) - 1) * len(self.pairs) + pair
            counts = counts - (self.own[torch.searchsorted(self.own, own)] == own).int()
        return counts * (self.pairs[pair] == key)

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        for name in ("pairs", "sessions"):  # their number is not known before
            if (saved := state.get(prefix + name)) is not None:
                setattr(self, name, torch.empty_like(saved, device=self.pairs.device))
        super()._load_from_state_dict(state, prefix, *rest)


class GraphWeights(nn.Module):
    """The weights above; without the graph CORE-trm's, under the same names."""

    def __init__(self, settings: dict[str, Any], n_items: int):
        super().__init__()
        std = settings["init_std"]
        self.transformer = transformer(settings)
        self.global_scorer = linear(settings["embedding_size"], 1, std)
        self.counts = Counts(n_items, settings.get("graph_steps", 3))
        self.a = settings["graph_weight"] if "graph_weight" in settings else parameter(1, draw=normal(std))

    def forward(
        self, vectors: Tensor, undropped: Tensor, packing: Packing, items: Tensor, ends: Tensor | None
    ) -> Encoding:
        """Item vectors (T, D), after and before session dropout, and their items (T,) to sessions (B, D)."""
        at = None if ends is None else ends[packing.row]
        together = self.counts(items, items[packing.last][packing.row], at).to(vectors.dtype).log1p()
        scores = self.global_scorer(self.transformer(vectors, packing)).squeeze(1) + self.a * together
        return Encoding(packing.pool(packing.softmax(scores), vectors))


class GraphCore(Core):
    """CORE's frame for an encoder that reads item numbers and counts the training sessions."""

    def observe(self, clicks: np.ndarray, offsets: np.ndarray) -> None:
        self.encoder.counts.observe(clicks, offsets)

    def encode(
        self, vectors: Tensor, undropped: Tensor, packing: Packing, items: Tensor, ends: Tensor | None
    ) -> Encoding:
        return self.encoder(vectors, undropped, packing, items, ends)


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder above in CORE's frame; it has no counts before it has seen the training sessions."""
    return GraphCore(item_space(settings, n_items), GraphWeights(settings, n_items))
