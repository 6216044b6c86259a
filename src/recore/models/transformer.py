"""The self-attention blocks of CORE-trm: post-layer-norm, causal, learned positions.

As in CORE's code: input = dropout(layernorm(item + position)); each block is attention and a GELU
feed-forward network, both with dropout, residual and layer norm. All work is on real clicks (see
``packing``); only attention needs a session's clicks side by side (see ``attention``).
"""

from torch import Tensor, nn
from torch.nn import functional

from recore.models.attention import CausalAttention, Tiling
from recore.models.layers import Dropout, layer_norm, linear, normal, parameter
from recore.models.packing import Packing


class Transformer(nn.Module):
    """L self-attention blocks with positional encodings: item vectors (T, D) to F (T, D) of Eq. 4."""

    def __init__(
        self,
        *,
        embedding_size: int,
        max_length: int,
        layers: int,
        heads: int,
        inner_size: int,
        hidden_dropout: float,
        attention_dropout: float,
        layer_norm_eps: float,
        init_std: float,
    ):
        super().__init__()
        self.positions = parameter(max_length, embedding_size, draw=normal(init_std))
        self.norm = layer_norm(embedding_size, layer_norm_eps)
        self.dropout = Dropout(hidden_dropout)
        self.heads = heads
        self.blocks = nn.ModuleList(
            TransformerBlock(
                embedding_size, heads, inner_size, hidden_dropout, attention_dropout, layer_norm_eps, init_std
            )
            for _ in range(layers)
        )

    def forward(self, vectors: Tensor, packing: Packing) -> Tensor:
        hidden = self.dropout(self.norm(vectors + self.positions[packing.position]))
        tiling = Tiling(packing, self.heads)
        for block in self.blocks:
            hidden = block(hidden, tiling)
        return hidden


class TransformerBlock(nn.Module):
    """hidden = norm(hidden + attention); hidden = norm(hidden + feed-forward), dropout on both summands."""

    def __init__(
        self,
        width: int,
        heads: int,
        inner_size: int,
        hidden_dropout: float,
        attention_dropout: float,
        eps: float,
        std: float,
    ):
        super().__init__()
        self.attention = CausalAttention(width, heads, attention_dropout, std)
        self.attention_dropout = Dropout(hidden_dropout)
        self.attention_norm = layer_norm(width, eps)
        self.expand = linear(width, inner_size, std)
        self.contract = linear(inner_size, width, std)
        self.feed_forward_dropout = Dropout(hidden_dropout)
        self.feed_forward_norm = layer_norm(width, eps)

    def forward(self, hidden: Tensor, tiling: Tiling) -> Tensor:
        hidden = self.attention_norm(hidden + self.attention_dropout(self.attention(hidden, tiling)))
        inner = self.contract(functional.gelu(self.expand(hidden)))
        return self.feed_forward_norm(hidden + self.feed_forward_dropout(inner))
