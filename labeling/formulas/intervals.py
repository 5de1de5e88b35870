"""Intervals: of one group or of many at once, and the formulas of their limits.

Inside `Intervals`, NaN marks what is unknown; a single `Interval` says None.

Sources: Wilson, JASA 22 (1927), on the limits of a share; Donner and Zou, Stat.
Methods Med. Res. 21 (2012), on those of a ratio; Korn and Graubard, Survey
Methodol. 24 (1998), on the exact bound with an effective number of answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.columns.buffers import Floats

Z = 1.959963984540054  # the normal distribution's 97.5 % point
WIDTH = 3.92  # standard errors from end to end of an interval, as reports divide


@dataclass(frozen=True, slots=True)
class Interval:
    """A value between two limits, which hold the figure of all rows 95 times in 100.

    None is unknown.
    """

    value: float | None
    low: float | None
    high: float | None

    @property
    def stderr(self) -> float | None:
        """The standard error that the interval's length stands for: (high - low) / 3.92."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / WIDTH


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of G groups as arrays (G,); NaN stands for unknown."""

    value: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, place: int) -> Interval:
        return Interval(*(_optional(float(part[place])) for part in self.parts()))

    @property
    def exact(self) -> npt.NDArray[np.bool_]:
        """Groups without any error left, because every row was answered: (G,)."""
        return self.low == self.high

    def times(self, factor: Floats) -> Intervals:
        """Return the intervals of the value times a known factor (G,) >= 0; 0 times unknown is 0."""
        parts = (np.where(factor == 0, 0.0, part * factor) for part in self.parts())
        return Intervals(*parts)

    def plus(self, amount: Floats) -> Intervals:
        """Return the intervals of the value plus a known amount (G,)."""
        return Intervals(*(part + amount for part in self.parts()))

    def where(self, kept: npt.NDArray[np.bool_], other: Intervals) -> Intervals:
        """Return these intervals where `kept` (G,) is true, and the other ones elsewhere."""
        pairs = zip(self.parts(), other.parts(), strict=True)
        return Intervals(*(np.where(kept, mine, theirs) for mine, theirs in pairs))

    def turned(self) -> Intervals:
        """Return the intervals of 1 minus the value (G,)."""
        return Intervals(1 - self.value, 1 - self.high, 1 - self.low)

    def parts(self) -> tuple[Floats, Floats, Floats]:
        """Return the values, the lower limits and the upper ones: (G,) each."""
        return self.value, self.low, self.high


def wilson(value: Floats, answers: Floats) -> Intervals:
    """Return Wilson's score limits for a share of so many answers: (G,).

    An infinite number of answers leaves no error; an unknown value (NaN) has
    the limits [0, 1].

    >>> wilson(np.array([0.9]), np.array([100.0]))[0]
    Interval(value=0.9, low=0.82563, high=0.94477)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = Z**2 / answers
        center = (value + pull / 2) / (1 + pull)
        half = np.sqrt(value * (1 - value) * pull + pull**2 / 4) / (1 + pull)
    low, high = np.minimum(center - half, value), np.maximum(center + half, value)
    unknown = np.isnan(value) | ~(answers > 0)
    low = np.where(unknown | (value <= 0), 0.0, np.maximum(low, 0.0))
    high = np.where(unknown | (value >= 1), 1.0, np.minimum(high, 1.0))
    census = np.isinf(answers) & ~np.isnan(value)
    return Intervals(value, np.where(census, value, low), np.where(census, value, high))


def quotient(top: Intervals, bottom: Intervals) -> Intervals:
    """Return top / bottom of two independent estimates >= 0 by MOVER: (G,).

    With products d1 = l1 (2 t1 - l1), and so on, of the limits l and u of the
    estimates t1 / t2: low = d(l1) / (t1 t2 + sqrt(t1^2 t2^2 - d(l1) d(u2))),
    high = (t1 t2 + sqrt(t1^2 t2^2 - d(u1) d(l2))) / d(l2): Donner and Zou
    (2012), eq. 9, written so that nothing cancels. The upper limit is infinite
    where the bottom may be 0.
    """
    both = top.value * bottom.value
    low1, high1 = _reach(top.value, top.low), _reach(top.value, top.high)
    low2, high2 = _reach(bottom.value, bottom.low), _reach(bottom.value, bottom.high)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = both + np.sqrt(np.maximum(both**2 - low1 * high2, 0))
        above = both + np.sqrt(np.maximum(both**2 - high1 * low2, 0))
        low = np.where(low1 > 0, low1 / below, 0.0)
        high = np.where(low2 > 0, above / low2, np.inf)
        return Intervals(top.value / bottom.value, low, high)


def _reach(value: Floats, limit: Floats) -> Floats:
    return limit * (2 * value - limit)


def effective_answers(value: float, low: float, high: float) -> float:
    """Return how many answers of a simple random sample would give so long an interval.

    The inverse of Wilson's length: exact for an estimate of `shares`, and the
    equivalent number for a ratio.

    Args:
        value: the share, within [0, 1].
        low: the interval's lower end.
        high: the upper one.

    Returns:
        The number, infinite for an interval without length.

    >>> effective_answers(0.9, 0.82563, 0.94477)
    100.0
    """
    half = (high - low) / 2
    if half <= 0:
        return float("inf")
    spread = value * (1 - value)
    square, linear = 0.25 - half**2, spread - 2 * half**2
    if square <= 0:
        return 0.0
    pull = (-linear + np.sqrt(linear**2 + 4 * square * half**2)) / (2 * square)
    return float(Z**2 / pull) if pull > 0 else float("inf")  # a length of a few last bits is none


def exact_bound(value: float, answers: float, error: float, *, upper: bool) -> float:
    """Return the one-sided exact limit of a share: Clopper-Pearson on n_eff.

    Args:
        value: the share, within [0, 1].
        answers: the effective number of answers; infinite leaves no error.
        error: how often the figure of all rows may lie beyond the limit, within (0, 1).
        upper: the limit above, else the one below.

    Returns:
        The limit, within [0, 1].

    >>> exact_bound(1.0, 50, 0.05, upper=False)
    0.94184
    """
    from scipy.special import betaincinv

    if np.isinf(answers):
        return value
    right = value * answers
    if upper:
        return 1.0 if value >= 1 else float(betaincinv(right + 1, answers - right, 1 - error))
    return 0.0 if value <= 0 else float(betaincinv(right, answers - right + 1, error))


def _optional(value: float) -> float | None:
    return None if np.isnan(value) else value
