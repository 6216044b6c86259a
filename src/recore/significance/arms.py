"""An arm of a comparison: what a variant's runs are to the tests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recore.significance.runs import SessionBlocks


@dataclass(frozen=True)
class Arm:
    """One variant and metric on R seeds: session sums (R, S); by look, the mean over its seeds of every case (N,).

    Without seeds it is one run: sums (1, S), and its cases are those of every look.
    """

    sums: np.ndarray
    cases: dict[int, np.ndarray]
    seedless: bool = False

    @property
    def n_seeds(self) -> int | None:
        return None if self.seedless else len(self.sums)

    def at(self, look: int) -> "Arm":
        """The first ``look`` seeds alone; where there are none, the arm as it is."""
        if self.seedless:
            return Arm(self.sums, {look: next(iter(self.cases.values()))}, seedless=True)
        return Arm(self.sums[:look], {look: self.cases[look]})


def arms_of(
    tables: Sequence[dict[str, np.ndarray]], sessions: SessionBlocks, looks: Iterable[int], seedless: bool = False
) -> dict[str, Arm]:
    """An arm for each metric, from one variant's metric tables (one a seed, each metric (N,)); looks: at most R."""
    looks = [1] if seedless else list(looks)
    return {
        metric: Arm(
            sums=np.stack([sessions.sums(table[metric]) for table in tables]),
            cases={look: np.mean([table[metric] for table in tables[:look]], axis=0) for look in looks},
            seedless=seedless,
        )
        for metric in tables[0]
    }
