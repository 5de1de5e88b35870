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
from labeling.formulas.intervals import Interval, Intervals
from labeling.formulas.score_limits import possible_limits, score_limits


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
    value = of.value
    (low, high), (least, most) = score_limits(of, value), possible_limits(of)
    few_low, few_high = few_left_limits(of)
    low, high = np.fmin(low, few_low), np.fmax(high, few_high)
    unknown = np.isnan(value)
    value = np.clip(value, least, most)
    low = np.where(unknown, 0.0, np.clip(low, least, value))
    return Intervals(value, low, np.where(unknown, 1.0, np.clip(high, value, most)))
