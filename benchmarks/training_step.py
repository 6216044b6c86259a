"""Seconds and memory of training and evaluation, ours against the plain padded rendition of the published step.

    python benchmarks/training_step.py [--threads 2] [--batch 2048] [--items 42861] [--rounds 9] [--quick]

Generated cases with Diginetica's shapes; a step is making the batch, forward, loss, backward and Adam. Every figure is
a median. Both run with the allocator as shipped and tuned: the padded way spends half of its time on fresh memory. Peak
memory is that of a process that does nothing else. Writes benchmarks/results/training_step.csv; see docs/BENCHMARKS.md.
"""

from children import ALLOCATORS, measure, options, write
from step_tables import TABLES
from tables import read, source

PAIRS = ("ave", "trm", "dahn K=5")
OWN = ["trm", "da", "hn K=5", "hn K=64", "dahn K=5", "dahn K=64"]
MINED = [5, 64]
DEFAULTS = {"threads": 2, "batch": 2048, "items": 42_861, "rounds": 9}  # items without the padding row
QUICK = {"threads": 1, "batch": 32, "items": 400, "rounds": 2}
LONG = {
    "ours": 60,
    "bfloat16": 60,
    "reference": 3,
}  # steps to a peak: the pieces of ours vary in size, so its memory may still grow
EVALUATED_SESSIONS = 2_200  # about 8,600 cases


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    size = {"items": chosen.items, "batch": chosen.batch}
    sessions = 50 if chosen.quick else EVALUATED_SESSIONS
    rows = []
    for allocator in ALLOCATORS:
        common = size | {"threads": chosen.threads, "allocator": allocator, "rounds": chosen.rounds}
        for label in PAIRS:
            rows += measure("beside_reference", label=label, **common)
        rows += measure("own_steps", labels=OWN, **common)
        rows += measure("mining", ks=MINED, **common)
        rows += measure("beside_floor", **common)
        rows += measure("evaluation", sessions=sessions, **common)
    for side in LONG:
        for label in ("trm", "dahn K=5"):
            rounds = chosen.rounds if chosen.quick else LONG[side]
            trained = measure("alone", chosen.threads, side=side, label=label, rounds=rounds, **size)
            rows += [row for row in trained if row["what"].startswith("peak")]
        if side != "bfloat16":  # which is of training alone
            rows += measure("evaluation_alone", chosen.threads, side=side, sessions=sessions, **size)
    results = read(write(rows, "training_step", chosen.quick))
    print(source(results), *(table(results) for table in TABLES.values()), sep="\n\n")


if __name__ == "__main__":
    main()
