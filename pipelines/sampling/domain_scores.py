"""Sums and histograms of scores, by stratum and domain.

Nothing depends on the order of the rows: scores are added as integers on the
grid rint(score × 1e6), and a sum of predicted numbers is the double nearest to
the exact one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pipelines.columns.buffers import Floats, Int64s
from pipelines.sampling.cells import exact_sums, ranked
from pipelines.sampling.population import GRID, MISSING, CodedText, Grid
from pipelines.sampling.strata import Strata

BINS = 64  # equal bins of [0, 1]; a score of 1 is in the last

Histogram = dict[int, int]  # rows by bin; bins without rows are left out
Sums = tuple[int, float, float]
"""Rows, sum and sum of squares: of scores in units of 1e-6 and 1e-12, of numbers as they are."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DomainScores:
    """The scores of one domain, by stratum where it has rows."""

    name: str  # "cohort=value"; "" for all rows
    rows: int
    sums: dict[int, Sums]
    histograms: dict[int, Histogram]  # none for numbers


def domain_scores(
    strata: Strata, grid: Grid, cohort: CodedText, most: int
) -> Iterator[DomainScores]:
    """Add up the scores of the domains that one cohort makes.

    Args:
        strata: of the n rows.
        grid: their scores or numbers, none missing.
        cohort: of the rows; a row without one is in no domain.
        most: the number of domains at most: those of most rows, equal ones by their text.

    Yields:
        The domains, largest first.
    """
    sizes = np.bincount(cohort.codes[cohort.codes != MISSING], minlength=len(cohort.values))
    used = np.flatnonzero(sizes).tolist()
    largest = sorted(used, key=lambda code: (-sizes[code], cohort.values[code]))[:most]
    places = np.full(len(cohort.values) + 1, MISSING)  # the code -1 reads the last
    places[largest] = np.arange(len(largest))
    cells = _cells(places[cohort.codes], len(largest), strata, grid)
    sums = _by_domain(cells, _sums(cells), len(largest))
    histograms = _by_domain(cells, _histograms(cells), len(largest))
    for place, code in enumerate(largest):
        name = f"{cohort.name}={cohort.values[code]}" if cohort.name else ""
        yield DomainScores(name, int(sizes[code]), sums[place], histograms[place])


@dataclass(frozen=True, slots=True)
class _Cells:
    """The C pairs of a domain and a stratum that have rows, and the m rows in them."""

    where: list[tuple[int, int]]  # (C,)
    of_row: Int64s  # (m,), the cell of each row
    grid: Grid  # (m,)


def _cells(domains: Int64s, count: int, strata: Strata, grid: Grid) -> _Cells:
    """Sort rows by their domain, from 0 to count - 1 or -1 for none (n,), and their stratum."""
    inside = domains != MISSING
    width = len(strata.names)
    found, of_row = ranked(domains[inside] * width + strata.codes[inside], count * width)
    where = [divmod(cell, width) for cell in found.tolist()]
    return _Cells(where, of_row, Grid(grid.name, grid.points[inside], grid.numbers))


def _by_domain(cells: _Cells, found: Iterable[T], count: int) -> list[dict[int, T]]:
    domains: list[dict[int, T]] = [{} for _ in range(count)]
    for (domain, stratum), content in zip(cells.where, found, strict=False):
        domains[domain][stratum] = content
    return domains


def _sums(cells: _Cells) -> Iterable[Sums]:
    count, points, numbers = len(cells.where), cells.grid.points, cells.grid.numbers
    rows = np.bincount(cells.of_row, minlength=count).tolist()
    if numbers is None:
        totals = exact_sums(points, cells.of_row, count)
        return zip(rows, totals, exact_sums(points * points, cells.of_row, count), strict=True)
    values = numbers[points]
    totals_of_numbers = _nearest_sums(values, cells.of_row, count)
    return zip(
        rows, totals_of_numbers, _nearest_sums(values * values, cells.of_row, count), strict=True
    )


def _nearest_sums(numbers: Floats, of_row: Int64s, count: int) -> list[float]:
    """Add up each cell and round once, so that the order of rows does not matter."""
    ordered = numbers[np.argsort(of_row, kind="stable")]
    ends = np.cumsum(np.bincount(of_row, minlength=count))
    return [math.fsum(part.tolist()) for part in np.split(ordered, ends[:-1])]


def _histograms(cells: _Cells) -> list[Histogram]:
    """Count the rows of each cell by bin, with edges half-way between grid points; none for numbers."""
    if cells.grid.numbers is not None:
        return []
    bins = np.minimum(cells.grid.points // (GRID // BINS), BINS - 1)
    keys, ranks = ranked(cells.of_row * BINS + bins, len(cells.where) * BINS)
    histograms: list[Histogram] = [{} for _ in cells.where]
    for key, rows in zip(keys.tolist(), np.bincount(ranks).tolist(), strict=True):
        histograms[key // BINS][key % BINS] = rows
    return histograms
