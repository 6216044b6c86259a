"""The schema of ``params.yaml``: which keys there are, of which type and in which range.

Only keys that came later have a default: a file from before them means what it meant.

What one value alone can show to be wrong is checked here; what needs two sections is checked in ``params``.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from recore.schema_external import External, Name, VariantName
from recore.schema_read import Count, Scalar, Section
from recore.schema_source import Rate, Seed, Source

Proper = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Lambda = Annotated[float, Field(ge=0, le=1)]
Natural = Annotated[int, Field(ge=0)]
Own = Literal["keep", "skip"]
Numbers = Literal["float32", "bfloat16"]
Space = Annotated[dict[str, Annotated[list[Scalar], Field(min_length=1)]], Field(min_length=1)]


class Variants(Section):
    plain: dict[VariantName, dict[str, Scalar]]
    hybrid: dict[VariantName, dict[str, Scalar]]
    external: dict[VariantName, External] = Field(default_factory=dict)
    # Older files have none. The settings are those of the method's file, beside them `tune`.
    baselines: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)


class Filter(Section):
    min_support: Count
    min_length: Annotated[int, Field(ge=2)]
    iterate: bool


class Split(Section):
    train: Proper
    valid: Proper

    @model_validator(mode="after")
    def _leaves_a_test_set(self) -> "Split":
        if self.train + self.valid >= 1:
            raise ValueError(
                f"train + valid is {self.train + self.valid:g}, which leaves no test set; it must be below 1"
            )
        return self


class Model(Section):
    embedding_size: Count
    temperature: Positive
    session_dropout: Rate
    item_dropout: Rate
    max_length: Count
    layers: Count
    heads: Count
    inner_size: Count
    hidden_dropout: Rate
    attention_dropout: Rate
    layer_norm_eps: Positive
    init_std: Positive

    @model_validator(mode="after")
    def _heads_divide(self) -> "Model":
        if self.embedding_size % self.heads:
            raise ValueError(f"{self.heads} heads do not divide an embedding_size of {self.embedding_size}")
        return self


class Train(Section):
    epochs: Count
    patience: Annotated[int, Field(ge=0)]
    validation_cutoff: Count
    batch_size: Count
    learning_rate: Positive
    threads: Count
    precision: Numbers = "float32"
    model: Model


class Evaluate(Section):
    batch_size: Count
    cutoffs: Annotated[list[Count], Field(min_length=1)]


class Fragile(Section):
    effective_sessions: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Significance(Section):
    alpha: Proper
    power: Proper
    confirm: str
    margins: dict[str, Positive]
    comparisons: list[Annotated[list[VariantName], Field(min_length=2, max_length=2)]]
    fragile: Fragile | None = None
    looks: Annotated[list[Annotated[int, Field(ge=5)]], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _looks_ascend(self) -> "Significance":
        if self.looks and sorted(set(self.looks)) != self.looks:
            raise ValueError(f"`looks` are numbers of seeds in ascending order, not {self.looks}")
        return self


class Objective(Section):
    """The hard negatives of a hybrid variant: numbers of the whole file, which a row may override."""

    hard_neg_k: Count
    hard_neg_lambda: Lambda
    hard_neg_own: Own = "keep"
    hard_neg_pool: Natural = 0
    hard_neg_skip: Natural = 0
    hard_neg_warmup: Natural = 0

    @model_validator(mode="after")
    def _fits_its_pool(self) -> "Objective":
        needed = self.hard_neg_k + self.hard_neg_skip + 1
        if 0 < self.hard_neg_pool < needed:
            raise ValueError(
                f"hard_neg_pool is {self.hard_neg_pool}, but hard_neg_k {self.hard_neg_k} and hard_neg_skip "
                f"{self.hard_neg_skip} need {needed} items with the target; raise it, or set it to 0 for all items"
            )
        return self


class Tune(Section):
    """A search on validation: ``trials`` for every variant named, each with all ``seeds``, none of which is a run's.

    ``plain`` and ``hybrid`` have for each variant the values to try of each setting.
    """

    seeds: Annotated[list[Seed], Field(min_length=1)]
    trials: Annotated[int, Field(ge=2)]
    plain: dict[VariantName, Space] = Field(default_factory=dict)
    hybrid: dict[VariantName, Space] = Field(default_factory=dict)


class Experiment(Objective):
    """The schema of ``params.yaml``."""

    datasets: Annotated[list[Name], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    variants: Variants
    sources: dict[Name, Source]
    filter: Filter
    split: Split
    train: Train
    evaluate: Evaluate
    significance: Significance
    tune: Tune | None = None


class OfTrain(Section):
    """What a row may say of ``train`` beside its model."""

    precision: Numbers = "float32"
    learning_rate: Positive | None = None


# The top-level keys that came later, with the values that leave everything as it was.
LATER = {name: field.default for name, field in Objective.model_fields.items() if not field.is_required()}
