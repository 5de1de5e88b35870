"""What predictions can be divided by: their label, bins of their score, a cohort.

A dimension orders the predictions by integers alone, so that strata neither
depend on the order of the rows nor move with the last bit of a score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

import numpy as np

from pipelines.columns.buffers import Int64s
from pipelines.columns.spelling import canonical
from pipelines.sampling.population import MISSING, CodedText, Grid


@dataclass(frozen=True, slots=True)
class Dimension:
    """Places in an order, one per prediction, and words for a run of places."""

    places: Int64s  # (n,), from 0 to count - 1
    count: int
    text: Callable[[int, int], str]  # of the first and the last place of a run; may be ""


def by_label(labels: CodedText) -> Dimension:
    """Return labels as a dimension, in the order of their text.

    >>> by_label(CodedText("label", np.array([0, 1], np.int32), ("late", "cancelled"))).places
    array([1, 0])
    """
    order = sorted(range(len(labels.values)), key=labels.values.__getitem__)
    names = [labels.values[code] for code in order]
    return Dimension(np.argsort(order)[labels.codes], len(names), lambda first, _: names[first])


def by_cohort(cohort: CodedText) -> Dimension:
    """Return a cohort as a dimension: its values in the order of their text, those missing first.

    >>> carrier = by_cohort(CodedText("carrier", np.array([0, -1], np.int32), ("UA", "AA")))
    >>> carrier.places, carrier.text(1, 1), carrier.text(0, 2)
    (array([2, 0]), 'carrier=AA', 'carrier=(missing) to UA')
    """
    order = sorted(range(len(cohort.values)), key=cohort.values.__getitem__)
    names = ["(missing)", *(cohort.values[code] for code in order)]
    places = np.append(1 + np.argsort(order), 0)  # the code -1 reads the last

    def text(first: int, last: int) -> str:
        return f"{cohort.name}=" + " to ".join(dict.fromkeys([names[first], names[last]]))

    return Dimension(places[cohort.codes], len(names), text)


class Bins:
    """Cuts a grid into bins of about equal numbers of rows, within each label.

    An edge lies between two neighbouring attained grid points, so no row is on
    it. Rows without a number are a bin of their own, the first of their label.
    """

    def __init__(self, labels: Dimension, grid: Grid) -> None:
        self._grid = grid
        self._labels = labels.count
        self._width = int(grid.points.max(initial=0)) + 2
        self._keys = labels.places * self._width + (grid.points - MISSING)
        self._sorted = np.sort(self._keys)  # by label, then missing, then by number

    def cut(self, count: int) -> Dimension:
        """Cut into at most `count` bins per label, and one for missing numbers.

        >>> one = by_label(CodedText.single("", 5))
        >>> bins = Bins(one, Grid("score", np.array([500000, 610000, 640000, 640000, 900000])))
        >>> halves = bins.cut(2)
        >>> halves.places, halves.text(0, 0), halves.text(1, 1), halves.text(0, 1)
        (array([0, 0, 0, 0, 1]), 'score below 0.9', 'score from 0.9', '')
        """
        return self.cut_at([equal_parts(count)] * self._labels)

    def cut_at(self, ends: Sequence[Sequence[Fraction]]) -> Dimension:
        """Cut each label's rows at shares of them, from the smallest number on, and one for missing.

        Args:
            ends: of each label, where its bins end; the last is 1.

        Returns:
            The dimension; bins without rows of their own are left out.
        """
        tops = [top for label in range(self._labels) for top in self._tops(label, ends[label])]
        places = np.searchsorted(np.array(tops, dtype=np.int64), self._keys)
        return Dimension(places, len(tops), lambda first, last: self._text(tops, first, last))

    def _tops(self, label: int, ends: Sequence[Fraction]) -> list[int]:
        """Return the largest key of each bin of a label."""
        missing = label * self._width
        bounds = np.searchsorted(self._sorted, [missing, missing + 1, missing + self._width])
        start, first, end = bounds.tolist()
        if first == end:
            return [missing] * (first > start)
        places = [first - 1 + max(math.ceil((end - first) * share), 1) for share in ends]
        tops = {int(self._sorted[place]) for place in places}
        return [missing] * (first > start) + sorted(tops)

    def _text(self, tops: list[int], first: int, last: int) -> str:
        """Return words for the bins from first to last, which are of one label."""
        label = tops[first] // self._width
        begins = first == 0 or tops[first - 1] // self._width < label
        ends = last + 1 == len(tops) or tops[last + 1] // self._width > label
        if begins and ends:
            return ""
        if self._is_missing(tops[last]):
            return f"{self._grid.name} missing"
        unset = "missing or " if self._is_missing(tops[first]) else ""
        low = None if begins or self._is_missing(tops[first - 1]) else self._edge(tops[first - 1])
        high = None if ends else self._edge(tops[last])
        return f"{self._grid.name} {unset}{_interval(low, high)}"

    def _is_missing(self, top: int) -> bool:
        return top % self._width == 0

    def _edge(self, top: int) -> str:
        """Return a short number above this bin and not above the next."""
        following = int(self._sorted[np.searchsorted(self._sorted, top, side="right")])
        low, high = (self._grid.number(key % self._width + MISSING) for key in (top, following))
        return _short(low, high)


def equal_parts(count: int) -> list[Fraction]:
    """Return where so many equal parts of all rows end, as shares of them."""
    return [Fraction(part, count) for part in range(1, count + 1)]


def _interval(low: str | None, high: str | None) -> str:
    if low is None:
        return "known" if high is None else f"below {high}"
    return f"from {low}" if high is None else f"{low} to {high}"


def _short(low: float, high: float) -> str:
    """Return the number of fewest digits in (low, high].

    >>> _short(0.6199, 0.6213), _short(-3.5, 12.0), _short(0.1, 0.1000001)
    ('0.62', '0', '0.1000001')
    """
    below, above = Decimal(repr(low)), Decimal(repr(high))
    exponent = (above - below).adjusted() + 1
    while (edge := _floor(above, exponent)) <= below:
        exponent -= 1
    return str(canonical(float(edge)))


def _floor(number: Decimal, exponent: int) -> Decimal:
    """Return the largest multiple of 10**exponent that is not above the number."""
    step = Decimal(1).scaleb(exponent)
    return (number / step).to_integral_value(ROUND_FLOOR) * step
