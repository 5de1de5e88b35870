"""Score limits of a share of a stratified sample: all shares that a score test does not refuse.

A share theta is refused if the estimate lies further from it than 1.96 standard
errors *at theta*. How the strata divide theta among them is not known; of all ways
to do so the likeliest is taken, in the light of the answers. So one all-wrong
stratum of two answers does not make the other answers count more than they are:
where theta is lower than the estimate, it is the others that must be worse.

With one stratum these are Wilson's limits. One more right answer never lowers a limit.

Sources: Wilson, JASA 22 (1927); Miettinen and Nurminen, Stat. Med. 4 (1985), on
the variance under the constrained maximum likelihood; Yan and Su, Biometrical J. 52
(2010), on stratified score limits; Brown, Cai and DasGupta, Stat. Sci. 16 (2001),
on the limits beside a few wrong answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.intervals import Z
from pipelines.columns.buffers import Floats

_BORROWED = 0.75  # answers of the average row that each stratum is given
_NEAREST, _FURTHEST = 1e-6, 1e18  # multipliers between which every limit lies
_HALVINGS, _CHORDS = 24, 3  # leave a relative error below 1e-15

_UNKNOWN = 1e9  # variance of a stratum without an answer

_FEW = 3.5  # wrong answers up to which the bound of rare events is wider than Wilson's
_RARE = (0.0, 0.051293, 0.355361, 0.817691, 1.366318)  # rate that k events or more exceed in 5 %


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """Answers by stratum (H,), with a part of one of the average row in each."""

    of: AnsweredStrata
    right: Floats
    count: Floats
    spread: Floats  # W^2 (1 - f) / (n - 1), times p (1 - p) the variance of a stratum

    def share_and_error(self, multiplier: Floats, *, down: bool) -> tuple[Floats, Floats]:
        """Return the share (G,) to which a multiplier (G,) leads, and the standard error there.

        The likeliest p_h solve x_h / p_h - (n_h - x_h) / (1 - p_h) = multiplier W_h:
        a root of a square equation, written so that nothing cancels.
        """
        slope = multiplier[self.of.group] * self.of.weight
        good = self.right if down else self.count - self.right
        both = self.count + slope
        part = 2 * good / (both + np.sqrt(np.maximum(both**2 - 4 * slope * good, 0)))
        error = np.sqrt(self.of.total(self.spread * part * (1 - part)))
        part = np.where(self.of.open, part if down else 1 - part, self.of.mean)
        return self.of.total(self.of.weight * part), error


def score_limits(of: AnsweredStrata, value: Floats) -> tuple[Floats, Floats]:
    """Return the lower and the upper limit of each group's share: (G,), (G,).

    Args:
        of: the strata.
        value: the estimates (G,), sum W_h x_h / n_h.

    Returns:
        The limits, within [0, 1] and around the value; NaN where the value is.
    """
    likelihood = _likelihood(of, value)
    low, high = (_limit(likelihood, value, down=down) for down in (True, False))
    low = np.minimum(np.where(value <= 0, 0.0, low), value - _few(of, of.mean))
    high = np.maximum(np.where(value >= 1, 1.0, high), value + _few(of, 1 - of.mean))
    return np.clip(np.minimum(low, value), 0, 1), np.clip(np.maximum(high, value), 0, 1)


def possible_limits(of: AnsweredStrata) -> tuple[Floats, Floats]:
    """Return the shares of each group if all rows without an answer were wrong, or right: (G,), (G,).

    x / N and (x + m) / N, of x right answers and m rows without one among N.
    """
    rows, right = of.total(of.size), of.total(of.right)
    with np.errstate(divide="ignore", invalid="ignore"):
        least, most = right / rows, (right + rows - of.total(of.answered)) / rows
    least = np.clip(least, 0, 1)  # sums of weights may round to a little less than all rows
    return least, np.clip(most, least, 1)


def _likelihood(of: AnsweredStrata, value: Floats) -> _Likelihood:
    count = of.total(of.effective)
    average = ((np.nan_to_num(value) * count + 1) / (count + 2))[of.group]
    freedom = np.maximum(of.effective - 1, of.effective / 2)
    alone = 1 - 1 / np.maximum(count, 2)  # one stratum: n answers count as n, as Wilson's do
    least = np.full_like(freedom, _UNKNOWN)  # without an answer, anything may be
    spread = np.divide(of.weight**2 * of.left, freedom, out=least, where=freedom > 0)
    spread = spread * np.where(count >= 2, alone, 1.0)[of.group]
    right = of.mean * of.effective + _BORROWED * average
    return _Likelihood(of, right, of.effective + _BORROWED, spread)


def _limit(likelihood: _Likelihood, value: Floats, *, down: bool) -> Floats:
    """Find where the estimate is 1.96 standard errors away, below it or above: (G,)."""

    def excess(multiplier: Floats) -> tuple[Floats, Floats]:
        share, error = likelihood.share_and_error(multiplier, down=down)
        return share, (value - share if down else share - value) - Z * error

    near: Floats = np.full(len(value), _NEAREST)
    far: Floats = np.full(len(value), _FURTHEST)
    for _ in range(_HALVINGS):
        middle = np.sqrt(near * far)
        beyond = excess(middle)[1] > 0
        near, far = np.where(beyond, near, middle), np.where(beyond, middle, far)
    return _crossing(excess, near, far)


def _crossing(
    excess: Callable[[Floats], tuple[Floats, Floats]], near: Floats, far: Floats
) -> Floats:
    """Return the share where the excess changes its sign, between two multipliers: (G,)."""
    share, below = excess(near)
    above = excess(far)[1]
    for _ in range(_CHORDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = near - below * (far - near) / (above - below)
        middle = np.where((near < middle) & (middle < far), middle, near)
        share, here = excess(middle)
        beyond = here > 0
        near, below = np.where(beyond, near, middle), np.where(beyond, below, here)
        far, above = np.where(beyond, middle, far), np.where(beyond, here, above)
    return share


def _few(of: AnsweredStrata, events: Floats) -> Floats:
    """Return how far the share of rare events may lie below its estimate: (G,), 0 unless they are few.

    Args:
        of: the strata.
        events: the share of the answers of each stratum that are events (H,).
    """
    rows, answered = (of.total(np.where(of.open, part, 0.0)) for part in (of.size, of.answered))
    weight = np.where(of.open, of.weight, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        count = of.total(np.where(of.open, of.effective, 0.0)) / (1 - answered / rows)
        number = of.total(weight * events) / of.total(weight) * count
        fewer = number - np.interp(number, np.arange(len(_RARE)), _RARE)
        return np.where(number <= _FEW, fewer / count * of.total(weight), 0.0)
