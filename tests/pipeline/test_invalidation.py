"""What reruns is what the design says: asked of DVC, in a clone whose grid is up to date."""

import hashlib
import json

import pytest
from builders import VARIANTS

from .conftest import Clone

pytestmark = pytest.mark.slow
CELLS = {"demo-trm-1", "demo-trm-2"}
HYBRID_CELLS = {"demo-hn-1", "demo-hn-2"}


def cells(stage, names):
    return {f"{stage}@{name}" for name in names}


TESTS = {"significance@demo", "aggregate"}
MINE = {f"{stage}@demo-mine-{seed}" for stage in ("train", "evaluate") for seed in (1, 2)}
TRAIN = cells("train", CELLS) | cells("train_hybrid", HYBRID_CELLS)
BASELINES = cells("baseline", ["demo-pop", "demo-sr"])
EVALUATE = cells("evaluate", CELLS) | cells("evaluate_hybrid", HYBRID_CELLS)


def test_the_first_run_ran_everything_and_the_second_nothing(finished):
    prepare = {"download@demo", "filter@demo", "split@demo"}
    assert finished.first_run == prepare | {"encoders"} | TRAIN | EVALUATE | BASELINES | TESTS
    assert finished.repro() == set()
    assert finished.changed() == set()
    assert finished.status() == ""


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("src/recore/reporting/style.py", {"aggregate"}),
        ("src/recore/data/readers/clicks.py", {"filter@demo"}),
        ("src/recore/data/split.py", {"split@demo"}),
        ("src/recore/data/fetch.py", {"download@demo"}),
        ("src/recore/models/encoders.py", TRAIN | EVALUATE),
        ("src/recore/training/loop.py", TRAIN),
        ("src/recore/evaluation/ranking.py", TRAIN | EVALUATE),
        ("src/recore/variants/hn.py", {"encoders"}),  # which says whose cells follow
        ("src/recore/baselines/sr.py", {"baseline@demo-sr"}),
        ("src/recore/baselines/ranking.py", BASELINES),
        ("src/recore/data/cases.py", TRAIN | EVALUATE | BASELINES),
        ("src/recore/significance/crossed.py", TESTS),
        ("src/recore/evaluation/breakdowns.py", {"significance@demo"}),
        ("src/recore/evaluation/metrics.py", {"significance@demo"}),
        ("src/recore/evaluation/lists.py", EVALUATE),
        ("src/recore/evaluation/recommended.py", EVALUATE | BASELINES),
        ("src/recore/evaluation/expected.py", TRAIN | EVALUATE | BASELINES | {"significance@demo"}),
        ("src/recore/evaluation/gate.py", EVALUATE),
        ("src/recore/data/lengths.py", TRAIN | EVALUATE | {"significance@demo"}),
        ("src/recore/training/mined.py", TRAIN),
        ("src/recore/evaluation/tables.py", TESTS),
        ("src/recore/evaluation/identity.py", EVALUATE | BASELINES | {"significance@demo"}),
        ("src/recore/evaluation/stored.py", set()),
        ("src/recore/commands/cells.py", set()),
        ("src/recore/records/tables.py", set()),
        ("src/recore/params.py", set()),
        ("README.md", set()),
    ],
)
def test_an_edited_file_changes_the_stages_that_reach_it(clone, file, changed):
    with (clone.path / file).open("a") as text:
        text.write("\n# edited\n")
    assert clone.changed() == changed


def new_variant(tree):
    tree["variants"]["plain"]["mine"] = {}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda tree: tree.update(hard_neg_k=10), cells("train_hybrid", HYBRID_CELLS) | {"aggregate"}),
        (lambda tree: tree.update(hard_neg_own="skip"), cells("train_hybrid", HYBRID_CELLS) | {"aggregate"}),
        (lambda tree: tree.update(hard_neg_warmup=2), cells("train_hybrid", HYBRID_CELLS) | {"aggregate"}),
        (
            lambda tree: tree["variants"]["plain"].update(trm={"layers": 1}),
            cells("train", CELLS) | {"encoders"} | TESTS,
        ),
        (lambda tree: tree["variants"]["baselines"].update(sr={"steps": 3}), {"baseline@demo-sr"} | TESTS),
        (lambda tree: tree["train"].update(learning_rate=0.01), TRAIN | {"aggregate"}),
        (lambda tree: tree["train"].update(validation_cutoff=10), TRAIN | BASELINES | {"aggregate"}),
        (lambda tree: tree["sources"]["demo"]["train"].update(batch_size=64), TRAIN | BASELINES | TESTS),
        (lambda tree: tree["evaluate"].update(cutoffs=[20, 10]), TESTS),
        (lambda tree: tree["evaluate"].update(cutoffs=[10, 20, 5]), EVALUATE | BASELINES | TESTS),
        (lambda tree: tree["significance"].update(alpha=0.01), TESTS),
        (lambda tree: tree["filter"].update(min_support=3), {"filter@demo", "aggregate"}),
    ],
)
def test_a_changed_number_changes_the_stages_that_read_it(clone, change, changed):
    clone.params(change)
    assert clone.changed() == changed


def test_a_new_seed_adds_its_cells(clone):
    clone.params(lambda tree: tree["seeds"].append(3))
    added = {"train@demo-trm-3", "train_hybrid@demo-hn-3", "evaluate@demo-trm-3", "evaluate_hybrid@demo-hn-3"}
    assert clone.changed() == added | TESTS


def test_made_anew_elsewhere_git_sees_no_difference(finished, tmp_path):
    """What the runs cost differs, and nothing that DVC hashes."""
    fresh = Clone(tmp_path / "fresh")
    finished.run("git", "clone", "--quiet", str(finished.path), str(fresh.path))
    assert fresh.repro() == finished.first_run
    assert fresh.status() == ""
    first, second = (clone.read("data/records/demo/hn/2/cost.json") for clone in (finished, fresh))
    assert json.loads(first)["of"] == json.loads(second)["of"]
    assert first != second


def test_a_restored_run_has_no_cost_of_another(clone):
    def told() -> list[str]:
        return [
            line.split(":")[0]
            for line in clone.run("python", "-m", "recore", "costs", PYTHONPATH="src").stdout.splitlines()
        ]

    clone.params(lambda tree: tree.update(hard_neg_k=1))
    assert cells("train_hybrid", HYBRID_CELLS) <= clone.repro()
    assert not [line for line in told() if "unknown" in line]
    clone.run("git", "checkout", "--quiet", "dvc.lock", "params.yaml")
    clone.run("dvc", "checkout")
    assert told()[-1] == "2 runs of unknown cost"


def test_runs_of_a_clean_checkout_say_so(finished):
    cost = json.loads(finished.read("data/records/demo/hn/2/cost.json"))
    assert cost["commit"]
    assert cost["dirty"] is False


def test_a_new_dataset_adds_its_own_stages(clone):
    def change(tree):
        tree["sources"]["other"] = tree["sources"]["demo"]
        tree["datasets"].append("other")

    clone.params(change)
    changed = clone.changed()
    assert {name for name in changed if "demo" in name} == set()
    assert {"download@other", "filter@other", "split@other", "train@other-trm-1", "significance@other"} <= changed
    assert "aggregate" in changed


def test_a_new_variant_is_one_file_and_one_row(clone):
    file = clone.path / "src/recore/variants/mine.py"
    file.write_text(clone.read("src/recore/variants/ave.py"))
    clone.params(new_variant)
    assert clone.changed() == MINE | {"encoders"} | TESTS


def test_a_file_of_variants_trains_the_rows_that_name_it(clone):
    """A second row of an encoder is no file. Each row follows its own file, and no row another's."""
    clone.params(lambda tree: tree["variants"]["plain"].update(mine={"encoder": "trm", "temperature": 0.1}))
    assert clone.repro() == MINE | {"encoders"} | TESTS
    for file, follow in (
        ("ave", set()),
        ("hn", cells("train_hybrid", HYBRID_CELLS) | cells("evaluate_hybrid", HYBRID_CELLS)),
        ("trm", cells("train", CELLS) | cells("evaluate", CELLS) | MINE),
    ):
        with (clone.path / f"src/recore/variants/{file}.py").open("a") as text:
            text.write("\n# edited\n")
        assert clone.changed() == {"encoders"}
        assert clone.repro() - TESTS == {"encoders"} | follow
    clone.params(lambda tree: tree["variants"]["plain"]["mine"].update(encoder="ave"))
    assert MINE | {"encoders"} <= clone.repro() <= MINE | {"encoders"} | TESTS


def test_a_tuned_baseline_trains_nothing(clone):
    clone.params(lambda tree: tree["variants"]["baselines"].update(sr={"steps": 3}))
    assert clone.repro() == {"baseline@demo-sr"} | TESTS


def test_params_without_baselines_still_run(clone):
    clone.params(lambda tree: tree["variants"].pop("baselines"))
    assert clone.repro() == TESTS
    assert "demo,sr," not in clone.read("metrics/runs.csv")


def test_a_row_of_a_file_follows_its_pin(clone):
    def take_in(above: int) -> None:
        counts = f"case,above,tied\n{''.join(f'{case},{above},1{chr(10)}' for case in range(n_cases))}"
        (clone.path / "theirs.csv").write_text(counts)
        pin = hashlib.sha256(counts.encode()).hexdigest()
        row = {"test_hash": test_hash, "file": {"path": "theirs.csv", "sha256": pin}}
        clone.params(lambda tree: tree["variants"].update(external={"theirs": row}))

    test_hash = json.loads(clone.read("data/ranks/demo/hn/1/meta.json"))["test_hash"]
    n_cases = json.loads(clone.read("data/split/demo/stats.json"))["test"]["cases"]
    take_in(above=0)
    assert clone.repro() == {"external@demo-theirs"} | TESTS
    assert "demo,theirs,recall@5,0,1," in clone.read("metrics/results.csv")
    with (clone.path / "theirs.csv").open("a") as file:
        file.write("\n")
    assert clone.changed() == set()  # what was taken in is still what the row pins
    forced = clone.run("dvc", "repro", "--force", "--single-item", "external@demo-theirs", ok=False)
    assert "recore: theirs.csv has wrong content, sha256" in forced.stderr
    take_in(above=7)
    assert clone.repro() == {"external@demo-theirs"} | TESTS
    assert "demo,theirs,recall@5,0,0," in clone.read("metrics/results.csv")


def test_a_row_without_its_file_is_named_before_any_work(clone):
    clone.params(new_variant)
    result = clone.run("python", "-m", "recore", "check", ok=False, PYTHONPATH="src")
    assert result.returncode == 1
    assert result.stderr == (
        "recore: params.yaml: `variants.plain.mine` has no file src/recore/variants/mine.py; "
        "write it, name that of another variant with `encoder`, or correct the name\n"
    )
    assert clone.run("dvc", "repro", ok=False).returncode != 0
    assert "mine" not in VARIANTS
