"""Stage baseline: fits a simple baseline on train, tunes it on validation and ranks every test case.

data/ranks/DATASET/VARIANT/none is its one run; data/records/DATASET/VARIANT/none/record.json the settings that it came
to, their value on validation, and every combination that was tried.

python -m recore.stages.baseline DATASET VARIANT
"""

import argparse
import importlib
import time

from recore import artifacts, costs, params, paths
from recore.baselines.ranking import Popularity, rank
from recore.baselines.tuning import tuned
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.identity import cases_hash
from recore.evaluation.recommended import Recommended
from recore.evaluation.written import save_ranks
from recore.stages import run
from recore.training.provenance import peak_memory_bytes, provenance


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.baseline", description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("variant")
    args = parser.parse_args(argv)

    given = params.load()
    row = given.at(f"variants.baselines.{args.variant}")
    own = given.at(f"sources.{args.dataset}.train")
    # What the models are chosen by.
    metric = f"mrr@{own.get('validation_cutoff', given.at('train.validation_cutoff'))}"
    folder = paths.split(args.dataset)
    n_items = artifacts.read_json(folder / "stats.json")["items"]
    train = Sessions.load(folder, "train")
    valid, test = (Cases(Sessions.load(folder, part), given.max_length(args.dataset)) for part in ("valid", "test"))
    popularity = Popularity.of(train.items, n_items)

    made_by = provenance(None)
    started = time.perf_counter()
    module = importlib.import_module(f"recore.baselines.{args.variant}")
    chosen = tuned(module, row, train, valid, popularity, metric)
    seconds = {"train_seconds": round(time.perf_counter() - started, 3), "valid_seconds": 0.0}  # tuning is both
    recommended = Recommended(n_items, given.at("evaluate.cutoffs.0"))
    above, tied = rank(chosen.method, test, popularity, recommended)

    record = {
        "settings": chosen.settings,
        "tuned": list(row.get("tune", {})),
        "valid": {metric: chosen.value},
        "tried": [settings | {metric: value} for settings, value in chosen.tried],
    }
    with artifacts.new_folder(paths.record(args.dataset, args.variant, None)) as out:
        artifacts.write_json(out / "record.json", record)
        costs.write(out, seconds | {"peak_memory_bytes": peak_memory_bytes(None)} | made_by)
    meta = {
        "n_items": n_items,
        "test_hash": cases_hash(test.session, test.position, test.target),
        "recommended": recommended.summary(train.items),
    }
    save_ranks(args.dataset, args.variant, None, test, {"above": above, "tied": tied}, meta)


if __name__ == "__main__":
    run(main)
