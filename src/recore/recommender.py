"""A trained model that answers sessions in the log's own ids: what ``recore.load`` returns.

It scores as the evaluation does: the whole catalogue, the items of the session itself among it, padding never.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch

from recore import RecoreError, artifacts, paths
from recore.data.sessions import clicks_hash
from recore.evaluation.best import best
from recore.evaluation.ranking import Scorer
from recore.evaluation.trained import read_trained
from recore.models.device import chosen
from recore.models.packing import Packing
from recore.models.scorer import CoreScorer

BATCH = 1024  # sessions that are encoded at once


@dataclass(frozen=True, eq=False)
class Recommendation:
    """The k best items of one session, or none where the catalogue knows none of its clicks."""

    items: np.ndarray  # (k,) the log's own ids, whole numbers or text, the best first; (0,) where no click is known
    scores: np.ndarray  # (k,) float32, of most CORE models the cosine of session and item; (0,) where no click is known
    unknown: int  # clicks that were left out, because training never saw their item


class Recommender:
    """Any scorer with the ids of its items: ``ids`` (n,), that of item number i at i - 1."""

    def __init__(self, scorer: Scorer, ids: np.ndarray, max_length: int, device: torch.device):
        self.scorer = scorer
        self.ids = ids
        self.max_length = max_length
        self.device = device
        # As text, in which the readers tell ids apart: 7 and "7" are one item, "07" is another.
        self._number = {str(item): number for number, item in enumerate(ids.tolist(), start=1)}

    def recommend(self, sessions: Iterable[Sequence[Any]], k: int = 20) -> list[Recommendation]:
        """The k best items of each session, a list of ids in the order of the clicks; answers in the order given.

        Clicks of unknown items are left out and counted; of the others the last ``max_length`` are read, as in
        training. Items of equal scores stand in the order of the catalogue. Raises RecoreError for a k that is not 1 to
        the number of items.
        """
        if not 1 <= k <= len(self.ids):
            raise RecoreError(f"k is {k}, but it is a number of items, from 1 to the catalogue's {len(self.ids)}")
        numbers = [[self._number.get(str(item), 0) for item in session] for session in sessions]
        known = [[number for number in session if number] for session in numbers]
        nothing = self.ids[:0], np.empty(0, np.float32)
        answers = [nothing] * len(known)
        read = [session[-self.max_length :] for session in known]
        answered = sorted((at for at, session in enumerate(read) if session), key=lambda at: len(read[at]))
        for start in range(0, len(answered), BATCH):
            places = answered[start : start + BATCH]
            for place, answer in zip(
                places, zip(*self._best([read[at] for at in places], k), strict=True), strict=True
            ):
                answers[place] = answer
        unknown = (len(session) - len(kept) for session, kept in zip(numbers, known, strict=True))
        return [Recommendation(*answer, left_out) for answer, left_out in zip(answers, unknown, strict=True)]

    def embeddings(self) -> np.ndarray:
        """The unit vectors (n, D) of the items, float32, in the order of ``ids``; of a CORE model only."""
        return self.scorer.catalogue.cpu().numpy()

    @torch.inference_mode()
    def _best(self, sessions: list[list[int]], k: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and scores (B, k) of sessions of item numbers, ordered by length, none of them empty."""
        clicks = torch.tensor(list(chain.from_iterable(sessions)), device=self.device)
        packing = Packing(np.array([len(session) for session in sessions]), self.device)
        scores = self.scorer(clicks, packing)
        items, values = best(scores, len(sessions), self.scorer.n_items, k, self.device)
        return self.ids[items.cpu().numpy() - 1], values.cpu().numpy()


def load(dataset: str, variant: str, seed: int, device: str = "auto") -> Recommender:
    """The model that stage train left of this run, in the folder of params.yaml. ``device`` is auto, cpu or cuda.

    Raises RecoreError where there is no such model, naming those that there are, and where a newer split took the place
    of the one that it was trained on.
    """
    at = chosen(device)
    trained = read_trained(dataset, variant, seed)
    split = paths.split(dataset)
    with artifacts.reading(split / "items.parquet") as file:
        ids = pq.read_table(file)["item"].to_numpy()
    if len(ids) != trained.n_items:
        raise RecoreError(
            f"{trained.weights.parent} was trained on {trained.n_items} items, but {file} holds {len(ids)}; "
            "`dvc repro` trains it on them"
        )
    clicks = clicks_hash(split)
    if clicks and trained.trained_on and clicks != trained.trained_on:
        raise RecoreError(
            f"{trained.weights.parent} was trained on other clicks than {split} holds; `dvc repro` trains it on these"
        )
    return Recommender(CoreScorer(trained.model.to(at)), ids, trained.max_length, at)
