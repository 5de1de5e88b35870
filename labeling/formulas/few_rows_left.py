"""Limits of a share where few rows are left without an answer: how many of them may be right.

Of a batch that was answered nearly in full, the truth is one of a few numbers: the
right answers and none, one, two ... of the rows that are left. A normal distribution
is no picture of that. The number of right ones among m rows is beta-binomial, given
what was answered, and its quantiles are limits.

Source: Thatcher, Relationships between Bayesian and confidence limits for
predictions, JRSS B 26 (1964), on limits of a number that is still to be observed.
"""

from __future__ import annotations

import numpy as np

from labeling.formulas.answered_strata import AnsweredStrata
from pipelines.columns.buffers import Bools, Floats

MOST_LEFT = 60  # rows, however many were answered
_OF_MANY = 400  # rows, where at least as many were answered
_TAIL = 0.025


def few_left_limits(of: AnsweredStrata) -> tuple[Floats, Floats]:
    """Return the least and the most of each group's rows that may be right: (G,), (G,).

    Args:
        of: the strata.

    Returns:
        As shares of the group's rows; NaN where more than 60 rows are left and more
        than were answered, where more than 400 are left, or none was answered.
    """
    rows, right, answered = (of.total(part) for part in (of.size, of.right, of.answered))
    left = np.rint(rows - answered)
    is_most = (left <= _OF_MANY) & (left <= answered)
    counts = ((left <= MOST_LEFT) | is_most) & (answered > 0)
    likely = _likely(of)
    low, high = (np.minimum(*likely), np.maximum(*likely))
    least = _quantile(left, low, answered, counts)
    most = left - _quantile(left, 1 - high, answered, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.where(counts, (right + least) / rows, np.nan),
            np.where(counts, (right + most) / rows, np.nan),
        )


def _likely(of: AnsweredStrata) -> tuple[Floats, Floats]:
    """Return the likely share of right ones among the rows left: as in their strata, as in all."""
    count = of.total(of.effective)
    average = (np.nan_to_num(of.value) * count + 1) / (count + 2)
    near = (of.mean * of.effective + average[of.group]) / (of.effective + 1)
    left = np.where(of.open, of.size - of.answered, 0.0)
    total = of.total(left)
    inside = np.divide(of.total(left * near), total, out=average.copy(), where=total > 0)
    return inside, average


def _quantile(rows: Floats, share: Floats, answered: Floats, counts: Bools) -> Floats:
    """Return the largest number that at least as many are right with 97.5 % probability: (G,)."""
    good, bad = share * (answered + 2), (1 - share) * (answered + 2)
    most = int(rows[counts].max(initial=0))
    chance: Floats = np.ones(len(rows))  # of none, of all these rows
    for step in range(most):
        chance = np.where(step < rows, chance * (bad + step) / (good + bad + step), chance)
    fewer: Floats = np.zeros(len(rows))
    number: Floats = np.zeros(len(rows))
    for step in range(most):
        fewer = fewer + chance
        number = np.where((fewer <= _TAIL) & (step < rows), step + 1.0, number)
        ahead = (rows - step) / (step + 1) * (good + step) / np.maximum(bad + rows - step - 1, 1e-9)
        chance = np.where(step < rows, chance * ahead, 0.0)
    return np.where(counts, number, np.nan)
