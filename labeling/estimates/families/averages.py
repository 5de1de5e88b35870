"""Specificity of a class, averages over classes and Matthews correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.families.answer_rows import AnswerRows, GroupedValues
from labeling.estimates.families.class_probabilities import class_places
from labeling.estimates.metrics import Figures, OfClass, share_figures, withheld
from labeling.estimates.row_sets import RowSet, View
from labeling.formulas.answered_strata import variance
from labeling.formulas.class_averages import (
    MEASURES,
    derivatives,
    extreme_average,
    limits_of_correlation,
    limits_of_share,
)
from labeling.formulas.intervals import Intervals
from labeling.formulas.recall_and_f1 import recall, with_points
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Floats, Int64s

_PART_OF = {  # the metric of each class without which an average has no value
    "balanced_accuracy": "recall",
    "precision_macro": "precision",
    "recall_macro": "recall",
    "f1_macro": "f1",
    "precision_weighted": "precision",
    "f1_weighted": "f1",
    "mcc": "recall",
}
_MACRO = ("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro")


@dataclass(frozen=True, slots=True)
class Specificity:
    """Of the rows that people call another class, the share that was predicted as another.

    It is the recall of all other classes together.
    """

    name: str
    predicted: RowSet  # as the class; is it right?
    others: RowSet  # predicted as another; are they of the class?

    def figures(self, view: View) -> list[Figures]:
        """Return the metric of each group of a view."""
        right, missed = (shares(part.strata(view)) for part in (self.predicted, self.others))
        size = self.predicted.covered(view)
        every = size + self.others.covered(view)
        others = np.divide(every - size, every, out=np.full(size.shape, np.nan), where=every > 0)
        found = recall(missed.turned(), right.turned(), others)
        kept, lost = (self._not_of_it(part, view) for part in (self.others, self.predicted))
        pointed = with_points(found, kept, lost)
        cases = withheld(pointed, self._cases(view))
        return [share_figures("specificity", self.name, pointed, *cases)]

    def _cases(self, view: View) -> tuple[Floats, Floats]:
        """Return the value if no missing answer spoke for the model, and if all did: (G,), (G,).

        A row that was predicted as the class speaks for it if people call it
        so, and any other row if they do not.
        """
        right, may_be_right = self.predicted.missing(view)
        missed, may_be_missed = self.others.missing(view)
        rows, others = (part.sums(view, part.size) for part in (self.predicted, self.others))
        wrong = _kept(rows, others, right, missed + may_be_missed)
        return wrong, _kept(rows, others, right + may_be_right, missed)

    @staticmethod
    def _not_of_it(part: RowSet, view: View) -> Floats:
        answered = np.where(
            view.covered[part.evidence.designed.batch[part.stratum]], part.answered, 0
        )
        return part.sums(view, answered) - part.found(view)


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages over all classes, and Matthews correlation.

    An average has no value where one of its classes has none; of a macro
    average the limits are then the means of the classes' limits. What missing
    answers could change is bounded by what they could change of each class;
    of the correlation nothing is said.
    """

    classes: Sequence[OfClass]
    everyone: RowSet
    predicted: Int64s  # (S,) place of the predicted class, K outside the answer set
    called: Floats  # (S, K) share of people who call the row each class

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        rows = AnswerRows(self.everyone, self._answered()).of(view)
        matrix = self._matrix(rows)
        parts: dict[str, list[Figures]] = {}
        for figures in (one.figures(view) for one in self.classes):
            for figure in figures:
                parts.setdefault(figure.metric, []).append(figure)
        found = [self._figure(name, matrix, rows, parts) for name in MEASURES]
        return [self._with_cases(one, parts, view) for one in found]

    def _with_cases(self, figures: Figures, parts: dict[str, list[Figures]], view: View) -> Figures:
        """Add what the average could be with the missing answers, where a bound is known."""
        if figures.metric == "mcc":
            return figures
        if figures.metric == "recall_weighted":
            answered, missing = self.everyone.missing(view)
            cases = answered, np.minimum(answered + missing, 1)
        else:
            of_classes = parts.get(_PART_OF[figures.metric], [])
            cases = self._bounds(figures.metric, of_classes, view)
        value = figures.intervals.value
        return replace(
            figures, if_wrong=np.fmin(cases[0], value), if_right=np.fmax(cases[1], value)
        )

    def _bounds(
        self, metric: str, of_classes: Sequence[Figures], view: View
    ) -> tuple[Floats, Floats]:
        """Return bounds of an average from those of its classes: (G,), (G,)."""
        wrong, right = (
            np.array([getattr(one, name) for one in of_classes])
            for name in ("if_wrong", "if_right")
        )
        if metric in _MACRO:
            return wrong.mean(axis=0), right.mean(axis=0)
        supports = [_support(one, view) for one in self.classes]
        least, most = (np.array([pair[place] for pair in supports]) for place in (0, 1))
        return extreme_average(wrong, least, most), -extreme_average(-right, least, most)

    def _answered(self) -> Floats:
        return np.where(self.called.sum(axis=1) > 0, 1.0, np.nan)

    def _matrix(self, rows: GroupedValues) -> Floats:
        """Return the share of each (predicted, called): (G, K, K)."""
        many = self.called.shape[1]
        place = rows.group * (many + 1) + self.predicted[rows.row]
        sums = np.stack(
            [
                np.bincount(place, rows.weight * self.called[rows.row, k], rows.groups * (many + 1))
                for k in range(many)
            ],
            axis=1,
        )
        cells = sums.reshape(rows.groups, many + 1, many)[:, :many]
        total = cells.sum(axis=(1, 2), keepdims=True)
        return np.divide(cells, total, out=np.zeros(cells.shape), where=total > 0)

    def _figure(
        self,
        name: str,
        matrix: Floats,
        rows: GroupedValues,
        parts: dict[str, list[Figures]],
    ) -> Figures:
        value = MEASURES[name](matrix)
        spread = self._variance(derivatives(MEASURES[name], matrix), rows)
        limits = limits_of_correlation if name == "mcc" else limits_of_share
        found, nothing = limits(value, spread), np.full(len(value), np.nan)
        of_classes = parts.get(_PART_OF.get(name, ""), [])
        lacking = np.any([np.isnan(one.intervals.value) for one in of_classes], axis=0)
        if name in _MACRO:
            found = _of_classes(found, of_classes, lacking)
        elif of_classes:
            parts_of = (found.value, found.low, found.high)
            found = Intervals(*(np.where(lacking, np.nan, part) for part in parts_of))
        return Figures(name, None, found, nothing, nothing, nothing)

    def _variance(self, slopes: Floats, rows: GroupedValues) -> Floats:
        """Return the variance of the mean of each row's derivative, within strata: (G,)."""
        many, said = self.called.shape[1], self.predicted[rows.row]
        kept = slopes[rows.group, np.minimum(said, many - 1)]
        number = np.where(said < many, (kept * self.called[rows.row]).sum(axis=1), 0.0)
        return variance(number, rows.strata(self.everyone.evidence))


def averages(facts: Evidence, classes: Sequence[OfClass], everyone: RowSet) -> Averages:
    """Gather what averages over classes rest on.

    Args:
        facts: what was designed, drawn and answered.
        classes: precision, recall and F1 of each class.
        everyone: the set of all rows.

    Returns:
        The family.
    """
    places = class_places(facts, [one.name for one in classes])
    said = places[facts.answers.label]
    called = [mean_over_people(facts, said == place) for place in range(len(classes))]
    return Averages(
        classes,
        everyone,
        places[facts.drawn.label],
        np.nan_to_num(np.stack(called, axis=1)),
    )


def _kept(predicted: Floats, others: Floats, right: Floats, missed: Floats) -> Floats:
    """Return the specificity from numbers of rows and the shares of the class in them: (G,)."""
    kept = np.where(others > 0, others * (1 - missed), 0.0)
    lost = np.where(predicted > 0, predicted * (1 - right), 0.0)
    with np.errstate(invalid="ignore"):
        return kept / (kept + lost)


def _support(of: OfClass, view: View) -> tuple[Floats, Floats]:
    """Return the smallest and the largest share of rows that people may call a class: (G,), (G,)."""
    inside, rest = (part.sums(view, part.size) for part in (of.predicted, of.others))
    every = np.maximum(inside + rest, 1)
    (right, may_be_right), (missed, may_be_missed) = (
        (np.nan_to_num(part) for part in side.missing(view)) for side in (of.predicted, of.others)
    )
    least = (inside * right + rest * missed) / every
    return least, least + (inside * may_be_right + rest * may_be_missed) / every


def _of_classes(found: Intervals, of_classes: Sequence[Figures], lacking: Bools) -> Intervals:
    """Widen the limits of a macro average to those that its classes give: (G,).

    Classes whose answers are independent give MOVER's limits of a mean. A
    linearised variance is 0 where the few answers of a rare class are all
    right, and theirs is not. Where a class has no value, the limits are the
    means of the classes' limits, whatever their correlation.
    """
    parts = [one.intervals for one in of_classes]
    lows = np.array([np.nan_to_num(one.low) for one in parts])
    highs = np.array([np.nan_to_num(one.high, nan=1.0) for one in parts])
    values = np.array([one.value for one in parts])
    mean = values.mean(axis=0)
    below, above = (
        np.sqrt((side**2).sum(axis=0)) / len(parts) for side in (values - lows, highs - values)
    )
    low, high = np.fmin(found.low, mean - below), np.fmax(found.high, mean + above)
    return Intervals(
        np.where(lacking, np.nan, found.value),
        np.where(lacking, lows.mean(axis=0), low),
        np.where(lacking, highs.mean(axis=0), high),
    )
