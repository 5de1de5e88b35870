"""Specificity of a class, averages over classes and Matthews correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.families.answer_rows import AnswerRows, GroupedValues
from labeling.estimates.metrics import Figures, OfClass
from labeling.estimates.row_sets import RowSet, View
from labeling.formulas.class_averages import (
    MEASURES,
    derivatives,
    limits_of_correlation,
    limits_of_share,
)
from labeling.formulas.intervals import Intervals
from labeling.formulas.ratios import recall, with_points
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Floats, Int64s

_PART_OF = {  # what of its classes an average is made of, and lacks a value with
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
        found = recall(_turned(missed), _turned(right), others)
        kept, lost = (self._not_of_it(part, view) for part in (self.others, self.predicted))
        nothing = np.full(len(found), np.nan)
        pointed = with_points(found, kept, lost)
        return [Figures("specificity", self.name, pointed, nothing, nothing, nothing)]

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
    average the limits are then the means of the classes' limits.
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
        return [self._figure(name, matrix, rows, parts, view) for name in MEASURES]

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
        view: View,
    ) -> Figures:
        value = MEASURES[name](matrix)
        variance = self._variance(derivatives(MEASURES[name], matrix), rows, view)
        limits = limits_of_correlation if name == "mcc" else limits_of_share
        found, nothing = limits(value, variance), np.full(len(value), np.nan)
        of_classes = parts.get(_PART_OF.get(name, ""), [])
        lacking = np.any([np.isnan(one.intervals.value) for one in of_classes], axis=0)
        if name in _MACRO:
            found = _of_classes(found, of_classes, lacking)
        elif of_classes:
            parts_of = (found.value, found.low, found.high)
            found = Intervals(*(np.where(lacking, np.nan, part) for part in parts_of))
        return Figures(name, None, found, nothing, nothing, nothing)

    def _variance(self, slopes: Floats, rows: GroupedValues, view: View) -> Floats:
        """Return the variance of the mean of each row's derivative, within strata: (G,)."""
        many, drawn = self.called.shape[1], self.everyone.evidence.drawn
        said = self.predicted[rows.row]
        kept = slopes[rows.group, np.minimum(said, many - 1)]
        number = np.where(said < many, (kept * self.called[rows.row]).sum(axis=1), 0.0)
        strata = len(self.everyone.evidence.designed.batch)
        cell, place = np.unique(rows.group * strata + drawn.stratum[rows.row], return_inverse=True)
        count = np.bincount(place, minlength=len(cell)).astype(np.float64)
        size = np.bincount(place, rows.weight, len(cell))
        away = number - (np.bincount(place, number, len(cell)) / np.maximum(count, 1))[place]
        second, group = np.bincount(place, away**2, len(cell)), cell // strata
        freedom = np.bincount(group, np.maximum(count - 1, 0), view.groups)
        pooled = np.bincount(group, second, view.groups) / np.maximum(freedom, 1)
        spread = np.where(count > 1, second / np.maximum(count - 1, 1), pooled[group])
        left = np.maximum(1 - count / np.maximum(size, 1), 0)
        whole = np.bincount(group, size, view.groups)
        parts = size**2 * left * spread / np.maximum(count, 1)
        sums = np.bincount(group, parts, view.groups)
        return np.divide(sums, whole**2, out=np.full(view.groups, np.nan), where=whole > 0)


def averages(facts: Evidence, classes: Sequence[OfClass], everyone: RowSet) -> Averages:
    """Gather what averages over classes rest on.

    Args:
        facts: what was designed, drawn and answered.
        classes: precision, recall and F1 of each class.
        everyone: the set of all rows.

    Returns:
        The family.
    """
    codes = {label: code for code, label in enumerate(facts.labels)}
    own = [codes.get(one.name, -2) for one in classes]
    place = np.full(len(facts.labels) + 1, len(classes))
    for k, code in enumerate(own):
        if code >= 0:
            place[code] = k
    called = [mean_over_people(facts, facts.answers.label == code) for code in own]
    return Averages(
        classes,
        everyone,
        place[np.where(facts.drawn.label >= 0, facts.drawn.label, len(facts.labels))],
        np.nan_to_num(np.stack(called, axis=1)),
    )


def _turned(of: Intervals) -> Intervals:
    """Return the intervals of 1 minus a share: (G,)."""
    return Intervals(1 - of.value, 1 - of.high, 1 - of.low)


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
