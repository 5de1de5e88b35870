"""Mergeable summaries of columns, whose results have the same bits for any order of the data.

Each summary has `add`, `merge` and its results. The order in which fragments are
added and merged changes no bit of a result. A summary stays small for any number
of rows; only `Moments` keeps one record per fragment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipelines.columns.buffers import Floats, Hashes, Int64s

Position = tuple[int, int]  # of a fragment: number of its file, number of its first row in it

SAMPLE_ROWS = 65_536  # rows that `RowSample` keeps
COUNTED_VALUES = 2**20  # distinct values that `ValueCounts` keeps, over all levels
LEVELS = 16  # see `ValueCounts`


@dataclass(frozen=True, slots=True)
class Rows:
    """The hashes, levels and position by which summaries choose and order the rows of a batch."""

    hashes: Hashes  # (n,)
    levels: Int64s  # (n,), from `levels`
    position: Position


class _Part(NamedTuple):
    """Moments of the values of one fragment."""

    size: int
    mean: float
    squares: float  # sum of squared distances from the mean


@dataclass(slots=True)
class Moments:
    """Mean, variance, minimum and maximum of the present values, and the number of missing ones.

    A sum of floats depends on the order of its terms. The moments of each
    fragment are therefore kept by its position, and added in the order of
    positions when a result is read.

    Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance
        (1983), for adding the moments of two fragments.

    >>> moments = Moments()
    >>> moments.add(np.array([1.0, 3.0]), missing=1, position=(0, 0))
    >>> moments.mean, moments.variance, moments.missing
    (2.0, 1.0, 1)
    """

    missing: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    _parts: dict[Position, _Part] = field(default_factory=dict)

    def add(self, values: Floats, *, missing: int, position: Position) -> None:
        """Add the values of a fragment.

        Args:
            values: the present values (n,).
            missing: the number of rows without a value.
            position: position of the fragment; none may be added twice.
        """
        self.missing += missing
        if len(values) == 0:
            return
        with np.errstate(over="ignore", invalid="ignore"):  # analyzers refuse infinite results
            mean = float(values.sum() / len(values))
            squares = float(np.square(values - mean).sum())
        self._put(position, _Part(len(values), mean, squares))
        # -0.0 + 0.0 is 0.0, so the result does not depend on which zero came first.
        self.minimum = min(self.minimum, float(values.min()) + 0.0)
        self.maximum = max(self.maximum, float(values.max()) + 0.0)

    def merge(self, other: Moments) -> None:
        """Add the rows of another summary."""
        self.missing += other.missing
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        for position, part in other._parts.items():
            self._put(position, part)

    @property
    def count(self) -> int:
        """The number of present values."""
        return sum(part.size for part in self._parts.values())

    @property
    def mean(self) -> float:
        """The mean of the present values; exactly their value if all are equal, NaN if there are none."""
        return self._total().mean

    @property
    def variance(self) -> float:
        """The variance of the present values, divided by their number; 0 if all are equal."""
        total = self._total()
        return total.squares / total.size if total.size else math.nan

    def _put(self, position: Position, part: _Part) -> None:
        if position in self._parts:
            raise ValueError(f"the fragment at {position} was added before")
        self._parts[position] = part

    def _total(self) -> _Part:
        if not self._parts:
            return _Part(0, math.nan, math.nan)
        if self.minimum == self.maximum:  # else rounding would give a tiny variance
            return _Part(self.count, self.minimum, 0.0)
        first, *others = (self._parts[position] for position in sorted(self._parts))
        total = first
        for part in others:
            total = _sum(total, part)
        return total


def _sum(a: _Part, b: _Part) -> _Part:
    size = a.size + b.size
    apart, share = b.mean - a.mean, b.size / size
    squares = a.squares + b.squares + apart * apart * (a.size * share)
    return _Part(size, a.mean + apart * share, squares)


@dataclass(slots=True)
class Tally:
    """Sums of integers (size,), and the number of rows that were added.

    >>> tally = Tally(3)
    >>> tally.add(np.array([0, 2, 5]), rows=4)
    >>> tally.sums.tolist(), tally.rows
    ([0, 2, 5], 4)
    """

    size: int
    rows: int = 0
    sums: Int64s = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros(self.size, np.int64)

    def add(self, sums: Int64s, *, rows: int) -> None:
        """Add the sums (size,) over more rows."""
        self.sums += sums
        self.rows += rows

    def merge(self, other: Tally) -> None:
        """Add the rows of another summary."""
        self.add(other.sums, rows=other.rows)


@dataclass(slots=True)
class RowSample:
    """The values of the rows with the smallest hashes: a random sample, the same in any order.

    It keeps all values while there are at most `limit`. With more values, a
    quantile is off by at most `rank_error`, as a share of the rows, with 95 %
    confidence.

    Source: Dvoretzky, Kiefer, Wolfowitz (1956) with the constant of Massart (1990).

    >>> sample = RowSample()
    >>> sample.add(np.array([5, 9, 7], np.uint64), np.array([1.0, 3.0, 2.0]))
    >>> sample.quantiles([0.5]), sample.rank_error
    ([2.0], 0.0)
    """

    limit: int = SAMPLE_ROWS
    seen: int = 0  # rows that were added
    _hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    _values: Floats = field(default_factory=lambda: np.zeros(0))

    def add(self, hashes: Hashes, values: Floats) -> None:
        """Add values (n,) with the hashes of their rows (n,)."""
        self.seen += len(values)
        self._keep(hashes, values + 0.0)  # -0.0 + 0.0 is 0.0: equal values have equal bits

    def merge(self, other: RowSample) -> None:
        """Add the rows of another summary."""
        self.seen += other.seen
        self._keep(other._hashes, other._values)

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Return the quantiles at these shares, each in [0, 1], by linear interpolation."""
        return [float(value) for value in np.quantile(self._values, shares)]

    @property
    def rank_error(self) -> float:
        """The largest error of a quantile, as a share of the rows, with 95 % confidence; 0 if all were kept."""
        if self.seen == len(self._values):
            return 0.0
        return math.sqrt(math.log(2 / 0.05) / (2 * len(self._values)))

    def _keep(self, hashes: Hashes, values: Floats) -> None:
        if len(self._hashes) == self.limit:  # the sample is full: most rows have larger hashes
            small = hashes <= self._hashes[-1]
            hashes, values = hashes[small], values[small]
        hashes = np.concatenate([self._hashes, hashes])
        values = np.concatenate([self._values, values])
        order = np.lexsort((values, hashes))[: self.limit]  # equal hashes: by value
        self._hashes, self._values = hashes[order], values[order]


@dataclass(slots=True)
class ValueCounts:
    """The number of rows that hold each value, in bounded memory.

    Each row has a level by its hash: half of the rows have level 0, a quarter
    level 1, and so on. When all levels together hold more than `limit` values,
    the counts of the lowest level are dropped, and its rows are no longer
    counted. The rows that are counted are then a random sample of all rows.
    Which levels are dropped depends on the set of rows alone: a part of the data
    never drops a level that the whole data would keep.

    Source: Flajolet, On adaptive sampling, Computing 43 (1990), with levels
        by rows in place of values.

    >>> counts = ValueCounts()
    >>> counts.add({"a": 2, None: 1}, level=0, rows=3)
    >>> counts.totals(), counts.rows, counts.share
    ({'a': 2, None: 1}, 3, 1.0)
    """

    limit: int = COUNTED_VALUES
    seen: int = 0  # rows that were added
    _lowest: int = 0  # the lowest level that is counted
    _rows: list[int] = field(default_factory=lambda: [0] * LEVELS)
    _levels: list[dict[str | None, int]] = field(
        default_factory=lambda: [{} for _ in range(LEVELS)]
    )

    def add(self, counts: Mapping[str | None, int], *, level: int, rows: int) -> None:
        """Add rows of one level.

        Args:
            counts: value to the number of rows that hold it; a row of text
                holds several values, its words.
            level: the level of the rows, from `levels`.
            rows: the number of rows.
        """
        self.seen += rows
        self._count(level, counts, rows)
        self._forget()

    def merge(self, other: ValueCounts) -> None:
        """Add the rows of another summary."""
        self.seen += other.seen
        while self._lowest < other._lowest:
            self._drop()
        for level in range(self._lowest, LEVELS):
            self._count(level, other._levels[level], other._rows[level])
        self._forget()

    def totals(self) -> dict[str | None, int]:
        """Return the number of counted rows that hold each value."""
        totals: dict[str | None, int] = {}
        for level in self._levels:
            for value, count in level.items():
                totals[value] = totals.get(value, 0) + count
        return totals

    @property
    def rows(self) -> int:
        """The number of rows that were counted."""
        return sum(self._rows)

    @property
    def share(self) -> float:
        """The share of all rows that are counted; 1 unless there were too many values."""
        return self.rows / self.seen if self.seen else 1.0

    def _count(self, level: int, counts: Mapping[str | None, int], rows: int) -> None:
        if level < self._lowest:
            return
        self._rows[level] += rows
        totals = self._levels[level]
        for value, count in counts.items():
            totals[value] = totals.get(value, 0) + count

    def _forget(self) -> None:
        while self._lowest < LEVELS - 1 and sum(map(len, self._levels)) > self.limit:
            self._drop()

    def _drop(self) -> None:
        self._levels[self._lowest], self._rows[self._lowest] = {}, 0
        self._lowest += 1


def levels(hashes: Hashes) -> Int64s:
    """Return the level of each row: the number of leading zero bits of its hash (n,), at most LEVELS - 1."""
    top = (hashes >> np.uint64(48)).astype(np.float64)
    return np.minimum(16 - np.frexp(top)[1], LEVELS - 1).astype(np.int64)
