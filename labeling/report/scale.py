"""Scales: values as shares of a length, and round values on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to shares of a length: `low` to 0, `high` to 1."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return where a value lies; what is outside lies at the end.

        >>> Scale(0, 10).at(2.5), Scale(0, 10).at(12)
        (0.25, 1.0)
        """
        length = self.high - self.low
        return min(max((value - self.low) / length, 0.0), 1.0) if length else 0.5

    def is_beyond(self, value: float) -> bool:
        """Say whether a value lies outside, so that `at` does not tell where.

        >>> Scale(0, 10).is_beyond(12), Scale(0, 10).is_beyond(10)
        (True, False)
        """
        near = 1e-9 * (self.high - self.low)
        return not self.low - near <= value <= self.high + near

    def ticks(self, most: int = 6) -> list[float]:
        """Return round values within the scale, so many at most.

        >>> Scale(0.43, 0.88).ticks(5)
        [0.5, 0.6, 0.7, 0.8]
        """
        step = _step((self.high - self.low) / max(most, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 12) for place in range(first, last + 1)]


def around(values: Iterable[float | None], *, floor: float, ceiling: float, least: float) -> Scale:
    """Return a scale with round ends that holds all values.

    Args:
        values: what must be seen; None is left out.
        floor: the lowest end that the scale may have.
        ceiling: the highest one.
        least: how long the scale is at least.

    Returns:
        The scale; from the floor to the ceiling (or to floor + 1, where that
        is infinite) without a value.

    >>> around([0.62, 0.71], floor=0, ceiling=1, least=0.2)
    Scale(low=0.55, high=0.8)
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return Scale(floor, ceiling if math.isfinite(ceiling) else floor + 1)
    low, high = min(known), max(known)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    middle = min(max(middle, floor + half), ceiling - half)
    low, high = min(low, middle - half), max(high, middle + half)
    step = _step((high - low) / 5)
    low = max(floor, math.floor(low / step + 1e-9) * step)
    high = min(ceiling, math.ceil(high / step - 1e-9) * step)
    return Scale(round(low, 12), round(max(high, low + step), 12))


def _step(least: float) -> float:
    """Return the smallest round step that is at least this long."""
    if least <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * step for step in _STEPS if size * step >= least * (1 - 1e-9))
