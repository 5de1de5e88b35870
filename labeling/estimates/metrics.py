"""Metrics of many groups at once, each with its interval and what missing answers could change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.row_sets import RowSet, View, row_set
from labeling.formulas.intervals import Intervals
from labeling.formulas.mean_errors import means, roots
from labeling.formulas.shares import f1, recall, shares
from pipelines.columns.buffers import Bools, Floats
from pipelines.models.catalogue import TaskType

_OF_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of each group, as arrays (G,); NaN stands for unknown."""

    metric: str
    class_: str | None  # of precision, recall and f1
    intervals: Intervals
    if_wrong: Floats  # the value, if all missing answers spoke against the model
    if_right: Floats  # the value, if all spoke for it
    largest: Floats  # share of one answer in the sum, for MAE and RMSE

    def parts(self) -> tuple[Floats, ...]:
        """Return value, low, high, if_wrong, if_right and largest."""
        value, low, high = self.intervals.value, self.intervals.low, self.intervals.high
        return value, low, high, self.if_wrong, self.if_right, self.largest


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of each group, as arrays (G,)."""

    rows: Floats
    covered: Floats  # in batches that have answers enough
    asked: Floats
    answered: Floats

    def parts(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return rows, covered, asked and answered."""
        return self.rows, self.covered, self.asked, self.answered


class Family(Protocol):
    """Metrics that rest on the same row sets."""

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        ...


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The share of right predictions."""

    everyone: RowSet

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        share = shares(self.everyone.strata(view))
        answered, missing = self.everyone.missing(view)
        return [_share("accuracy", None, share, answered, answered + missing)]


@dataclass(frozen=True, slots=True)
class OfClass:
    """Precision, recall and F1 of one class.

    A wrong prediction of the class speaks against it, and so does a row of it
    that was predicted as another.
    """

    name: str
    predicted: RowSet  # as the class; is it right?
    others: RowSet  # predicted as another; are they of the class?

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        inside, rest = self.predicted.strata(view), self.others.strata(view)
        size = self.predicted.covered(view)
        every = size + self.others.covered(view)
        share = np.divide(size, every, out=np.full_like(size, np.nan), where=every > 0)
        right, missed = shares(inside), shares(rest)
        metrics = (right, recall(right, missed, share), f1(right, missed, share))
        worst, best = self._cases(view)
        return [
            _share(metric, self.name, *case)
            for metric, case in zip(_OF_CLASS, zip(metrics, worst, best, strict=True), strict=True)
        ]

    def _cases(self, view: View) -> list[tuple[Floats, Floats, Floats]]:
        """Return precision, recall and F1 if no missing answer were right, and if all were."""
        right, may_be_right = self.predicted.missing(view)
        missed, may_be_missed = self.others.missing(view)
        rows, others = (part.sums(view, part.size) for part in (self.predicted, self.others))
        cases = ((right, missed + may_be_missed), (right + may_be_right, missed))
        return [_of_counts(rows, others, *case) for case in cases]


@dataclass(frozen=True, slots=True)
class Errors:
    """The mean absolute error and the root of the mean squared error.

    Nothing bounds an error that was not seen. The worst case of a missing
    answer is therefore taken to be the largest error of its group.
    """

    absolute: RowSet
    squared: RowSet

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        mean, square = (self._mean(part, view) for part in (self.absolute, self.squared))
        squares, wrong, right, largest = square
        return [
            Figures("mae", None, *mean),
            Figures("rmse", None, roots(squares), np.sqrt(wrong), np.sqrt(right), largest),
        ]

    @staticmethod
    def _mean(part: RowSet, view: View) -> tuple[Intervals, Floats, Floats, Floats]:
        mean = means(part.spread(view))
        answered, missing = part.missing(view)
        worst = answered + missing * part.highest(view, part.largest)
        wrong = np.where(missing > 0, worst, answered)
        sums = part.sums(view, part.weight * part.total)
        top = part.highest(view, part.weight * part.largest)
        largest = np.divide(top, sums, out=np.full_like(top, np.nan), where=sums > 0)
        return mean, np.fmax(wrong, mean.value), np.fmin(answered, mean.value), largest


def whole(evidence: Evidence, task: TaskType) -> RowSet:
    """Return the set of all rows: is the prediction right, or how far off is it.

    An answer to a regression that is no number does not count.
    """
    answers, drawn = evidence.answers, evidence.drawn
    if task == "classification":
        loss: Floats | Bools = answers.label == drawn.label[answers.row]
    else:
        loss = np.abs(answers.number - drawn.value[answers.row])
    return row_set(evidence, *_everywhere(evidence), mean_over_people(evidence, loss))


def families(evidence: Evidence, task: TaskType, classes: Sequence[str]) -> Iterator[Family]:
    """Yield the metrics of a task, each class by itself to save memory.

    Args:
        evidence: what was designed, drawn and answered.
        task: classes or numbers.
        classes: the answer set, also classes that nobody predicted or answered.

    Yields:
        The families, the one of all rows first.
    """
    everyone = whole(evidence, task)
    if task == "regression":
        yield Errors(everyone, _squared(evidence))
        return
    yield Accuracy(everyone)
    codes = {label: code for code, label in enumerate(evidence.labels)}
    for name in classes:
        yield _of_class(evidence, name, codes.get(name, len(codes)))


def _of_class(evidence: Evidence, name: str, code: int) -> OfClass:
    part, row = evidence.parts.label == code, evidence.drawn.label == code
    truth = mean_over_people(evidence, evidence.answers.label == code)
    return OfClass(name, row_set(evidence, part, row, truth), row_set(evidence, ~part, ~row, truth))


def _squared(evidence: Evidence) -> RowSet:
    away = evidence.answers.number - evidence.drawn.value[evidence.answers.row]
    return row_set(evidence, *_everywhere(evidence), mean_over_people(evidence, away**2))


def counts(everyone: RowSet, view: View) -> Counts:
    """Count the rows of each group, answered or not."""
    return Counts(
        rows=everyone.sums(view, everyone.size),
        covered=everyone.covered(view),
        asked=everyone.sums(view, everyone.asked),
        answered=everyone.sums(view, everyone.answered),
    )


def _share(
    metric: str, class_: str | None, share: Intervals, wrong: Floats, right: Floats
) -> Figures:
    """Return a share's figures; other merging must not put the value outside its cases."""
    wrong = np.fmin(wrong, share.value)
    right = np.fmax(np.minimum(right, 1), share.value)
    return Figures(metric, class_, share, wrong, right, np.full(len(share), np.nan))


def _of_counts(
    predicted: Floats, others: Floats, right: Floats, missed: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 from numbers of rows and the shares in them: (G,)."""
    kept = np.where(predicted > 0, predicted * right, 0.0)
    lost = np.where(others > 0, others * missed, 0.0)
    with np.errstate(invalid="ignore"):
        return right, kept / (kept + lost), 2 * kept / (kept + lost + predicted)


def _everywhere(evidence: Evidence) -> tuple[Bools, Bools]:
    """Select all known numbers of rows and all drawn rows."""
    return np.ones(len(evidence.parts.rows), np.bool_), np.ones(len(evidence.drawn.label), np.bool_)
