"""Shares of a stratified sample: their values and 95 % intervals.

Everything here is a formula over numpy arrays and knows nothing of tables. One
call serves many groups at once (windows, cohorts, versions): each stratum
belongs to a group, and each group gets one interval.

The textbook's stratified interval (estimate plus or minus 1.96 standard
errors) covers 36 to 95 % of the time at 50 to 400 answers, because a stratum
whose few answers are all right claims a variance of 0. The one used here takes
a little of the overall share into every stratum, and asks which shares a score
test would not refuse.

Sources: Cochran, Sampling Techniques, 3rd ed. (1977), ch. 5; for the limits see
`score_limits`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labeling.formulas.answered_strata import AnsweredStrata, strata
from labeling.formulas.few_rows_left import few_left_limits
from labeling.formulas.intervals import Interval, Intervals, wilson
from labeling.formulas.score_limits import possible_limits, score_limits
from pipelines.columns.buffers import Floats

_GIVEN = 4.0  # answers of the average row that each stratum of rows predicted as a class is given
_GIVEN_OTHERS = 1.0  # that strata of the other rows are
_STRAY = 400  # rows predicted as a class, for which one of it may be anywhere


def share(size: Sequence[float], answered: Sequence[float], right: Sequence[float]) -> Interval:
    """Estimate the share of correct rows from strata that together cover them.

    Args:
        size: rows per stratum (H,).
        answered: rows with an answer per stratum (H,).
        right: the sum of their correctness per stratum (H,); fractions are
            allowed, where several people answered one row.

    Returns:
        A share within [0, 1]. A census (`answered == size`) has no error. With
        no answer at all, the value is None and the interval [0, 1].

    Raises:
        ValueError: more right than answered, or more answered than there are.

    >>> share([900, 100], [30, 50], [27, 40]).value
    0.89
    >>> share([900, 100], [900, 100], [801, 80])
    Interval(value=0.881, low=0.881, high=0.881)
    """
    return shares(strata(size, answered, right))[0]


def shares(of: AnsweredStrata) -> Intervals:
    """Estimate one share per group: (G,).

    The value is sum W_h x_h / n_h. Its limits are those of the score test
    (`score_limits`), cut to what is possible: not below x / N, and not above
    (x + m) / N, of x right answers and m rows without one among N. A census has
    no error; without an answer the value is unknown and the limits are [0, 1].

    Over designs with a small stratum that is mostly wrong the limits cover .92
    or more, exactly; over accuracies of .6 to .99 and 100 to 400 answers .92 to
    .98 (`make bench-coverage`). A lone answer counts as half of one.
    """
    return _within_the_possible(of, *score_limits(of, of.value))


def class_shares(of: AnsweredStrata, stray: Floats | None = None) -> Intervals:
    """Estimate one share per group from a draw whose strata part likely rows from unlikely ones: (G,).

    Where a draw asks more about one class, most rows of it lie in strata of few
    rows, and no answer of the large stratum at the bottom is of it. What `shares`
    must allow for, that such a stratum holds as much as its answers could just have
    missed, is there the whole class. So each stratum is given some answers of the
    average row instead, and the share as many answers as its variance is worth.

    Args:
        of: the strata.
        stray: of rows predicted as another, the share that may be of the class
            wherever they lie (G,), see `stray_share`: the variance takes it into
            every stratum, however many answers it has, beside 1 answer of the
            average row. None for rows predicted as the class: 4 answers.

    Returns:
        The intervals. Answers of the average row fade as answers come in; without
        the stray ones F1 covered .70 at 800 answers, where all but one row of the
        class had been found. With them the F1 that rests on two such shares covers
        .93 or more over classes of 1 and 5 %, calibrated and miscalibrated
        probabilities (`make bench-coverage`).

    Source: the rule that the score test replaced elsewhere, with one answer
        instead of 4; Wilson's limits with an effective number of answers, Korn and
        Graubard, Survey Methodol. 24 (1998).
    """
    limits = wilson(of.value, _worth(of, stray))
    return _within_the_possible(of, limits.low, limits.high)


def stray_share(predicted: Floats, others: Floats) -> Floats:
    """Return which share of the other rows may be of a class though nothing tells it: (G,).

    Args:
        predicted: rows predicted as the class (G,).
        others: the other rows (G,).

    Returns:
        One row, and one more for every 400 that were predicted as the class.

    >>> stray_share(np.array([200.0]), np.array([19800.0])) * 19800
    array([1.5])
    """
    return np.minimum((1 + predicted / _STRAY) / np.maximum(others, 1), 0.5)


def _worth(of: AnsweredStrata, stray: Floats | None) -> Floats:
    """Return how many answers of a simple random sample have the same variance: (G,)."""
    given, turned = (_GIVEN, np.zeros(of.groups)) if stray is None else (_GIVEN_OTHERS, stray)
    value, count = of.value, of.total(of.effective)
    average = ((np.nan_to_num(value) * count + 1) / (count + 2))[of.group]
    near = (of.mean * of.effective + given * average) / (of.effective + given)
    near = near + turned[of.group] * (1 - 2 * near)
    freedom = np.maximum(of.effective - 1, of.effective / 2)
    parts = of.weight**2 * of.left * near * (1 - near)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = of.total(np.where(parts > 0, parts / freedom, 0.0))
        center = of.total(of.weight * near)
        answers = center * (1 - center) / variance
    return np.where((value <= 0) | (value >= 1), np.minimum(answers, count), answers)


def _within_the_possible(of: AnsweredStrata, low: Floats, high: Floats) -> Intervals:
    """Widen limits where few rows are left, and cut them to what is possible."""
    value, (least, most) = of.value, possible_limits(of)
    few_low, few_high = few_left_limits(of)
    low, high = np.fmin(low, few_low), np.fmax(high, few_high)
    unknown = np.isnan(value)
    value = np.clip(value, least, most)
    low = np.where(unknown, 0.0, np.clip(low, least, value))
    return Intervals(value, low, np.where(unknown, 1.0, np.clip(high, value, most)))
