"""Strict loading of ``params.yaml``: the whole file is checked before any stage does work.

A check refuses and changes nothing: a stage gets the values as they stand in the file.
"""

from itertools import chain, product
from pathlib import Path
from typing import Any

from recore import RecoreError, paths, schema, yaml12
from recore.findings import check
from recore.rows import check_baseline, check_variant

METRICS = ("recall", "mrr", "ndcg")
# The groups of variants that are trained here, and the stages of dvc.yaml that do it.
TRAINED = {"plain": ("train", "evaluate"), "hybrid": ("train_hybrid", "evaluate_hybrid")}

# Settings of a row that bound each other: a trial has one value of each, so these are checked in combination.
BOUND = (("embedding_size", "heads"), ("hard_neg_k", "hard_neg_pool", "hard_neg_skip"))


class Params:
    """A checked ``params.yaml``. A stage reads it by the dotted keys that it lists in ``dvc.yaml``.

    A key of the whole file that came later than the file has the value that leaves everything as it was.
    """

    def __init__(self, tree: dict[str, Any]):
        self._tree = schema.LATER | tree

    def at(self, key: str) -> Any:
        """The plain value at a dotted key, e.g. ``sources.demo.read`` or, as DVC counts, ``evaluate.cutoffs.0``.

        RecoreError where there is none.
        """
        value: Any = self._tree
        for part in key.split("."):
            if isinstance(value, list):
                value = {str(at): element for at, element in enumerate(value)}
            if not isinstance(value, dict) or part not in value:
                raise RecoreError(f"params.yaml: `{key}` does not exist")
            value = value[part]
        return value

    def trained(self) -> dict[str, str]:
        """The group of each variant that is trained here, in the order of the file."""
        return {name: group for group in TRAINED for name in self.at(f"variants.{group}")}

    def baselines(self) -> list[str]:
        """The variants that are fitted without a seed."""
        return list(self.at("variants").get("baselines", {}))

    def made(self) -> dict[str, list[int] | list[None]]:
        """Each variant that is trained or fitted here with the seeds of its runs; [None]: one run, without a seed."""
        return dict.fromkeys(self.trained(), self.at("seeds")) | {name: [None] for name in self.baselines()}

    def runs(self) -> list[tuple[str, str, int | None]]:
        """Dataset, variant and seed of every run that is made here."""
        return [(d, v, s) for d in self.at("datasets") for v, seeds in self.made().items() for s in seeds]

    def encoder(self, variant: str) -> str:
        """The file of src/recore/variants that builds the model of a variant that is trained here."""
        return self.at(f"variants.{self.trained()[variant]}.{variant}").get("encoder", variant)

    def max_length(self, dataset: str) -> int:
        """The clicks of a prefix that are read, the last ones; a variant may have its own, as a part of what it is."""
        model = self.at(f"sources.{dataset}.train").get("model", {})
        return model.get("max_length", self.at("train.model.max_length"))

    def tuned(self, group: str) -> dict[str, Any]:
        """Each variant of ``plain`` or ``hybrid`` that is tuned, with the values to try."""
        return self._tree.get("tune", {}).get(group, {})

    def external(self) -> dict[str, dict[str, Any]]:
        """Each variant whose ranks come from elsewhere, and its row."""
        return self.at("variants").get("external", {})


def files_of(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The files that a row of ``variants.external`` names, by their key below it; a row from a record has none."""
    if "file" in row:
        return {"file": row["file"]}
    return {f"files.{seed}": file for seed, file in row.get("files", {}).items()}


def load(path: Path = paths.PARAMS) -> Params:
    """The checked parameters; RecoreError names the first faulty key in one sentence."""
    if not path.exists():
        raise RecoreError(f"{path} does not exist here; run from the root of the repository")
    tree = yaml12.read(path)
    check(schema.Experiment, tree, "")
    _check_names(tree)
    models = [tree["train"]["model"]]
    for name, source in tree["sources"].items():
        if "threads" in source["train"]:
            raise RecoreError(f"params.yaml: `sources.{name}.train.threads` is not for one source; set `train.threads`")
        own, model = source["train"], source["train"].get("model", {})
        merged = tree["train"] | own | ({"model": models[0] | model} if isinstance(model, dict) else {})
        check(schema.Train, merged, f"sources.{name}.train.")
        if name in tree["datasets"] and model:
            models.append(merged["model"])
    for group in TRAINED:
        for name, row in tree["variants"][group].items():
            check_variant(tree, models, group, name, row)
    for name, row in tree["variants"].get("baselines", {}).items():
        check_baseline(name, row)
    if "tune" in tree:
        _check_tune(tree, models)
    return Params(tree)


def _check_names(tree: dict[str, Any]) -> None:
    for key, values in (
        ("datasets", tree["datasets"]),
        ("seeds", tree["seeds"]),
        ("evaluate.cutoffs", tree["evaluate"]["cutoffs"]),
        ("significance.comparisons", [tuple(sorted(pair)) for pair in tree["significance"]["comparisons"]]),
    ):
        for value in values:
            if values.count(value) > 1:
                raise RecoreError(f"params.yaml: `{key}` names {value} twice; name it once")
    for dataset in tree["datasets"]:
        if dataset not in tree["sources"]:
            known = ", ".join(tree["sources"])
            raise RecoreError(f"params.yaml: `datasets` names {dataset!r}, which is no source; sources are {known}")
    groups: dict[str, str] = {}
    for group, rows in tree["variants"].items():
        for name in rows:
            if (other := groups.setdefault(name, group)) != group:
                both = f"`variants.{other}` and in `variants.{group}`"
                raise RecoreError(f"params.yaml: {name!r} stands in {both}; keep one")
    if not groups:
        raise RecoreError("params.yaml: `variants` names none; give one of its groups a row")
    for a, b in tree["significance"]["comparisons"]:
        for name in (a, b):
            if name not in groups:
                raise RecoreError(
                    f"params.yaml: `significance.comparisons` compares {a} with {b}, but {name!r} is not among the "
                    "variants; add its row or drop the comparison"
                )
        if a == b:
            raise RecoreError(f"params.yaml: `significance.comparisons` compares {a} with itself")
    _check_external(tree["variants"].get("external", {}), tree["datasets"])
    looks = tree["significance"].get("looks")
    if looks and looks[-1] != len(tree["seeds"]):
        raise RecoreError(
            f"params.yaml: the last of `significance.looks` is {looks[-1]}, but `seeds` names {len(tree['seeds'])}; "
            "the last look takes them all"
        )
    metrics = [f"{metric}@{k}" for k in tree["evaluate"]["cutoffs"] for metric in METRICS]
    for key, names in (("confirm", [tree["significance"]["confirm"]]), ("margins", tree["significance"]["margins"])):
        for name in names:
            if name not in metrics:
                raise RecoreError(f"params.yaml: `significance.{key}` names {name!r}; metrics are {', '.join(metrics)}")


def _check_external(rows: dict[str, dict[str, Any]], datasets: list[str]) -> None:
    """Files are of one test set, and no two names stand for one run: it would count twice."""
    named: dict[Any, str] = {}
    for name, row in rows.items():
        own: dict[str, Any] = {"": (row["record"], row["variant"])} if "record" in row else {}
        own |= {f".{key}": file.get("sha256") for key, file in files_of(row).items()}
        for below, run in own.items():
            key = f"variants.external.{name}{below}"
            if run and (other := named.setdefault(run, key)) != key:
                shown = f"sha256 {run}" if isinstance(run, str) else f"{run[1]} of record {run[0]}"
                raise RecoreError(
                    f"params.yaml: `{other}` and `{key}` both name {shown}, so one run would count twice; keep one"
                )
        if "record" not in row and len(datasets) > 1:
            raise RecoreError(
                f"params.yaml: `variants.external.{name}` has files of one test set, but `datasets` names "
                f"{len(datasets)}; keep the one that they are of"
            )


def _check_tune(tree: dict[str, Any], models: list[dict[str, Any]]) -> None:
    """Seeds that no run has, variants that have a row, and values that the row may have."""
    for seed in tree["tune"]["seeds"]:
        if tree["tune"]["seeds"].count(seed) > 1:
            raise RecoreError(f"params.yaml: `tune.seeds` names {seed} twice; name it once")
    if both := [seed for seed in tree["tune"]["seeds"] if seed in tree["seeds"]]:
        raise RecoreError(
            f"params.yaml: `tune.seeds` names {both[0]}, which is among `seeds`, and what a seed's luck chose must not "
            "be tested with it; name others"
        )
    for group in TRAINED:
        for name, space in tree["tune"].get(group, {}).items():
            key = f"tune.{group}.{name}"
            if name not in tree["variants"][group]:
                raise RecoreError(
                    f"params.yaml: `{key}` has no row `variants.{group}.{name}`; add it or correct the name"
                )
            if "encoder" in space:
                way_out = "give the other one a row and tune that"
                raise RecoreError(f"params.yaml: `{key}` tries `encoder`, which makes another variant; {way_out}")
            for setting, values in space.items():
                for value in values:
                    if values.count(value) > 1:
                        raise RecoreError(f"params.yaml: `{key}.{setting}` names {value} twice; name it once")
            together = [[setting for setting in space if setting in bound] for bound in BOUND]
            for settings in [*together, *([setting] for setting in space if setting not in chain(*BOUND))]:
                for values in product(*(space[setting] for setting in settings)):
                    row = tree["variants"][group][name] | dict(zip(settings, values, strict=True))
                    check_variant(tree, models, group, name, row, key)
