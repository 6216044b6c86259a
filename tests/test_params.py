"""``params.yaml`` is checked strictly: each fault is one sentence that names the key and the value."""

import copy
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from recore import RecoreError, params, yaml12
from recore.evaluation.metrics import metric_names

ROOT = Path(__file__).parents[1]
GIVEN = yaml12.read(ROOT / "params.yaml")


def write(folder, **changes):
    """The repository's params.yaml with values at dotted keys changed (None removes a key)."""
    tree = copy.deepcopy(GIVEN)
    for key, value in changes.items():
        *parents, last = key.split("__")
        node = tree
        for parent in parents:
            node = node[parent]
        if value is None:
            del node[last]
        else:
            node[last] = value
    path = folder / "params.yaml"
    path.write_text(yaml12.dump(tree))
    return path


def edited(folder, old, new):
    """The repository's params.yaml with another text in one place."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = folder / "params.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_repository_s_own_file_is_valid():
    given = params.load(ROOT / "params.yaml")
    assert given.at("train.model.temperature") == 0.07
    assert given.at("sources.demo.split") == {"recent": 1.0}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train__epochs": "many"}, "`train.epochs` is 'many', but input should be a valid integer"),
        ({"train__epochs": 0}, "`train.epochs` is 0, but input should be greater than or equal to 1"),
        ({"train__epochs": True}, "`train.epochs` is True, but input should be a valid integer"),
        ({"train__epochs": None}, "`train.epochs` is missing"),
        ({"train__epoch": 3}, "`train.epoch` is not a known key"),
        (
            {"train__precision": "float16"},
            "`train.precision` is 'float16', but input should be 'float32' or 'bfloat16'",
        ),
        (
            {"variants__plain__da": {"precision": 16}},
            "`variants.plain.da.precision` is 16, but input should be 'float32'",
        ),
        ({"train__learning_rate": "1e-3"}, "`train.learning_rate` is '1e-3', but input should be a valid number"),
        ({"train__learning_rate": True}, "`train.learning_rate` is True, but input should be a valid number"),
        ({"train__learning_rate": float("inf")}, "`train.learning_rate` is inf, but input should be a finite number"),
        ({"train__epochs": 1e1}, "`train.epochs` is 10.0, but input should be a valid integer"),
        ({"train__epochs": date(2020, 1, 2)}, "`train.epochs` is the date 2020-01-02, but input should be"),
        ({"seeds": ["5"]}, "`seeds.0` is '5', but input should be a valid integer"),
        ({"sources__demo__read__columns__time": date(2020, 1, 2)}, "`sources.demo.read.columns.time` is the date 2020"),
        ({"variants__plain__da": {"scorer": date(2020, 1, 2)}}, "`variants.plain.da.scorer` is the date 2020-01-02"),
        ({"variants__plain__da": {"scorer": [1]}}, "`variants.plain.da.scorer` is [1]"),
        ({"significance__fragile": {"effective_sessions": float("inf")}}, "effective_sessions` is inf"),
        ({"train__learning_rate": float("nan")}, "`train.learning_rate` is nan"),
        ({"train__model__heads": 3}, "3 heads do not divide an embedding_size of 100"),
        ({"split__valid": 0.2}, "leaves no test set"),
        ({"hard_neg_lambda": 1.5}, "`hard_neg_lambda` is 1.5, but input should be less than or equal to 1"),
        ({"seeds": [1, 2, 1]}, "`seeds` names 1 twice"),
        ({"seeds": [-1]}, "`seeds.0` is -1"),
        ({"seeds": []}, "`seeds` is [], but list should have at least 1 item"),
        ({"datasets": ["dmo"]}, "`datasets` names 'dmo', which is no source; sources are demo, diginetica"),
        ({"evaluate__cutoffs": [20, 20]}, "`evaluate.cutoffs` names 20 twice"),
        ({"variants__plain__trn": {}}, "`variants.plain.trn` has no file src/recore/variants/trn.py"),
        (
            {"variants__plain__mine": {"encoder": "trn"}},
            "`variants.plain.mine.encoder` is 'trn', but there is no file src/recore/variants/trn.py; write it or cor",
        ),
        (
            {"variants__plain__mine": {"encoder": "trm"}, "variants__plain__other": {"encoder": "mine"}},
            "`variants.plain.other.encoder` is 'mine', but there is no file src/recore/variants/mine.py",
        ),
        (
            {"variants__plain__mine": {"encoder": 5}},
            "`variants.plain.mine.encoder` is 5, but input should be a valid s",
        ),
        ({"variants__plain__mine": {"encoder": "../trm"}}, "`variants.plain.mine.encoder` is '../trm', but string"),
        (
            {"variants__plain__da": {"encoder": "trm"}},
            "`variants.plain.da` has a file of its own, src/recore/variants/da.py, and names another, trm; give the",
        ),
        ({"variants__plain__mine": {"encoder": "mi", "interests": 0}}, "`variants.plain.mine.interests` is 0, but"),
        (
            {"variants__plain__mine": {"encoder": "mi", "gru_size": 9}},
            "mine.gru_size` is not a known setting; known are",
        ),
        ({"variants__hybrid__trm": {}}, "'trm' stands in `variants.plain` and in `variants.hybrid`"),
        ({"variants__baselines__ave": {}}, "'ave' stands in `variants.plain` and in `variants.baselines`"),
        ({"variants__baselines__sar": {}}, "`variants.baselines.sar` has no file src/recore/baselines/sar.py"),
        ({"variants__baselines__vmis": {"k": 0}}, "`variants.baselines.vmis.k` is 0"),
        ({"variants__baselines__vmis": {"n": 5}}, "`variants.baselines.vmis.n` is not a known key"),
        ({"variants__baselines__pop": {"k": 5}}, "`variants.baselines.pop.k` is not a known key"),
        ({"variants__baselines__vmis": {"tune": {"k": [5, "six"]}}}, "`variants.baselines.vmis.tune.k` is 'six'"),
        ({"variants__baselines__vmis": {"tune": {"k": []}}}, "`variants.baselines.vmis.tune.k` is []"),
        ({"variants__baselines__vmis": {"tune": 5}}, "`variants.baselines.vmis.tune` is 5"),
        ({"variants__baselines__vmis": {"k": {"k": [5]}}}, "`variants.baselines.vmis.k` is {'k': [5]}, but input"),
        ({"variants__baselines__vmis": {"k": 5, "tune": {"k": [5]}}}, "`variants.baselines.vmis` fixes k and tunes it"),
        ({"variants__plain__trm": {"hard_neg_k": 3}}, "`variants.plain.trm.hard_neg_k` is not a known setting"),
        ({"variants__hybrid__hn": {"hard_neg_k": 0}}, "`variants.hybrid.hn.hard_neg_k` is 0"),
        ({"hard_neg_own": "never"}, "`hard_neg_own` is 'never', but input should be 'keep' or 'skip'"),
        ({"hard_neg_pool": -1}, "`hard_neg_pool` is -1, but input should be greater than or equal to 0"),
        ({"hard_neg_skip": 1.5}, "`hard_neg_skip` is 1.5, but input should be a valid integer"),
        ({"hard_neg_warmup": True}, "`hard_neg_warmup` is True, but input should be a valid integer"),
        ({"variants__hybrid__hn": {"hard_neg_own": "no"}}, "`variants.hybrid.hn.hard_neg_own` is 'no'"),
        (
            {"variants__hybrid__hn": {"hard_neg_k": 8, "hard_neg_pool": 10, "hard_neg_skip": 2}},
            "`variants.hybrid.hn`: hard_neg_pool is 10, but hard_neg_k 8 and hard_neg_skip 2 need 11 items with the "
            "target; raise it, or set it to 0 for all items",
        ),
        ({"variants__plain__trm": {"layers": "two"}}, "`variants.plain.trm.layers` is 'two'"),
        ({"variants__plain__ave": None}, "compares ave with trm, but 'ave' is not among the variants"),
        ({"significance__confirm": "mrr@7"}, "`significance.confirm` names 'mrr@7'; metrics are recall@20"),
        ({"significance__comparisons": [["trm", "trm"]]}, "compares trm with itself"),
        ({"significance__comparisons": [["da", "trm"], ["trm", "da"]]}, "names ('da', 'trm') twice"),
        ({"significance__looks": [5]}, "`significance.looks` is [5], but list should have at least 2 items"),
        (
            {"significance__looks": [3, 5]},
            "`significance.looks.0` is 3, but input should be greater than or equal to 5",
        ),
        ({"significance__looks": [8, 5]}, "`looks` are numbers of seeds in ascending order, not [8, 5]"),
        ({"significance__looks": [5, 5]}, "`looks` are numbers of seeds in ascending order, not [5, 5]"),
        ({"significance__looks": [5, 7.5]}, "`significance.looks.1` is 7.5, but input should be a valid integer"),
        (
            {"significance__looks": [5, 8, 12]},
            "the last of `significance.looks` is 12, but `seeds` names 5; the last look takes them all",
        ),
        (
            {"significance__looks": [5, 8], "seeds": list(range(10))},
            "the last of `significance.looks` is 8, but `seeds` names 10; the last look takes them all",
        ),
        (
            {"sources__demo__read": GIVEN["sources"]["demo"]["read"] | {"delimiter": "§"}},
            "`sources.demo.read.delimiter`: a delimiter is one printable ASCII character (no quote, no backslash)",
        ),
        ({"sources__demo__train": {"batch_siz": 2}}, "`sources.demo.train.batch_siz` is not a known key"),
        ({"sources__demo__train": {"epochs": 0}}, "`sources.demo.train.epochs` is 0"),
        ({"sources__demo__train": {"threads": 1}}, "`sources.demo.train.threads` is not for one source"),
        ({"variants": {"plain": {}, "hybrid": {}}}, "`variants` names none"),
        ({"sources__demo__read__format": "xml"}, "`sources.demo.read`"),
        ({"sources__demo__split": None}, "`sources.demo.split` is missing"),
        (
            {"sources__demo__split": {"recent": 0.6, "skip": 0.5}},
            "`sources.demo.split`: recent 0.6 and skip 0.5 are 1.1 together, more than the log; lower one of them",
        ),
        ({"sources__demo__split": {"recent": 1.0, "skip": 1.0e-20}}, "`sources.demo.split`: recent 1.0 and skip 1e-20"),
        (
            {"sources__demo__split": {"recent": 0.5, "skip": -0.1}},
            "`sources.demo.split.skip` is -0.1, but input should",
        ),
        ({"sources__demo__split": {"recent": 0.5, "skip": 1.0}}, "`sources.demo.split.skip` is 1.0, but input should"),
        ({"sources__demo__split": {"recent": 0.5, "skip": float("nan")}}, "`sources.demo.split.skip` is nan"),
        ({"sources__demo__split": {"skip": 0.1}}, "`sources.demo.split.recent` is missing"),
        ({"sources__demo__fetch": {"files": {"a.csv": {}}}}, "exactly one of `sha256` and `git_blob`"),
        ({"sources__demo__fetch": {"files": {"../a": {"sha256": "0" * 64}}}}, "should match pattern"),
        ({"sources__demo__fetch": {"files": {"a.csv": {"path": "a.csv"}}}}, "`path` is absolute, not 'a.csv'"),
    ],
)
def test_a_fault_is_one_sentence(tmp_path, changes, sentence):
    with pytest.raises(RecoreError) as fault:
        params.load(write(tmp_path, **changes))
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "    hn: {}\n    dahn: {}\n",
            "",
            "`variants.hybrid` is empty, but it should be a map of keys to values ({} where",
        ),
        (
            "    da: {}\n",
            "    da:\n",
            "`variants.plain.da` is empty, but it should be a map of keys to values ({} where",
        ),
        ("hard_neg_k: 5", "hard_neg_k:", "`hard_neg_k` is empty, but input should be a valid integer"),
        ("hard_neg_k: 5", "hard_neg_k: 5\nhard_neg_k: 7", 'found duplicate key "hard_neg_k"; keep one of the two'),
        ("    da: {}\n", "    da: {}\n    da: {}\n", 'found duplicate key "da"; keep one of the two'),
    ],
)
def test_a_fault_of_the_text_is_one_sentence(tmp_path, old, new, sentence):
    with pytest.raises(RecoreError) as fault:
        params.load(edited(tmp_path, old, new))
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)


def test_numbers_are_read_as_dvc_writes_them(tmp_path):
    for spelling, value in (("1e-05", 1e-5), ("5e-05", 5e-5), ("1E-3", 1e-3)):
        given = params.load(edited(tmp_path, "learning_rate: 0.001 ", f"learning_rate: {spelling} "))
        assert given.at("train.learning_rate") == value
    given = params.load(edited(tmp_path, "- 2020\n", "- 010\n- 0x1F\n"))
    assert given.at("seeds") == [10, 31, 2021, 2022, 2023, 2024]


def test_rows_may_override_the_model_and_the_objective(tmp_path):
    path = write(tmp_path, variants__hybrid__hn={"hard_neg_k": 64, "hidden_dropout": 0.1})
    assert params.load(path).at("variants.hybrid.hn") == {"hard_neg_k": 64, "hidden_dropout": 0.1}


def test_looks_may_be_named_or_not(tmp_path):
    path = write(tmp_path, significance__looks=[5, 8, 12, 20], seeds=list(range(20)))
    assert params.load(path).at("significance.looks") == [5, 8, 12, 20]
    assert "looks" not in params.load(write(tmp_path)).at("significance")


def test_a_period_may_reach_the_oldest_session(tmp_path):
    for recent, skip in ((0.1, 0.9), (0.7, 0.3), (1, 0), (0.05, 0.95)):
        path = write(tmp_path, sources__demo__split={"recent": recent, "skip": skip})
        assert params.load(path).at("sources.demo.split") == {"recent": recent, "skip": skip}


def test_a_row_must_fit_what_a_dataset_changes(tmp_path):
    changes = {"sources__demo__train": {"model": {"embedding_size": 64}}, "variants__plain__trm": {"heads": 5}}
    with pytest.raises(RecoreError, match="5 heads do not divide an embedding_size of 64"):
        params.load(write(tmp_path, **changes))


def test_rows_may_set_the_switches_of_their_file(tmp_path):
    path = write(tmp_path, variants__plain__da={"scorer": "last", "residual": False})
    assert params.load(path).at("variants.plain.da.scorer") == "last"
    with pytest.raises(
        RecoreError, match=r"`variants\.plain\.da\.scorer` is 'first', but input should be 'linear', 'position'"
    ):
        params.load(write(tmp_path, variants__plain__da={"scorer": "first"}))
    with pytest.raises(RecoreError, match=r"`variants\.plain\.ave\.scorer` is not a known setting"):
        params.load(write(tmp_path, variants__plain__ave={"scorer": "last"}))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (64, None),
        (0, "is 0, but input should be greater than or equal to 1"),
        (1.5, "is 1.5, but input should be a valid integer"),
        ("64", "is '64', but input should be a valid integer"),
        (True, "is True, but input should be a valid integer"),
    ],
)
def test_a_setting_of_a_file_may_be_a_range(tmp_path, value, sentence):
    path = write(tmp_path, variants__plain__gru={"gru_size": value})
    if sentence is None:
        assert params.load(path).at("variants.plain.gru.gru_size") == 64
    else:
        with pytest.raises(RecoreError, match=rf"^params\.yaml: `variants\.plain\.gru\.gru_size` {sentence}$"):
            params.load(path)


def test_a_row_may_be_of_another_file(tmp_path):
    """With that file's settings, in either group."""
    plain = GIVEN["variants"]["plain"] | {"mi2": {"encoder": "mi", "interests": 2, "temperature": 0.05}}
    hybrid = GIVEN["variants"]["hybrid"] | {"mi_hn": {"encoder": "mi", "hard_neg_k": 9}}
    given = params.load(write(tmp_path, variants={"plain": plain, "hybrid": hybrid}))
    assert [given.encoder(name) for name in ("trm", "mi2", "mi_hn")] == ["trm", "mi", "mi"]


def test_the_named_combinations_are_rows(tmp_path):
    named = ("trm_table1", "trm_before", "da_table1", "da_last", "da_norecent", "da_fixed", "da_noresidual")
    plain = GIVEN["variants"]["plain"] | {name: {} for name in named}
    hybrid = GIVEN["variants"]["hybrid"] | {"hn64": {"hard_neg_k": 64}, "hn_table1": {}, "dahn_table1": {}}
    assert params.load(write(tmp_path, variants={"plain": plain, "hybrid": hybrid})).at("variants.hybrid.hn64")


def test_a_file_that_is_no_yaml_or_not_there(tmp_path):
    with pytest.raises(RecoreError, match=r"does not exist here; run from the root"):
        params.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("seeds: [1\nx: }")
    with pytest.raises(RecoreError, match="is not YAML"):
        params.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("")
    with pytest.raises(RecoreError, match="`hard_neg_k` is missing"):
        params.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("- seeds")
    with pytest.raises(RecoreError, match=r"`the file` is \['seeds'\], but it should be a map of keys to values"):
        params.load(tmp_path / "params.yaml")


def test_a_file_of_before_the_mining_settings_means_what_it_meant(tmp_path):
    later = {"hard_neg_own": "keep", "hard_neg_pool": 0, "hard_neg_skip": 0, "hard_neg_warmup": 0}
    given = params.load(write(tmp_path, **dict.fromkeys(later)))
    assert {key: given.at(key) for key in later} == later == {key: GIVEN[key] for key in later}


def test_a_key_that_is_not_there():
    with pytest.raises(RecoreError, match=r"`sources\.nowhere\.read` does not exist"):
        params.load(ROOT / "params.yaml").at("sources.nowhere.read")


def test_the_values_are_those_of_the_file(tmp_path):
    """Types and order too: what checks is no dependency of a stage, so it must not change what a stage gets."""
    path = write(tmp_path, hard_neg_lambda=0, train__model__item_dropout=0)
    given, file = params.load(path), yaml12.read(path)
    assert {key: repr(given.at(key)) for key in file} == {key: repr(value) for key, value in file.items()}


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"model": 5}, "`sources.demo.train.model` is 5, but it should be a map of keys to values"),
        ({"model": {"heads": 3}}, "3 heads do not divide an embedding_size of 100"),
        ({"epoch": 3}, "`sources.demo.train.epoch` is not a known key"),
    ],
)
def test_what_a_source_overrides_is_checked_with_the_rest(tmp_path, own, sentence):
    with pytest.raises(RecoreError, match=sentence):
        params.load(write(tmp_path, sources__demo__train=own))


def test_the_metrics_that_can_be_named_are_those_that_are_measured():
    assert metric_names([3]) == [f"{name}@3" for name in params.METRICS]


def test_a_stage_stops_before_it_works(tmp_path):
    """Whatever the stage, the whole file is checked first; the sentence is all that is printed."""
    write(tmp_path, significance__alpha=2.0)
    result = subprocess.run(
        [sys.executable, "-m", "recore.stages.download", "demo"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr == "recore: params.yaml: `significance.alpha` is 2.0, but input should be less than 1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
