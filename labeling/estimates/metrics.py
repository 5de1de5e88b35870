"""Metrics of many groups at once, each with its interval and what missing answers could change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.families.answer_rows import AnswerRows
from labeling.estimates.families.asked_class import asked_sides, shares_asked, sum_if_asked
from labeling.estimates.row_sets import RowSet, View, class_sides, row_set
from labeling.formulas.intervals import Intervals
from labeling.formulas.mean_errors import means, roots
from labeling.formulas.recall_and_f1 import ClassShares, of_counts, ratios_of, with_points
from labeling.formulas.shares import shares, stray_share
from labeling.formulas.tails import tails
from pipelines.columns.buffers import Bools, Floats
from pipelines.models.catalogue import TaskType


@dataclass(frozen=True, slots=True)
class OnShares:
    """The shares that recall and F1 of each group rest on, see `recall_and_f1.ClassShares`."""

    right: Intervals
    missed: Intervals
    predicted: Floats
    seen: Floats

    def of(self, group: int) -> ClassShares | None:
        """Return those of one group; None where it has no row."""
        predicted = float(self.predicted[group])
        if np.isnan(predicted):
            return None
        seen = float(self.seen[group])
        return ClassShares(self.right[group], self.missed[group], predicted, seen)


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of each group, as arrays (G,); NaN stands for unknown."""

    metric: str
    class_: str | None  # of a metric of one class
    intervals: Intervals
    if_wrong: Floats  # the value, if all missing answers spoke against the model
    if_right: Floats  # the value, if all spoke for it
    largest: Floats  # share of one answer in the sum, for MAE and RMSE
    rests_on: OnShares | None = None  # of recall and F1
    reliable: Bools | None = None  # of MAE and RMSE (G,)
    lacks: Bools | None = None  # groups with rows that lack what the metric rests on (G,)

    def lacking(self, lacks: Bools) -> Figures:
        """Leave out the groups with rows that lack what the metric rests on (G,)."""

        def known(values: Floats) -> Floats:
            return np.where(lacks, np.nan, values)

        intervals = Intervals(*map(known, self.intervals.parts()))
        wrong, right = known(self.if_wrong), known(self.if_right)
        return replace(self, intervals=intervals, if_wrong=wrong, if_right=right, lacks=lacks)

    def parts(self) -> tuple[Floats, ...]:
        """Return value, low, high, if_wrong, if_right and largest."""
        return *self.intervals.parts(), self.if_wrong, self.if_right, self.largest


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of each group, as arrays (G,)."""

    rows: Floats
    covered: Floats  # in batches that have enough answers
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
    """The share of right predictions.

    Where the draws ask more about one class, the rows predicted as it and the others
    are two shares, and the limits of their sum are those of MOVER.
    """

    metrics: ClassVar = ("accuracy",)

    everyone: RowSet
    asked: int = -1  # the code of that class
    predicted: RowSet | None = None  # as it
    others: RowSet | None = None

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        share = shares(self.everyone.strata(view))
        if self.predicted and self.others:
            share = sum_if_asked(share, (self.predicted, self.others), view, self.asked)
        answered, missing = self.everyone.missing(view)
        return [share_figures("accuracy", None, share, answered, answered + missing)]


@dataclass(frozen=True, slots=True)
class OfClass:
    """Precision, recall and F1 of one class.

    A wrong prediction of the class speaks against it, and so does a row of it
    that was predicted as another.
    """

    metrics: ClassVar = ("precision", "recall", "f1")

    name: str
    predicted: RowSet  # as the class; is it right?
    others: RowSet  # predicted as another; are they of the class?
    code: int = -1  # of the class

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        inside, rest = self.predicted.strata(view), self.others.strata(view)
        size, others = self.predicted.covered(view), self.others.covered(view)
        every = size + others
        share = np.divide(size, every, out=np.full_like(size, np.nan), where=every > 0)
        right = shares_asked(inside, view, self.code)
        missed = shares_asked(rest, view, self.code, stray_share(size, others))
        (precision, *ratios) = zip(*self._cases(view), strict=True)
        below = OnShares(right, missed, share, inside.least)
        counted = self.predicted.found(view), self.others.found(view)
        left = tuple(part.total(part.size) - part.total(part.answered) for part in (inside, rest))
        found = [with_points(one, *counted) for one in ratios_of(right, missed, share, left)]
        return [
            share_figures("precision", self.name, right, *precision),
            *(
                replace(
                    share_figures(metric, self.name, ratio, *withheld(ratio, cases)), rests_on=below
                )
                for metric, ratio, cases in zip(("recall", "f1"), found, ratios, strict=True)
            ),
        ]

    def _cases(self, view: View) -> list[tuple[Floats, Floats, Floats]]:
        """Return precision, recall and F1 if no missing answer were right, and if all were."""
        right, may_be_right = self.predicted.missing(view)
        missed, may_be_missed = self.others.missing(view)
        rows, others = (part.sums(view, part.size) for part in (self.predicted, self.others))
        cases = ((right, missed + may_be_missed), (right + may_be_right, missed))
        return [of_counts(rows, others, *case) for case in cases]


@dataclass(frozen=True, slots=True)
class Errors:
    """The mean absolute error and the root of the mean squared error.

    Nothing bounds an error that was not seen. The worst case of a missing
    answer is therefore taken to be the largest error of its group.
    """

    metrics: ClassVar = ("mae", "rmse")

    absolute: RowSet
    squared: RowSet
    rows: AnswerRows  # absolute errors

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        mean, square = (self._mean(part, view) for part in (self.absolute, self.squared))
        squares, wrong, right, largest = square
        rooted = roots(squares), np.sqrt(wrong), np.sqrt(right), largest
        values = self.rows.of(view)
        seen = tails(values.value, values.group, values.groups)
        of_mean = seen.mean_is_reliable | mean[0].exact
        of_square = seen.square_is_reliable | squares.exact
        return [
            Figures("mae", None, *mean, reliable=of_mean),
            Figures("rmse", None, *rooted, reliable=of_square),
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
    """Return the set of all rows, with whether each prediction is right, or how far off it is.

    An answer to a regression that is no number does not count.
    """
    return row_set(evidence, *everywhere(evidence), losses(evidence, task))


def losses(evidence: Evidence, task: TaskType) -> Floats:
    """Return of each drawn row whether its prediction is right, or how far off it is: (S,)."""
    answers, drawn = evidence.answers, evidence.drawn
    if task == "classification":
        loss: Floats | Bools = answers.label == drawn.label[answers.row]
    else:
        loss = np.abs(answers.number - drawn.value[answers.row])
    return mean_over_people(evidence, loss)


def families(
    evidence: Evidence, task: TaskType, classes: Sequence[str]
) -> Iterator[Accuracy | OfClass | Errors]:
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
        yield Errors(everyone, _squared(evidence), AnswerRows(everyone, losses(evidence, task)))
        return
    yield Accuracy(everyone, *asked_sides(evidence, losses(evidence, task)))
    codes = {label: code for code, label in enumerate(evidence.labels)}
    for name in classes:
        yield _of_class(evidence, name, codes.get(name, len(codes)))


def _of_class(evidence: Evidence, name: str, code: int) -> OfClass:
    is_class = mean_over_people(evidence, evidence.answers.label == code)
    return OfClass(name, *class_sides(evidence, code, is_class), code)


def _squared(evidence: Evidence) -> RowSet:
    away = evidence.answers.number - evidence.drawn.value[evidence.answers.row]
    return row_set(evidence, *everywhere(evidence), mean_over_people(evidence, away**2))


def counts(everyone: RowSet, view: View) -> Counts:
    """Count the rows of each group, answered or not."""
    return Counts(
        rows=everyone.sums(view, everyone.size),
        covered=everyone.covered(view),
        asked=everyone.sums(view, everyone.asked),
        answered=everyone.sums(view, everyone.answered),
    )


def share_figures(
    metric: str, class_: str | None, share: Intervals, wrong: Floats, right: Floats
) -> Figures:
    """Return a share's figures.

    The value may rest on other merged strata than its two cases, which are
    widened to hold it.

    Args:
        metric: its name.
        class_: of a metric of a single class.
        share: the intervals (G,).
        wrong: the value if all missing answers spoke against the model (G,).
        right: the value if all spoke for it (G,).

    Returns:
        The figures.
    """
    wrong = np.fmin(wrong, share.value)
    right = np.fmax(np.minimum(right, 1), share.value)
    return Figures(metric, class_, share, wrong, right, np.full(len(share), np.nan))


def withheld(ratio: Intervals, cases: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Leave out both cases of a ratio without a point where they are equal: they would tell the point."""
    wrong, right = cases
    is_point = np.isnan(ratio.value) & np.isclose(wrong, right)
    return np.where(is_point, np.nan, wrong), np.where(is_point, np.nan, right)


def everywhere(evidence: Evidence) -> tuple[Bools, Bools]:
    """Return masks that select all parts of the population, and all drawn rows."""
    return np.ones(len(evidence.parts.rows), np.bool_), np.ones(len(evidence.drawn.label), np.bool_)
