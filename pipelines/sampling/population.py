"""The predictions of one batch as the sampler sees them: columns of codes.

Nothing here depends on the order of the rows, and nothing on how the codes were
assigned: strata go by the text of labels and cohorts and by exact integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.columns.buffers import (
    Bools,
    Floats,
    Hashes,
    Int32s,
    Int64s,
    dictionary_codes,
    integers,
)

GRID = 1_000_000  # points between the scores 0 and 1
MISSING = -1  # the code of a missing value, and the grid point of a missing score
_DENSE = 2**22  # cells that are counted in a full table; beyond, by sorting


@dataclass(frozen=True, slots=True)
class CodedText:
    """A column of text: row i holds `values[codes[i]]`, nothing where the code is -1."""

    name: str
    codes: Int32s
    values: tuple[str, ...]  # distinct

    @classmethod
    def of(cls, name: str, column: pa.Array) -> CodedText:
        """Read a column of text or a dictionary of text.

        >>> from pipelines.columns.buffers import texts
        >>> CodedText.of("carrier", texts(["UA", None, "AA", "UA"])).codes.tolist()
        [0, -1, 1, 0]
        """
        codes, values = dictionary_codes(column)
        return cls(name, codes, tuple(values))

    @classmethod
    def single(cls, name: str, rows: int) -> CodedText:
        """Return the same empty text for every row: the label of numbers, which are no classes."""
        return cls(name, np.zeros(rows, dtype=np.int32), ("",))

    def holds(self, value: str) -> Bools:
        """Return which rows hold a value: (n,)."""
        return (
            self.codes == self.values.index(value) if value in self.values else self.codes < MISSING
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers as integers in the same order, so that bins cannot move with a last bit."""

    name: str  # what people read: score | value
    points: Int64s  # (n,), -1 where missing
    numbers: Floats | None = None  # of each point; None: point / 1,000,000

    def number(self, point: int) -> float:
        """Return the number that a point stands for."""
        return point / GRID if self.numbers is None else float(self.numbers[point])


def score_grid(scores: Floats) -> Grid:
    """Put probabilities (n,) on the grid rint(score × 1e6), NaN as missing.

    >>> score_grid(np.array([0.5, np.nan, 1.0])).points.tolist()
    [500000, -1, 1000000]
    """
    points = np.where(np.isnan(scores), float(MISSING), np.rint(scores * GRID))
    return Grid("score", points.astype(np.int64))


def value_grid(values: Floats) -> Grid:
    """Put predicted numbers (n,) on a grid by their rank among the distinct ones, NaN as missing.

    >>> value_grid(np.array([7.5, -1.0, np.nan, 7.5])).points.tolist()
    [1, 0, -1, 1]
    """
    present = ~np.isnan(values)
    numbers, ranks = np.unique(values[present], return_inverse=True)
    points = np.full(len(values), MISSING, dtype=np.int64)
    points[present] = ranks
    return Grid("value", points, numbers)


@dataclass(frozen=True, slots=True)
class Population:
    """The n predictions of a batch, of one version of the model."""

    ids: Hashes  # prediction ids (n, 2)
    draws: Hashes  # keyed hashes of the purpose "sample" (n, 2)
    labels: CodedText  # predicted classes; `CodedText.single` for numbers
    grid: Grid  # scores of classes, values of numbers
    cohorts: tuple[CodedText, ...] = ()
    chances: Int64s | None = None  # of the class that is asked more about, on the grid of scores

    def __post_init__(self) -> None:
        """Refuse columns that would pair the wrong rows, or rows that have no stratum."""
        lengths = {len(self.draws), len(self.labels.codes), len(self.grid.points)}
        lengths |= set() if self.chances is None else {len(self.chances)}
        if lengths.union(len(cohort.codes) for cohort in self.cohorts) != {len(self.ids)}:
            raise ValueError("the columns of a population have one entry per prediction")
        if (self.labels.codes < 0).any():
            raise ValueError("a prediction without a label belongs into quarantine")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def scores(self) -> Int64s:
        """Scores on the grid (n,), -1 where missing; predicted numbers have none."""
        points = self.grid.points
        return points if self.grid.name == "score" else np.full(len(points), MISSING)

    def cohort(self, name: str) -> CodedText:
        """Return the cohort of that name.

        Raises:
            KeyError: the predictions have no such cohort.
        """
        return {cohort.name: cohort for cohort in self.cohorts}[name]

    def where(self, rows: npt.NDArray[np.bool_]) -> Population:
        """Return the part of the population where `rows` (n,) is true."""
        return Population(
            self.ids[rows],
            self.draws[rows],
            _subset(self.labels, rows),
            Grid(self.grid.name, self.grid.points[rows], self.grid.numbers),
            tuple(_subset(cohort, rows) for cohort in self.cohorts),
            None if self.chances is None else self.chances[rows],
        )


def cohort_codes(column: pa.MapArray) -> tuple[CodedText, ...]:
    """Read the cohorts of a MAP<text, text> column, one per key, by name.

    A row without a key, or with null under it, has the code -1 there.
    """
    places = integers(column.offsets)  # into all keys and items, also of a slice
    names, values = (
        CodedText.of("", part.slice(places[0], places[-1] - places[0]))
        for part in (column.keys, column.items)
    )
    rows = np.repeat(np.arange(len(column)), np.diff(places))
    cohorts = []
    for code, name in enumerate(names.values):
        codes = np.full(len(column), MISSING, dtype=np.int32)
        chosen = names.codes == code
        codes[rows[chosen]] = values.codes[chosen]
        cohorts.append(CodedText(name, codes, values.values))
    return tuple(sorted(cohorts, key=lambda cohort: cohort.name))


def domain_counts(
    strata: Int32s, count: int, labels: CodedText, cohorts: Sequence[CodedText]
) -> list[dict[str, dict[str, int]]]:
    """Count the rows of each stratum by label, overall and by cohort.

    Args:
        strata: the stratum of each row (n,), from 0 to count - 1.
        count: of the strata.
        labels: of the rows, none missing.
        cohorts: of the rows. One whose cohort is missing is in no domain of it.

    Returns:
        One mapping per stratum, from "" (the whole stratum) and "cohort=value"
        to rows by label, without zeros, ordered by text.
    """
    domains: list[dict[str, dict[str, int]]] = [{} for _ in range(count)]
    for cohort in (CodedText.single("", len(strata)), *cohorts):
        for stratum, value, label, rows in _cells(strata, count, labels, cohort):
            domain = f"{cohort.name}={cohort.values[value]}" if cohort.name else ""
            domains[stratum].setdefault(domain, {})[labels.values[label]] = rows
    return [
        {name: dict(sorted(by_label.items())) for name, by_label in sorted(domain.items())}
        for domain in domains
    ]


def _cells(strata: Int32s, count: int, labels: CodedText, cohort: CodedText) -> list[list[int]]:
    """Count every cell that has rows: [stratum, cohort value, label, rows]."""
    shape = (count, len(cohort.values), len(labels.values))
    inside = cohort.codes != MISSING
    parts = (strata[inside], cohort.codes[inside], labels.codes[inside])
    cells = np.ravel_multi_index([part.astype(np.int64) for part in parts], shape)
    if count * shape[1] * shape[2] <= _DENSE:
        rows = np.bincount(cells)
        used = np.flatnonzero(rows)
        rows = rows[used]
    else:
        used, rows = np.unique(cells, return_counts=True)
    return np.column_stack([*np.unravel_index(used, shape), rows]).tolist()


def _subset(column: CodedText, rows: npt.NDArray[np.bool_]) -> CodedText:
    return CodedText(column.name, column.codes[rows], column.values)
