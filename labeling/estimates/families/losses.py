"""Mean losses of probabilities, log loss and Brier score, and the calibration error of scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.families.answer_rows import AnswerRows, GroupedValues
from labeling.estimates.families.class_probabilities import RowScores
from labeling.estimates.metrics import Figures, everywhere
from labeling.estimates.row_sets import RowSet, View, row_set
from labeling.formulas.calibration_error import ScoredAnswers, calibration_error
from labeling.formulas.mean_errors import loss_limits, means
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Floats, Int64s

MEAN_LOSSES = ("log_loss", "brier")
# the least probability that a logarithm is taken of, as in scikit-learn
_LEAST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class ProbabilityLosses:
    """Log loss or Brier score over all classes.

    A missing answer costs at best what the likeliest class would, and at worst
    what the least likely one would.
    """

    metric: str
    everyone: RowSet  # is the prediction right?
    loss: RowSet
    best: RowSet  # the same, as if each missing answer had been the cheapest
    worst: RowSet
    wrong: Floats  # (S,) share of people who disagree, NaN without an answer
    extra: Floats  # (S,) the mean loss above that of the predicted class, NaN without
    doubt: Floats  # (S,) what a wrong prediction would lose above that, as the model expects

    def figures(self, view: View) -> list[Figures]:
        """Return the metric of each group of a view."""
        rows = AnswerRows(self.everyone, self.wrong).of(view)
        lacks = rows.total(np.isnan(self.extra[rows.row])) > 0
        right = shares(self.everyone.strata(view))
        within = loss_limits(means(self.loss.spread(view)), right, self._cost(rows))
        wrong, best = (part.missing(view)[0] for part in (self.worst, self.best))
        cases = np.fmax(wrong, within.value), np.fmin(best, within.value)
        found = Figures(self.metric, None, within, *cases, np.full(len(lacks), np.nan))
        return [found.lacking(lacks)]

    def _cost(self, rows: GroupedValues) -> Floats:
        """Return the mean cost of a wrong row, with one as costly as the model's doubts: (G,)."""
        extra, doubt = (np.nan_to_num(part[rows.row]) for part in (self.extra, self.doubt))
        seen, weights = rows.total(rows.value), rows.total(rows.weight)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.nan_to_num(
                rows.total(rows.weight * extra) / rows.total(rows.weight * rows.value)
            )
            expected = rows.total(rows.weight * doubt) / weights
        return (mean * seen + expected) / (seen + 1)


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """How far scores lie from the share right.

    Of missing answers nothing is said: they would change bins and noise alike.
    """

    everyone: RowSet
    right: Floats  # (S,) share of people who agree, NaN without an answer
    score: Floats  # (S,) of the predicted class, NaN without

    def figures(self, view: View) -> list[Figures]:
        """Return the metric of each group of a view."""
        rows = AnswerRows(self.everyone, self.right).of(view)
        score = self.score[rows.row]
        lacks = rows.total(np.isnan(score)) > 0
        is_whole = self.everyone.covered(view) == rows.total(np.ones(len(score)))
        answers = ScoredAnswers(
            np.nan_to_num(score), rows.value, rows.weight, rows.group, rows.groups
        )
        found, nothing = calibration_error(answers, is_whole), np.full(len(lacks), np.nan)
        of = Figures("calibration_error", None, found, nothing, nothing, nothing)
        return [of.lacking(lacks)]


def probability_losses(
    facts: Evidence, everyone: RowSet, scores: RowScores, places: Int64s, metric: str
) -> ProbabilityLosses:
    """Gather what a mean loss of probabilities rests on.

    Args:
        facts: what was drawn and answered.
        everyone: the set of all rows.
        scores: of the classes (S, K).
        places: the class of each label code, K for one outside the answer set;
            its last entry is for no label.
        metric: `log_loss` or `brier`.

    Returns:
        The family.
    """
    values = np.where(scores.is_whole[:, None], scores.values, np.nan)
    loss = _losses(values, metric)
    said = places[facts.drawn.label]
    rows = np.arange(len(said))
    own = loss[rows, said]
    found = mean_over_people(facts, loss[facts.answers.row, places[facts.answers.label]])
    is_open = np.isnan(found)
    best, worst = (
        np.where(is_open, of(loss[:, :-1], axis=1, initial=end), found)
        for of, end in ((np.min, np.inf), (np.max, -np.inf))
    )
    inside = everywhere(facts)
    return ProbabilityLosses(
        metric,
        everyone,
        row_set(facts, *inside, found),
        row_set(facts, *inside, np.where(np.isfinite(best), best, np.nan)),
        row_set(facts, *inside, np.where(np.isfinite(worst), worst, np.nan)),
        mean_over_people(facts, facts.answers.label != facts.drawn.label[facts.answers.row]),
        found - own,
        _expected(values, loss, said) - own,
    )


def _losses(values: Floats, metric: str) -> Floats:
    """Return what each row loses if it is of each class, last of none: (S, K + 1)."""
    rows, classes = values.shape
    padded = np.column_stack([values, np.zeros(rows)])
    if metric == "log_loss":
        return -np.log(np.clip(padded, _LEAST, 1 - _LEAST))
    whole = (values**2).sum(axis=1, keepdims=True) - 2 * padded + 1
    return whole / 2 if classes == 2 else whole


def _expected(values: Floats, loss: Floats, said: Int64s) -> Floats:
    """Return the mean loss where the prediction is wrong, the classes as likely as their scores: (S,)."""
    others = np.where(np.arange(values.shape[1]) == said[:, None], 0.0, values)
    even = np.where(np.arange(values.shape[1]) == said[:, None], 0.0, _LEAST)
    weight = others + even
    return np.asarray((weight * loss[:, :-1]).sum(axis=1) / weight.sum(axis=1), np.float64)
