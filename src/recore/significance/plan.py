"""What is compared and how much a number of seeds may claim."""

from dataclasses import dataclass
from typing import Any

# Seeds: fewer have no p of the primary test; fewer have no verdict.
EXPLORATORY, CONFIRMED = 3, 5
FEWEST = 15.0  # effective sessions, where params.yaml names no other number; calibrated in benchmarks/level.py


def variants_of(groups: dict[str, dict[str, Any]]) -> list[str]:
    """Every variant of the section ``variants`` of params.yaml, in its order."""
    return [name for rows in groups.values() for name in rows]


def synthetic_of(sources: dict[str, dict[str, Any]], datasets: list[str]) -> list[str]:
    """The datasets that are generated: a family of their own. sources: the section of params.yaml."""
    return [name for name in datasets if "generate" in sources[name]["fetch"]]


@dataclass(frozen=True)
class Plan:
    """What is compared and how: the section ``significance`` of params.yaml.

    ``looks`` are the numbers of seeds after which to look, ascending; None is one look at all seeds that are there.
    Below ``fewest`` effective sessions a comparison has no verdict but ``fragile``.
    """

    comparisons: list[tuple[str, str]]
    margins: dict[str, float]
    alpha: float
    power: float
    looks: tuple[int, ...] | None = None
    fewest: float = FEWEST

    @classmethod
    def of(cls, section: dict[str, Any]) -> "Plan":
        """From the section itself, ``looks`` and ``fragile`` being optional there."""
        looks = section.get("looks")
        return cls(
            [(a, b) for a, b in section["comparisons"]],
            section["margins"],
            section["alpha"],
            section["power"],
            tuple(looks) if looks else None,
            (section.get("fragile") or {}).get("effective_sessions", FEWEST),
        )

    @property
    def planned(self) -> tuple[int, ...]:
        """The looks in units that only their ratios matter of: one look is (1,)."""
        return self.looks or (1,)

    def reached(self, n_seeds: int) -> list[int]:
        """The looks that so many seeds allow, as numbers of seeds."""
        return [n_seeds] if self.looks is None else [look for look in self.looks if look <= n_seeds]

    def reached_by(self, *n_seeds: int | None) -> list[int]:
        """The looks of arms with so many seeds each, None for an arm without.

        Such an arm is there at every look; where none has seeds there is nothing to add, so one look, at 0 of them.
        """
        seeded = [n for n in n_seeds if n is not None]
        return self.reached(min(seeded)) if seeded else [0]
