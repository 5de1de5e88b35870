"""The families of metrics that a job asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.families.answer_rows import AnswerRows
from labeling.estimates.families.number_metrics import (
    QUANTILES,
    Bias,
    ErrorQuantiles,
    signed_errors,
)
from labeling.estimates.metrics import Family, everywhere, families, losses, whole
from labeling.estimates.row_sets import row_set
from pipelines.job.metric_names import BY_DEFAULT
from pipelines.models.catalogue import TaskType


@dataclass(frozen=True, slots=True)
class Wanted:
    """The metrics that a job asks for."""

    task: TaskType
    answers: tuple[str, ...] = ()  # the job's answer set, canonical; empty: all that occur
    metrics: tuple[str, ...] = ()  # those that are on by default, when empty

    def has(self, *metrics: str) -> bool:
        """Say whether one of some metrics is wanted."""
        return bool(set(self.metrics or BY_DEFAULT[self.task]) & set(metrics))


def chosen_families(facts: Evidence, wanted: Wanted) -> Iterator[Family]:
    """Yield the families that hold a wanted metric, the one of all rows first."""
    yield from families(facts, wanted.task, wanted.answers or facts.labels)
    if wanted.task == "regression":
        yield from _of_numbers(facts, wanted)


def _of_numbers(facts: Evidence, wanted: Wanted) -> Iterator[Family]:
    absolute = whole(facts, wanted.task)
    if wanted.has("bias"):
        yield Bias(row_set(facts, *everywhere(facts), signed_errors(facts)), absolute)
    if wanted.has(*QUANTILES):
        yield ErrorQuantiles(absolute, AnswerRows(absolute, losses(facts, wanted.task)))
