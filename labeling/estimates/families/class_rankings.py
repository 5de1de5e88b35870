"""How well the scores of a class rank its rows: ROC AUC and average precision, one class against the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.families.answer_rows import AnswerRows, GroupedValues
from labeling.estimates.metrics import Figures, OfClass
from labeling.estimates.row_sets import RowSet, View
from labeling.formulas.answered_strata import variance
from labeling.formulas.intervals import Intervals
from labeling.formulas.ranking_limits import FoundRows, Side, auc_limits, precision_limits
from labeling.formulas.rankings import Statistic, average_precision, ranked, roc_auc
from labeling.formulas.recall_and_f1 import recall
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Floats

RANKINGS = ("roc_auc", "average_precision")


@dataclass(frozen=True, slots=True)
class Rankings:
    """ROC AUC and average precision of one class.

    What missing answers could change is not known: each may be of the class.
    """

    of_class: OfClass
    everyone: RowSet
    called: Floats  # (S,) share of people who call the row the class, NaN without an answer
    score: Floats  # (S,) of the class, NaN where none was kept
    is_predicted: Bools  # (S,) as the class

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        rows = AnswerRows(self.everyone, self.called).of(view)
        score = self.score[rows.row]
        order = ranked(np.nan_to_num(score), rows.value, rows.weight, rows.group, rows.groups)
        found, kept, right = self._predicted_right(view)
        auc, precision = roc_auc(order), average_precision(order)
        is_whole = self.everyone.covered(view) == rows.total(np.ones(len(score)))
        limits = [
            _exact(of(one.value, self._variance(one, rows), sides), one.value, is_whole)
            for of, one, sides in (
                (auc_limits, auc, self._found(rows, auc, found, kept)),
                (precision_limits, precision, self._found(rows, precision, found, right)),
            )
        ]
        lacks = rows.total(np.isnan(score)) > 0
        nothing = np.full(len(lacks), np.nan)
        return [
            Figures(name, self.of_class.name, within, nothing, nothing, nothing).lacking(lacks)
            for name, within in zip(RANKINGS, limits, strict=True)
        ]

    def _variance(self, of: Statistic, rows: GroupedValues) -> Floats:
        return variance(of.influence, rows.strata(self.everyone.evidence))

    def _predicted_right(self, view: View) -> tuple[Intervals, Intervals, Intervals]:
        """Return recall, specificity and precision of the class: (G,) each."""
        parts = self.of_class.predicted, self.of_class.others
        right, lost = (shares(part.strata(view)) for part in parts)
        size, others = (part.covered(view) for part in parts)
        every = np.where(size + others > 0, size + others, np.nan)
        found = recall(right, lost, size / every)
        return found, recall(lost.turned(), right.turned(), others / every), right

    def _found(
        self, rows: GroupedValues, of: Statistic, share: Intervals, other_share: Intervals
    ) -> FoundRows:
        inside, is_predicted = rows.value, self.is_predicted[rows.row]
        taken = (1 - inside) * ~is_predicted, (1 - inside) * is_predicted
        return FoundRows(
            _side(rows, (inside * is_predicted, inside * ~is_predicted), of.rank, share),
            _side(rows, taken, of.other_rank, other_share),
        )


def _side(
    rows: GroupedValues, parts: tuple[Floats, Floats], rank: Floats, share: Intervals
) -> Side:
    """Return the rows of a class, or of the others: those predicted right, and those that were not."""
    right, wrong = parts
    return Side(
        _kish(rows, right + wrong),
        _mean(rows, right, rank),
        _mean(rows, wrong, rank),
        rows.total(wrong),
        share,
    )


def _exact(within: Intervals, value: Floats, is_whole: Bools) -> Intervals:
    """Leave no error where every row was answered."""
    is_known = is_whole & ~np.isnan(value)
    return Intervals(*(np.where(is_known, value, part) for part in within.parts()))


def _kish(rows: GroupedValues, part: Floats) -> Floats:
    """Return how many equal answers those of a part of the rows are worth: (G,)."""
    weight = rows.weight * part
    top, bottom = rows.total(weight) ** 2, rows.total(rows.weight * weight)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _mean(rows: GroupedValues, part: Floats, values: Floats) -> Floats:
    weight = rows.weight * part
    top, bottom = rows.total(weight * values), rows.total(weight)
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)
