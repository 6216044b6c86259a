"""The baselines once more, as their definitions read: dicts and loops over one prefix at a time."""

import math
from collections import Counter

import numpy as np


def popularity(train):
    return Counter(item for session in train for item in session)


def pop(train, prefix):
    return {}


def spop(train, prefix):
    return dict(Counter(prefix))


def recent(train, prefix):
    return {item: i for i, item in enumerate(prefix, start=1)}


def sr(train, prefix, steps=10, own=0.0):
    scores = Counter()
    for session in train:
        for i, item in enumerate(session):
            for gap in range(1, steps + 1):
                if item == prefix[-1] and i + gap < len(session):
                    scores[session[i + gap]] += 1 / gap
    return reminded(scores, prefix, own)


def iknn(train, prefix, shrink=20.0):
    held = [set(session) for session in train]
    count = Counter(item for session in held for item in session)
    last = prefix[-1]
    both = Counter(item for session in held if last in session for item in session)
    return {
        item: n / math.sqrt((count[last] + shrink) * (count[item] + shrink)) for item, n in both.items() if item != last
    }


def nearest(train, prefix, k, m, clicks, weight, decay):
    prefix = prefix[-clicks:]
    position = {item: i for i, item in enumerate(prefix, start=1)}
    candidates = [s for s, session in enumerate(train) if set(session) & set(prefix)][-m:]
    similar = {s: sum(weight(position[item]) for item in set(train[s]) & set(prefix)) for s in candidates}
    neighbours = sorted(candidates, key=lambda s: (similar[s], s), reverse=True)[:k]
    scores = Counter()
    for s in neighbours:
        distance = min(len(prefix) - position[item] + 1 for item in set(train[s]) & set(prefix))
        for item in set(train[s]):
            scores[item] += similar[s] * decay(distance)
    return scores


def vsknn(train, prefix, k=100, m=1000, clicks=50, weight="div", decay="div", own=0.0):
    power = {"div": 1, "quadratic": 2}
    scores = nearest(
        train, prefix, k, m, clicks, lambda i: i ** power[weight], lambda distance: 1 / distance ** power[decay]
    )
    return reminded(scores, prefix, own)


def vmis(train, prefix, k=100, m=1000, clicks=50, idf=1.0, own=0.0):
    scores = nearest(train, prefix, k, m, clicks, lambda i: i, lambda distance: max(1 - distance / 10, 0))
    count = Counter(item for session in train for item in set(session))
    scores = {item: score * (1 + idf * math.log(len(train) / count[item])) for item, score in scores.items()}
    return reminded(scores, prefix, own)


def reminded(scores, prefix, own):
    highest = max(scores.values(), default=0) or 1
    scores = Counter(scores)
    newest = {item: i for i, item in enumerate(prefix)}
    for item, i in newest.items():
        scores[item] += own * highest / (len(prefix) - i)
    return scores


def ranks(scores, target, n_items, clicks):
    """above and tied by comparing the target with every item; scores as float32."""

    def key(item):
        return np.float32(scores.get(item, 0)), clicks[item]

    keys = [key(item) for item in range(1, n_items + 1)]
    return sum(other > key(target) for other in keys), sum(other == key(target) for other in keys)
