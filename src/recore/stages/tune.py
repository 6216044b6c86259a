"""Stage tune (and tune_hybrid): settings of a variant, chosen on validation among a number of trials.

data/tuned/DATASET/VARIANT/tuned.json is what was chosen, beside what the row of params.yaml came to, and every trial. A
trial trains on the training sessions with every seed of ``tune.seeds`` and counts the best epoch's validation
MRR@``train.validation_cutoff``, as early stopping does. The test sessions are not read.

python -m recore.stages.tune DATASET VARIANT [--objective hybrid]
"""

import argparse
import dataclasses
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recore import RecoreError, artifacts, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.models.device import prepare
from recore.stages import run
from recore.training.loop import fit
from recore.training.progress import Progress
from recore.training.settings import Settings
from recore.tuning import kept
from recore.tuning.search import Trial, best, plan


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.tune", description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("--objective", choices=["cross_entropy", "hybrid"], default="cross_entropy")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args(argv)

    given = params.load()
    hybrid = args.objective == "hybrid"
    space = given.at(f"tune.{'hybrid' if hybrid else 'plain'}.{args.variant}")
    seeds, budget = given.at("tune.seeds"), given.at("tune.trials")
    row = Settings.of(given, args.dataset, args.variant, hybrid)
    metric = f"mrr@{row.train['validation_cutoff']}"
    current = row.train | row.model | dataclasses.asdict(row.objective)
    planned = plan(space, current, budget, seeds[0], args.variant)

    device = prepare(args.device, row.train["threads"])
    split, folder = paths.split(args.dataset), paths.trials(args.dataset, args.variant)
    read = kept.inputs(split, row.encoder) | {"device": device.type}
    of = [Settings.of(given, args.dataset, args.variant, hybrid, settings) for settings in planned]
    names = [f"{args.dataset} {args.variant}, trial {number} ({_shown(each)})" for number, each in enumerate(planned)]
    n_items = artifacts.read_json(split / "stats.json")["items"]
    longest = int(np.diff(Sessions.load(split, "train").offsets).max()) - 1
    for name, own in zip(names, of, strict=True):
        with _named(name):  # now, and not when its turn comes
            own.objective.check(n_items, min(longest, own.model["max_length"]))
    trials = []
    for number, (settings, own) in enumerate(zip(planned, of, strict=True)):
        values = []
        for seed in seeds:
            known = dataclasses.asdict(own) | {"seed": seed, "read": read}
            valid = kept.read(folder, known)
            if valid is None:
                title = f"{args.dataset} {args.variant} trial {number} seed {seed}"
                with _named(names[number]):
                    valid = _trained(own, split, n_items, seed, device, title)
                kept.write(folder, known, valid)
            values.append(valid[metric])
        trials.append(Trial(settings, values))
        print(f"{args.dataset} {args.variant} trial {number}: {settings} {100 * trials[-1].mean:.3f}", file=sys.stderr)

    with artifacts.new_folder(paths.tuned(args.dataset, args.variant)) as out:
        tried = [{"settings": each.settings, "values": each.values, "mean": each.mean} for each in trials]
        chosen = best(trials)
        found = {"metric": metric, "seeds": seeds, "row": tried[0], "chosen": tried[chosen], "trial": chosen}
        artifacts.write_json(out / "tuned.json", found | {"tried": tried})


def _shown(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in settings.items()) or "the row"


@contextmanager
def _named(trial: str) -> Iterator[None]:
    """Says of what goes wrong in which trial it did."""
    try:
        yield
    except RecoreError as error:
        raise RecoreError(f"{trial}: {error}") from error


def _trained(own: Settings, split: Path, n_items: int, seed: int, device: torch.device, title: str) -> dict[str, float]:
    """The validation metrics of the best epoch of one training."""
    train, valid = (Cases(Sessions.load(split, part), own.model["max_length"]) for part in ("train", "valid"))
    model = importlib.import_module(f"recore.variants.{own.encoder}").build(own.model, n_items)
    progress = Progress(title, own.train["epochs"])
    training = fit(model, train, valid, own.train, own.objective, seed, device, progress)
    progress.close()
    return training.epochs[training.best - 1].valid


if __name__ == "__main__":
    run(main)
