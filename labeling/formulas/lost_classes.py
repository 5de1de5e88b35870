"""An upper limit of recall and F1 where no row was rightly predicted as the class.

Two samples speak against a class that is lost: those predicted as it, of which none
is right, and the others, of which some are of the class. A limit of each, side by
side, wastes what they say together: were many of the few predicted rows right, it
would be strange that none of the sampled ones is; were few, the missed ones would be
strange. So those pairs of shares are refused for which seeing both has a small
chance, (1 - p)^m P(at least so many missed), and the limit is the best ratio left.

Source: Buehler, JASA 52 (1957), on limits of a function of two shares, from the
chance of samples that are ordered beforehand.
"""

from __future__ import annotations

import numpy as np

from labeling.formulas.intervals import Interval, effective_answers
from pipelines.columns.buffers import Floats

_STEPS = 400  # of the share right; the limit is too high by one of them at most


def most_of_lost(missed: Interval, right_answers: float, predicted: float, error: float) -> Floats:
    """Return what rows may be of the class at best, if none predicted as it was seen to be right.

    Args:
        missed: the share of the class among the rows predicted as another.
        right_answers: the effective number of answers to those predicted as it.
        predicted: the share of all rows predicted as the class, known.
        error: the chance below which a pair of shares is refused, within (0, 1).

    Returns:
        Pairs (2, K) of right and missed rows, as shares of all rows, one of which
        any allowed pair is no better than. Where `error` is half of an error that
        `recall_and_f1.ratio_bound` would divide evenly among both samples, both bounds
        together keep the whole one: either so many right rows are refused that
        none was seen, which is within the first half, or none was seen by chance
        and this one errs with the second.
    """
    unseen: Floats = np.power(error, np.linspace(0, 1, _STEPS + 1))  # the chance that none is right
    share = 1 - unseen ** (1 / right_answers)
    lost = _least(missed, error / unseen[:-1]) * (1 - predicted)
    return np.stack([share[1:] * predicted, lost])


def _least(missed: Interval, errors: Floats) -> Floats:
    """Return exact lower limits of a share at some errors: (K,)."""
    from scipy.special import betaincinv

    value, low, high = missed.value, missed.low, missed.high
    if not value or low is None or high is None:
        return np.zeros(len(errors))
    answers = effective_answers(value, low, high)
    if np.isinf(answers):
        return np.full(len(errors), value)
    found = value * answers
    return np.asarray(betaincinv(found, answers - found + 1, errors), np.float64)
