"""The paper's equations, written out one session, one click and one item at a time in float64.

Slow, without batches, and without a line of ``src/``: the golden tests compare recore with it. ``w`` maps
parameter names to numpy arrays. A session is a list of item numbers from 1. ``masks`` maps names of dropout
layers to what each multiplies with while this one session is trained on; None is evaluation.
"""

import math

import numpy as np


def gelu(x):
    return np.array([0.5 * value * (1 + math.erf(value / math.sqrt(2))) for value in x])


def softmax(values):
    exponentials = [math.exp(value - max(values)) for value in values]
    return [value / sum(exponentials) for value in exponentials]


def layer_norm(x, weight, bias, eps):
    variance = sum((value - x.mean()) ** 2 for value in x) / len(x)
    return (x - x.mean()) / math.sqrt(variance + eps) * weight + bias


def norm(x):
    return x / math.sqrt(sum(value * value for value in x))


def kept(masks, name, *at):
    return masks[name][at] if masks else 1.0


def transformer(w, prefix, vectors, heads, eps, masks):
    """F of Eq. 4: the states of one session's clicks after the self-attention blocks."""
    hidden = [
        layer_norm(vector + w[f"{prefix}.positions"][i], w[f"{prefix}.norm.weight"], w[f"{prefix}.norm.bias"], eps)
        * kept(masks, f"{prefix}.dropout", i)
        for i, vector in enumerate(vectors)
    ]
    block = 0
    while f"{prefix}.blocks.{block}.expand.weight" in w:
        b = f"{prefix}.blocks.{block}"

        def affine(name, x, b=b):
            return w[f"{b}.{name}.weight"] @ x + w[f"{b}.{name}.bias"]

        attended = []
        for i in range(len(hidden)):
            size = len(hidden[i]) // heads
            parts = []
            for head in range(heads):
                dims = slice(head * size, (head + 1) * size)
                query = affine("attention.query", hidden[i])[dims]
                scores = [
                    float(query @ affine("attention.key", hidden[j])[dims]) / math.sqrt(size) for j in range(i + 1)
                ]
                weights = [a * kept(masks, f"{b}.attention.dropout", head, i, j) for j, a in enumerate(softmax(scores))]
                parts.append(sum(a * affine("attention.value", hidden[j])[dims] for j, a in enumerate(weights)))
            attended.append(affine("attention.output", np.concatenate(parts)))
        hidden = [
            layer_norm(
                h + a * kept(masks, f"{b}.attention_dropout", i),
                w[f"{b}.attention_norm.weight"],
                w[f"{b}.attention_norm.bias"],
                eps,
            )
            for i, (h, a) in enumerate(zip(hidden, attended, strict=True))
        ]
        hidden = [
            layer_norm(
                h + affine("contract", gelu(affine("expand", h))) * kept(masks, f"{b}.feed_forward_dropout", i),
                w[f"{b}.feed_forward_norm.weight"],
                w[f"{b}.feed_forward_norm.bias"],
                eps,
            )
            for i, h in enumerate(hidden)
        ]
        block += 1
    return hidden


def gru(w, prefix, vectors):
    """The last state of one session by one layer of nn.GRU: reset r, update z, candidate n."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    h = np.zeros(w[f"{prefix}.weight_hh_l0"].shape[1])
    for x in vectors:
        of_x = np.split(w[f"{prefix}.weight_ih_l0"] @ x + w[f"{prefix}.bias_ih_l0"], 3)
        of_h = np.split(w[f"{prefix}.weight_hh_l0"] @ h + w[f"{prefix}.bias_hh_l0"], 3)
        r, z = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
        n = np.tanh(of_x[2] + r * of_h[2])
        h = (1 - z) * n + z * h
    return h


def mlp(w, prefix, x):
    inner = gelu(w[f"{prefix}.hidden.weight"] @ x + w[f"{prefix}.hidden.bias"])
    return w[f"{prefix}.output.weight"] @ inner + w[f"{prefix}.output.bias"]


def combine(weights, vectors):
    """Eq. 2 and 8."""
    return sum(a * vector for a, vector in zip(weights, vectors, strict=True))


FORMS = {  # scorer, gate, residual, what attention sees: vectors after or before session dropout
    "trm": ("linear", "global", False, "after"),
    "hn": ("linear", "global", False, "after"),
    "hn64": ("linear", "global", False, "after"),
    "hn_own": ("linear", "global", False, "after"),
    "hn_pool": ("linear", "global", False, "after"),
    "trm_bf16": ("linear", "global", False, "after"),
    "graph": ("linear", "global", False, "after"),  # and more, see below
    "repeat": ("linear", "global", False, "after"),  # beside its ``lift``
    "trm_before": ("linear", "global", False, "before"),
    "trm_table1": ("position", "global", False, "before"),
    "hn_table1": ("position", "global", True, "before"),
    "da": ("position", "learned", True, "after"),
    "dahn": ("position", "learned", True, "after"),
    "da_last": ("last", "learned", True, "after"),
    "da_table1": ("last", "learned", True, "before"),
    "dahn_table1": ("last", "learned", True, "before"),
    "da_norecent": ("position", "global", True, "after"),
    "da_fixed": ("position", "fixed", True, "after"),
    "da_noresidual": ("position", "learned", False, "after"),
}


def together(sessions, i, j, steps):
    """C(i, j): how many of the sessions have i and j at most so many clicks apart."""
    return sum(
        any(
            {session[p], session[q]} == {i, j}
            for p in range(len(session))
            for q in range(p + 1, min(p + steps, len(session) - 1) + 1)
        )
        for session in sessions
    )


def session_vector(form, w, session, masks=None, heads=2, eps=1e-12, counted=()):
    """hₛ of Eq. 2, 4 or 10, of norm 1, for ``form`` ave, gru, last or one of FORMS; of mi its K vectors (K, D).

    ``counted`` are the training sessions that graph may see.
    """
    undropped = [w["items.table"][item] for item in session]
    vectors = [vector * kept(masks, "items.session_dropout", i) for i, vector in enumerate(undropped)]
    uniform = combine([1 / len(session)] * len(session), vectors)  # Eq. 3
    if form == "ave":
        return norm(uniform)
    if form == "gru":
        return norm(w["encoder.output.weight"] @ gru(w, "encoder.gru", vectors) + w["encoder.output.bias"])
    if form == "last":
        return norm(transformer(w, "encoder.transformer", vectors, heads, eps, masks)[-1])
    if form == "mi":
        states = transformer(w, "encoder.transformer", vectors, heads, eps, masks)
        scorers = zip(w["encoder.global_scorer.weight"], w["encoder.global_scorer.bias"], strict=True)
        weights = [softmax([float(weight @ state) + bias for state in states]) for weight, bias in scorers]
        return np.array([norm(combine(a, vectors)) for a in weights])
    scorer, gate, residual, seen = FORMS[form]
    states = transformer(w, "encoder.transformer", vectors if seen == "after" else undropped, heads, eps, masks)
    if form == "graph":
        weight, bias = w["encoder.global_scorer.weight"][0], w["encoder.global_scorer.bias"][0]
        scores = [
            float(weight @ state) + bias + w["encoder.a"][0] * math.log(1 + together(counted, item, session[-1], 3))
            for state, item in zip(states, session, strict=True)
        ]
    elif scorer == "linear":
        weight, bias = w["encoder.global_scorer.weight"][0], w["encoder.global_scorer.bias"][0]
        scores = [float(weight @ state) + bias for state in states]  # Eq. 4
    else:
        partners = w["encoder.transformer.positions"] if scorer == "position" else [states[-1]] * len(states)
        scores = [
            float(mlp(w, "encoder.global_scorer", np.concatenate([state, partners[i]]))[0])
            for i, state in enumerate(states)
        ]  # Eq. 6
    h = combine(softmax(scores), vectors)
    if gate != "global":
        recent = softmax(
            [float(mlp(w, "encoder.recent_scorer", np.concatenate([state, states[-1]]))[0]) for state in states]
        )  # Eq. 7
        h_r = combine(recent, vectors)
        shares = [0.6, 0.4] if gate == "fixed" else softmax(list(mlp(w, "encoder.gate", np.concatenate([h, h_r]))))
        h = shares[0] * h + shares[1] * h_r  # Eq. 9
    return norm(h + uniform) if residual else norm(h)  # Eq. 10


def lift(w, session, temperature, masks=None, heads=2, eps=1e-12, bound=2.0):
    """δ of the variant repeat."""
    vectors = [w["items.table"][item] * kept(masks, "items.session_dropout", i) for i, item in enumerate(session)]
    last = transformer(w, "encoder.transformer", vectors, heads, eps, masks)[-1]
    nats = float(w["encoder.repeat.weight"][0] @ last) + w["encoder.repeat.bias"][0]
    return bound * math.tanh(temperature * nats / bound)


def loss(h, table, target, temperature, k, lam, masks=None, clicked=(), delta=0.0, left_out=(), skipped=0):
    """L of Algorithm 1 for one case: (1 - λ)·Eq. 12 + λ·Eq. 14 over the items 1, 2, …

    Of K vectors (K, D) in the place of one the nearest to the target is trained. The items ``clicked`` have ``delta``
    more than their cosine. Not mined are the items ``left_out`` and, of the others, so many of the highest.
    """
    items = {item: norm(table[item] * kept(masks, "items.item_dropout", item - 1)) for item in range(1, len(table))}
    if h.ndim == 2:
        h = max(h, key=lambda one: float(one @ items[target]))
    z = {
        item: (float(h @ vector) + delta * (item in clicked)) / temperature for item, vector in items.items()
    }  # Eq. 11
    highest = max(z.values())
    cross_entropy = highest + math.log(sum(math.exp(value - highest) for value in z.values())) - z[target]
    if lam == 0:
        return cross_entropy
    others = sorted((value for item, value in z.items() if item not in {target, *left_out}), reverse=True)  # Eq. 13
    others = others[skipped : skipped + k]
    pairwise = sum(math.log1p(math.exp(value - z[target])) for value in others) / k
    return (1 - lam) * cross_entropy + lam * pairwise
