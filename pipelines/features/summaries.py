"""Mergeable summaries of columns, which have the same bits in any order of the data.

Each has `add`, `merge` and its results. All stay small whatever the number of rows,
but for one record per fragment in `Moments`. In whatever order fragments are added
and merged, no bit of a result changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipelines.columns.buffers import Floats, Hashes, Int64s

Position = tuple[int, int]  # of a fragment: the number of its file, and of its first row there

SAMPLE_ROWS = 65_536
COUNTED_VALUES = 2**20
LEVELS = 16


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a batch, by what the summaries choose and order them by."""

    hashes: Hashes  # (n,)
    levels: Int64s  # (n,)
    position: Position


class _Part(NamedTuple):
    """Moments of the values of one fragment."""

    size: int
    mean: float
    squares: float  # sum of squared distances from the mean


@dataclass(slots=True)
class Moments:
    """Mean, variance, minimum and maximum of the present values, and the number of missing ones.

    A sum of floats depends on the order of its terms, so each fragment's part
    is kept by its position until all are added in the order of positions.

    Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance
        (1983), for the sum of two parts.

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
            missing: how many rows have none.
            position: where the fragment begins. No position may be added twice.
        """
        self.missing += missing
        if len(values) == 0:
            return
        with np.errstate(over="ignore", invalid="ignore"):  # huge values are refused by `result`s
            mean = float(values.sum() / len(values))
            squares = float(np.square(values - mean).sum())
        self._put(position, _Part(len(values), mean, squares))
        # -0.0 + 0.0 is 0.0: which of two equal zeros comes first must not show.
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
        """The mean of the present values: exactly their value if all are equal, NaN without any."""
        return self._total().mean

    @property
    def variance(self) -> float:
        """The variance of the present values, with their number as divisor: 0 if all are equal."""
        total = self._total()
        return total.squares / total.size if total.size else math.nan

    def _put(self, position: Position, part: _Part) -> None:
        if position in self._parts:
            raise ValueError(f"the fragment at {position} was added before")
        self._parts[position] = part

    def _total(self) -> _Part:
        if not self._parts:
            return _Part(0, math.nan, math.nan)
        if self.minimum == self.maximum:  # a rounded sum would find a tiny variance
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
    """Sums of integers, one per place (size,), and the number of rows that they are of.

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
        """Add the sums (size,) of some rows."""
        self.sums += sums
        self.rows += rows

    def merge(self, other: Tally) -> None:
        """Add the rows of another summary."""
        self.add(other.sums, rows=other.rows)


@dataclass(slots=True)
class RowSample:
    """The values of the rows with the smallest hashes: a random sample that any order finds.

    It is all values as long as they are at most `limit`. Beyond, a quantile is
    off by at most `rank_error`, as a share of the rows, with 95 % confidence.

    Source: Dvoretzky, Kiefer, Wolfowitz (1956) with the constant of Massart (1990).

    >>> sample = RowSample()
    >>> sample.add(np.array([5, 9, 7], np.uint64), np.array([1.0, 3.0, 2.0]))
    >>> sample.quantiles([0.5]), sample.rank_error
    ([2.0], 0.0)
    """

    limit: int = SAMPLE_ROWS
    seen: int = 0
    _hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    _values: Floats = field(default_factory=lambda: np.zeros(0))

    def add(self, hashes: Hashes, values: Floats) -> None:
        """Add values (n,) with their rows' hashes (n,)."""
        self.seen += len(values)
        self._keep(hashes, values + 0.0)  # -0.0 + 0.0 is 0.0: equal values have equal bits

    def merge(self, other: RowSample) -> None:
        """Add the rows of another summary."""
        self.seen += other.seen
        self._keep(other._hashes, other._values)

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Return the values below which these shares of the rows lie, by linear interpolation."""
        return [float(value) for value in np.quantile(self._values, shares)]

    @property
    def rank_error(self) -> float:
        """The largest error of a quantile, as a share of the rows, with 95 % confidence; 0 if all were kept."""
        if self.seen == len(self._values):
            return 0.0
        return math.sqrt(math.log(2 / 0.05) / (2 * len(self._values)))

    def _keep(self, hashes: Hashes, values: Floats) -> None:
        if len(self._hashes) == self.limit:  # most rows cannot get in any more
            small = hashes <= self._hashes[-1]
            hashes, values = hashes[small], values[small]
        hashes = np.concatenate([self._hashes, hashes])
        values = np.concatenate([self._values, values])
        order = np.lexsort((values, hashes))[: self.limit]  # equal hashes: by value
        self._hashes, self._values = hashes[order], values[order]


@dataclass(slots=True)
class ValueCounts:
    """How many rows hold each value, in bounded memory.

    Rows are of levels by their hash: half of them of level 0, a quarter of
    level 1, and so on. When the values of all levels together exceed `limit`,
    the lowest level is forgotten and no longer counted, so what remains is a
    random sample of rows. It depends on the rows alone: a part of the data
    never forgets a level that the whole would keep.

    Source: Flajolet, On adaptive sampling, Computing 43 (1990), with levels
        by rows in place of values.

    >>> counts = ValueCounts()
    >>> counts.add({"a": 2, None: 1}, level=0, rows=3)
    >>> counts.totals(), counts.rows, counts.share
    ({'a': 2, None: 1}, 3, 1.0)
    """

    limit: int = COUNTED_VALUES
    seen: int = 0
    _lowest: int = 0
    _rows: list[int] = field(default_factory=lambda: [0] * LEVELS)
    _levels: list[dict[str | None, int]] = field(
        default_factory=lambda: [{} for _ in range(LEVELS)]
    )

    def add(self, counts: Mapping[str | None, int], *, level: int, rows: int) -> None:
        """Add rows of one level.

        Args:
            counts: how many of the rows hold each value; of texts, a row holds several.
            level: the rows' level, from `levels`.
            rows: how many rows there are.
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
        """Return how many of the counted rows hold each value."""
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
        """The share of all rows that was counted: 1 unless there were too many values."""
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
    """Return the level of each row: the leading zero bits of its hash (n,), at most LEVELS - 1."""
    top = (hashes >> np.uint64(48)).astype(np.float64)
    return np.minimum(16 - np.frexp(top)[1], LEVELS - 1).astype(np.int64)
