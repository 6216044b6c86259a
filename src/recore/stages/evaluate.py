"""Stage evaluate (and evaluate_hybrid): the weights of a run to the ranks of every test case.

``meta.json`` beside them also says on how many items the recommended lists draw, how popular these are, and, where the
model has a gate, what holding it would change.
"""

import argparse
import hashlib
from pathlib import Path

from recore import params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.gate import counterfactuals
from recore.evaluation.identity import cases_hash
from recore.evaluation.lists import Counted
from recore.evaluation.ranking import rank
from recore.evaluation.recommended import Recommended
from recore.evaluation.trained import read_trained
from recore.evaluation.written import save_ranks
from recore.models.device import prepare
from recore.models.scorer import CoreScorer
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("seed", type=int)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args(argv)

    given = params.load()
    device = prepare(args.device, given.at("train.threads"))
    trained = read_trained(args.dataset, args.variant, args.seed)
    train, test = (Sessions.load(paths.split(args.dataset), part) for part in ("train", "test"))
    test = Cases(test, trained.max_length)
    recommended = Recommended(trained.n_items, given.at("evaluate.cutoffs.0"))
    scorer = Counted(CoreScorer(trained.model.to(device)), recommended)
    batch_size, cutoff = given.at("evaluate.batch_size"), recommended.cutoff
    ranks = rank(scorer, test, batch_size, device)
    held = counterfactuals(trained.model, test, ranks, cutoff, batch_size, device)

    meta = {
        "n_items": trained.n_items,
        "test_hash": cases_hash(test.session, test.position, test.target),
        "weights_hash": _sha256(trained.weights),
        "recommended": recommended.summary(train.items),
    }
    meta |= {"held": held} if held else {}
    counts = {"above": ranks.above, "tied": ranks.tied, "gate": ranks.gate}
    save_ranks(args.dataset, args.variant, args.seed, test, counts, meta)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    run(main)
