"""Calibration of scores: in each range of scores, the share of predictions that were right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from labeling.formulas.intervals import Interval, wilson
from pipelines.columns.buffers import Floats

_MOST, _ENOUGH = 10, 25  # bins at most; answers in each at least, but for ties
_GRID = 1e6  # scores are compared to six digits, so that a last bit moves no row


@dataclass(frozen=True, slots=True)
class Bin:
    """The answered rows within a range of scores."""

    low: float  # lowest score
    high: float  # highest score
    score: float  # mean, weighted by design
    right: Interval  # the share right
    answers: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores against answers."""

    bins: tuple[Bin, ...]
    score: float  # mean over all rows
    right: float  # share over all rows


@dataclass(frozen=True, slots=True)
class Answered:
    """Answered rows with a score, as arrays (S,).

    Attributes:
        score: the probability of the predicted label, within [0, 1].
        right: the share of people who agree with the prediction.
        weight: the design weight, the number of rows that it stands for.
    """

    score: Floats
    right: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Pairs:
    """Predicted numbers and the means of people's, as arrays (S,), with design weights."""

    predicted: Floats
    answered: Floats
    weight: Floats

    @property
    def lean(self) -> float:
        """By how much predictions lie above people's numbers on average over all rows."""
        away = self.predicted - self.answered
        return float((self.weight * away).sum() / self.weight.sum())


def answered(evidence: Evidence) -> Answered:
    """Gather the drawn rows that have an answer and a score."""
    drawn, answers = evidence.drawn, evidence.answers
    right = mean_over_people(evidence, answers.label == drawn.label[answers.row])
    keep = ~np.isnan(drawn.score) & ~np.isnan(right)
    weight = evidence.designed.weight[drawn.stratum]
    return Answered(drawn.score[keep], right[keep], weight[keep])


def pairs(evidence: Evidence) -> Pairs:
    """Return predicted numbers with the mean of people's, in the order of prediction ids."""
    predicted = evidence.drawn.value
    answered = mean_over_people(evidence, evidence.answers.number)
    keep = ~np.isnan(answered) & ~np.isnan(predicted)
    weight = evidence.designed.weight[evidence.drawn.stratum]
    return Pairs(predicted[keep], answered[keep], weight[keep])


def calibration(of: Answered) -> Calibration | None:
    """Compare scores with the share right, in bins of about as many answers each.

    None without an answered row that has a score. How many rows lie in a bin
    is not known, so both are ratios: weighted means over the bin's answers. The
    limits are Wilson's with Kish's effective number of answers, (sum w)^2 /
    sum w^2, and approximate.

    Source: Kish, Survey Sampling (1965), ch. 8; Broecker and Smith, Weather
    and Forecasting 22 (2007), on reliability diagrams.

    >>> both = calibration(
    ...     Answered(np.array([0.6, 0.9]), np.array([0.0, 1.0]), np.array([1.0, 3.0]))
    ... )
    >>> (both.score, both.right) if both else None
    (0.825, 0.75)
    """
    if not len(of.score):
        return None
    order = np.argsort(of.score, kind="stable")
    grid = np.rint(of.score[order] * _GRID)
    bins = tuple(_bin(of, order[inside]) for inside in _even(grid))
    total = of.weight.sum()
    return Calibration(
        bins=bins,
        score=float((of.weight * of.score).sum() / total),
        right=float((of.weight * of.right).sum() / total),
    )


def _even(grid: Floats) -> list[npt.NDArray[np.intp]]:
    """Cut sorted scores (S,) into even parts, equal ones staying together."""
    many = int(np.clip(len(grid) // _ENOUGH, 1, _MOST))
    wanted = (np.arange(1, many) * len(grid)) // many
    cuts = np.unique(np.searchsorted(grid, grid[wanted]))
    return [part for part in np.split(np.arange(len(grid)), cuts) if len(part)]


def _bin(of: Answered, rows: npt.NDArray[np.intp]) -> Bin:
    score, right, weight = of.score[rows], of.right[rows], of.weight[rows]
    total = weight.sum()
    value = np.array([(weight * right).sum() / total])
    effective = total**2 / (weight**2).sum()
    return Bin(
        low=float(score.min()),
        high=float(score.max()),
        score=float((weight * score).sum() / total),
        right=wilson(value, np.array([effective]))[0],
        answers=len(rows),
    )
