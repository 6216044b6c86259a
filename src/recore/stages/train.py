"""Stage train (and train_hybrid): a split, a variant and a seed to weights and a run record."""

import argparse
import csv
import dataclasses
import importlib
import sys

from safetensors.torch import save

from recore import artifacts, costs, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions, clicks_hash
from recore.models.device import fast_in_bfloat16, prepare
from recore.stages import run
from recore.training.loop import Training, fit, flatten
from recore.training.progress import Progress
from recore.training.provenance import peak_memory_bytes, provenance
from recore.training.settings import Settings


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.train", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("seed", type=int)
    parser.add_argument("--objective", choices=["cross_entropy", "hybrid"], default="cross_entropy")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args(argv)

    given = params.load()
    settings = Settings.of(given, args.dataset, args.variant, hybrid=args.objective == "hybrid")

    device = prepare(args.device, settings.train["threads"])
    if settings.train["precision"] == "bfloat16" and not fast_in_bfloat16(device):
        print(
            "recore: warning: this processor has no instructions for bfloat16 (AVX512-BF16 or AMX), so that "
            "`precision: bfloat16` gives the same losses slower than float32 would give its own",
            file=sys.stderr,
        )
    folder = paths.split(args.dataset)
    n_items = artifacts.read_json(folder / "stats.json")["items"]
    model = importlib.import_module(f"recore.variants.{settings.encoder}").build(settings.model, n_items)
    train, valid = (Cases(Sessions.load(folder, part), settings.model["max_length"]) for part in ("train", "valid"))
    made_by = provenance(device)  # now: the checkout may be another one when a long run ends
    progress = Progress(f"{args.dataset} {args.variant} {args.seed}", settings.train["epochs"])
    training = fit(model, train, valid, settings.train, settings.objective, args.seed, device, progress)
    progress.close()

    config = {
        "variant": args.variant,
        "encoder": settings.encoder,
        "seed": args.seed,
        "n_items": n_items,
        "trained_on": clicks_hash(folder),
        "settings": settings.model,
        "objective": dataclasses.asdict(settings.objective),
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
        valid = training.epochs[training.best - 1].valid
        record = {"best_epoch": training.best, "epochs": len(training.epochs), "valid": valid}
        record["precision"] = settings.train["precision"]
        artifacts.write_json(out / "record.json", record)
        costs.write(out, _seconds(training) | {"peak_memory_bytes": peak_memory_bytes(device)} | made_by)


def _seconds(training: Training) -> dict[str, float]:
    return {
        "train_seconds": round(sum(epoch.train_seconds for epoch in training.epochs), 3),
        "valid_seconds": round(sum(epoch.valid_seconds for epoch in training.epochs), 3),
    }


if __name__ == "__main__":
    run(main)
