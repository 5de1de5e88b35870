"""The families of metrics that a job asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.families.answer_rows import AnswerRows
from labeling.estimates.families.averages import Specificity, averages
from labeling.estimates.families.class_probabilities import class_places, row_scores
from labeling.estimates.families.class_rankings import RANKINGS, Rankings
from labeling.estimates.families.losses import MEAN_LOSSES, CalibrationError, probability_losses
from labeling.estimates.families.number_metrics import (
    QUANTILES,
    Bias,
    ErrorQuantiles,
    signed_errors,
)
from labeling.estimates.metrics import Family, OfClass, everywhere, families, losses, whole
from labeling.estimates.row_sets import row_set
from labeling.formulas.class_averages import MEASURES
from pipelines.job.metric_names import BY_DEFAULT, OF_PROBABILITIES
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

    @property
    def needs_scores(self) -> bool:
        """Whether a metric rests on the probabilities of all classes."""
        return self.has(*OF_PROBABILITIES)


def chosen_families(facts: Evidence, wanted: Wanted) -> Iterator[Family]:
    """Yield the families that hold a wanted metric, the one of all rows first."""
    classes: list[OfClass] = []
    of_classes = ("specificity", *MEASURES, *RANKINGS)
    for family in families(facts, wanted.task, wanted.answers or facts.labels):
        if isinstance(family, OfClass) and wanted.has(*of_classes):
            classes.append(family)  # else each is forgotten, to save memory
        if wanted.has(*family.metrics):
            yield family
    if wanted.task == "regression":
        yield from _of_numbers(facts, wanted)
        return
    if wanted.has("specificity"):
        yield from (Specificity(one.name, one.predicted, one.others) for one in classes)
    if wanted.has(*MEASURES) and classes:
        yield averages(facts, classes, whole(facts, wanted.task))
    if wanted.has("calibration_error"):
        everyone, right = whole(facts, wanted.task), losses(facts, wanted.task)
        yield CalibrationError(everyone, right, facts.drawn.score)
    if wanted.needs_scores:
        yield from _of_probabilities(facts, wanted, classes)


def _of_probabilities(
    facts: Evidence, wanted: Wanted, classes: Sequence[OfClass]
) -> Iterator[Family]:
    names = wanted.answers or tuple(facts.labels)
    everyone, scores = whole(facts, wanted.task), row_scores(facts, names)
    places = class_places(facts, names)
    for metric in MEAN_LOSSES:
        if wanted.has(metric):
            yield probability_losses(facts, everyone, scores, places, metric)
    for place, of_class in enumerate(classes if wanted.has(*RANKINGS) else ()):
        yield Rankings(
            of_class,
            everyone,
            called=mean_over_people(facts, places[facts.answers.label] == place),
            score=scores.values[:, place],
            is_predicted=places[facts.drawn.label] == place,
        )


def _of_numbers(facts: Evidence, wanted: Wanted) -> Iterator[Family]:
    absolute = whole(facts, wanted.task)
    if wanted.has("bias"):
        yield Bias(row_set(facts, *everywhere(facts), signed_errors(facts)), absolute)
    if wanted.has(*QUANTILES):
        yield ErrorQuantiles(absolute, AnswerRows(absolute, losses(facts, wanted.task)))
