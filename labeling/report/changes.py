"""Changes: windows that are surely better or worse than those before them.

Of many windows one is always the lowest. So a window is said to differ only
where the interval of its difference from all earlier windows leaves out 0, at
an error of 5 % for all comparisons of a series together.

Source: Zou and Donner, Stat. Med. 27 (2008), on MOVER limits of a difference;
Bonferroni over the windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from labeling.estimates.bounds import bounds
from labeling.estimates.estimate import Estimate

ERROR = 0.05  # for all windows of a series together


@dataclass(frozen=True, slots=True)
class WindowChange:
    """A window that surely differs from those before it.

    Attributes:
        estimate: of the window.
        before: the value of all earlier windows, weighted by their rows.
        low: the lower limit of the difference, window minus before.
        high: its upper limit.
    """

    estimate: Estimate
    before: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Limits:
    """A value, and how far its limits lie below and above it."""

    value: float
    below: float
    above: float
    rows: int


def changes(windows: Sequence[Estimate]) -> list[WindowChange]:
    """Return the windows that surely differ from all earlier ones, in their order.

    Args:
        windows: estimates of one metric in windows that share no row, by time.
            Those without a value or limits are passed over.

    Returns:
        The changes. Of 20 series in which nothing changes, one has any, on average at most.
    """
    known = [one for one in windows if one.value is not None and one.low is not None]
    error = ERROR / 2 / max(len(known) - 1, 1)
    limits = [(one, found) for one in known if (found := _limits(one, error)) is not None]
    return list(_changes(limits))


def _changes(limits: Sequence[tuple[Estimate, _Limits]]) -> Iterator[WindowChange]:
    for place, (estimate, now) in enumerate(limits[1:], 1):
        before = _together([found for _, found in limits[:place]])
        difference = now.value - before.value
        low = difference - hypot(now.below, before.above)
        high = difference + hypot(now.above, before.below)
        if low > 0 or high < 0:
            yield WindowChange(estimate, before.value, low, high)


def _limits(estimate: Estimate, error: float) -> _Limits | None:
    reach, value = bounds(estimate, error), estimate.value
    if value is None or reach.low is None or reach.high is None:
        return None
    return _Limits(value, value - reach.low, reach.high - value, max(estimate.rows, 1))


def _together(windows: Sequence[_Limits]) -> _Limits:
    """Join windows into one, weighted by rows; they share none, so the squares of their errors add up."""
    rows = sum(one.rows for one in windows)
    parts = [(one.rows / rows, one) for one in windows]
    return _Limits(
        sum(weight * one.value for weight, one in parts),
        hypot(*(weight * one.below for weight, one in parts)),
        hypot(*(weight * one.above for weight, one in parts)),
        rows,
    )
