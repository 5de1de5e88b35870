"""Bias and quantiles of the errors of predicted numbers, beside MAE and RMSE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.families.answer_rows import AnswerRows
from labeling.estimates.metrics import Figures
from labeling.estimates.row_sets import RowSet, View
from labeling.formulas.mean_errors import means
from labeling.formulas.quantiles import quantiles, weighted
from pipelines.columns.buffers import Floats

QUANTILES = {"median_absolute_error": 0.5, "p90_absolute_error": 0.9}


@dataclass(frozen=True, slots=True)
class Bias:
    """How far predictions lie above what people say, on average.

    A missing answer is at best no error at all, and at worst as far off as the
    largest error of its group, in the direction of the bias.
    """

    signed: RowSet
    absolute: RowSet

    def figures(self, view: View) -> list[Figures]:
        """Return the metric of each group of a view."""
        mean = means(self.signed.spread(view), is_signed=True)
        answered, missing = self.signed.missing(view)
        largest = self.absolute.highest(view, self.absolute.largest)
        side = np.where(mean.value < 0, -1.0, 1.0)
        size, least = side * mean.value, side * answered
        wrong = side * np.fmax(least + missing * np.nan_to_num(largest), size)
        right = side * np.fmin(least, size)
        return [Figures("bias", None, mean, wrong, right, np.full(len(mean), np.nan))]


@dataclass(frozen=True, slots=True)
class ErrorQuantiles:
    """The median and the 90 % quantile of absolute errors.

    A missing answer is at best no error, and at worst the largest.
    """

    absolute: RowSet
    rows: AnswerRows

    def figures(self, view: View) -> list[Figures]:
        """Return the metrics of each group of a view."""
        answers = self.rows.of(view)
        errors = weighted(answers.value, answers.weight, answers.group, answers.groups)
        covered = self.absolute.covered(view)
        asked, answered = (
            self.absolute.sums(view, part) for part in (self.absolute.asked, self.absolute.answered)
        )
        given = np.divide(answered, asked, out=np.full(len(asked), np.nan), where=answered > 0)
        found = []
        for metric, share in QUANTILES.items():
            of = quantiles(errors, share, covered, covered == errors.count)
            worst = np.where(share <= given, errors.at(share / given), errors.at(np.ones(len(of))))
            best = np.where(share <= 1 - given, 0.0, errors.at(1 - (1 - share) / given))
            nothing = np.full(len(of), np.nan)
            found.append(
                Figures(
                    metric, None, of, np.fmax(worst, of.value), np.fmin(best, of.value), nothing
                )
            )
        return found


def signed_errors(evidence: Evidence) -> Floats:
    """Return by how much each drawn row was predicted too high: (S,), NaN without an answer."""
    answers, drawn = evidence.answers, evidence.drawn
    return mean_over_people(evidence, drawn.value[answers.row] - answers.number)
