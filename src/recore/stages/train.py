"""Stage train (and train_hybrid): a split, a variant and a seed to weights and a run record."""

import argparse
import csv
import dataclasses
import importlib

from safetensors.torch import save

from recore import artifacts, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.models.device import prepare
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.stages import run
from recore.training.loop import Training, fit, flatten
from recore.training.progress import Progress
from recore.training.provenance import peak_memory_bytes, provenance


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.train", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("seed", type=int)
    parser.add_argument("--objective", choices=["cross_entropy", "hybrid"], default="cross_entropy")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args(argv)

    given = params.load()
    settings = params.merge(given.at("train"), given.at(f"sources.{args.dataset}.train"))
    group = "plain" if args.objective == "cross_entropy" else "hybrid"
    row = dict(given.at(f"variants.{group}.{args.variant}"))
    objective = CROSS_ENTROPY
    if args.objective == "hybrid":
        objective = Objective(**{name: row.pop(name, given.at(name)) for name in params.HYBRID_SETTINGS})

    device = prepare(args.device, settings["threads"])
    folder = paths.split(args.dataset)
    n_items = artifacts.read_json(folder / "stats.json")["items"]
    model_settings = settings["model"] | row
    model = importlib.import_module(f"recore.variants.{args.variant}").build(model_settings, n_items)
    train, valid = (Cases(Sessions.load(folder, part), model_settings["max_length"]) for part in ("train", "valid"))
    made_by = provenance(device)  # now: the checkout may be another one when a long run ends
    progress = Progress(f"{args.dataset} {args.variant} {args.seed}", settings["epochs"])
    training = fit(model, train, valid, settings, objective, args.seed, device, progress)
    progress.close()

    config = {
        "variant": args.variant,
        "seed": args.seed,
        "n_items": n_items,
        "settings": model_settings,
        "objective": dataclasses.asdict(objective),
        "best_epoch": training.best,
    }
    with artifacts.new_folder(paths.model(args.dataset, args.variant, args.seed)) as out:
        (out / "weights.safetensors").write_bytes(save(training.weights))
        artifacts.write_json(out / "config.json", config)
    with artifacts.new_folder(paths.record(args.dataset, args.variant, args.seed)) as out:
        rows = list(flatten(training))
        with (out / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        artifacts.write_json(
            out / "record.json",
            _record(training) | {"peak_memory_bytes": peak_memory_bytes(device), **made_by},
        )


def _record(training: Training) -> dict:
    best = training.epochs[training.best - 1]
    return {
        "best_epoch": training.best,
        "epochs": len(training.epochs),
        "valid": best.valid,
        "train_seconds": round(sum(epoch.train_seconds for epoch in training.epochs), 3),
        "valid_seconds": round(sum(epoch.valid_seconds for epoch in training.epochs), 3),
    }


if __name__ == "__main__":
    run(main)
