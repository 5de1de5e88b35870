"""Strata: groups of predictions that are alike, made from counts and text alone.

Partitions are tried from the finest on: label × 5 score bins × cohorts, then
with one cohort less at a time, then label × 5, × 3 and × 2 bins, then labels.
The first that leaves about four questions to each stratum is taken. Strata of
fewer than 4 rows join a neighbour of the same label.

Every stratum is asked about two rows at least. Where that would take more than a
fourteenth of the questions from the other rows, small strata of the same label
join, and if that is not enough, the rarest labels become one. So whatever is
estimated of groups that are no strata needs hardly more answers than from a
simple random sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from pipelines.columns.buffers import Int32s, Int64s
from pipelines.sampling.cells import ranked
from pipelines.sampling.class_goal import ClassGoal, class_ladder
from pipelines.sampling.dimensions import Bins, Dimension, by_cohort, by_label
from pipelines.sampling.population import CodedText, Population

SMALLEST = 4  # rows; a smaller stratum joins its neighbour
QUESTIONS = 4  # per stratum, on average at least
FLOOR = 2  # rows asked about per stratum: one alone says nothing of the spread
_SPARED = 14  # small strata may take one of so many questions from the other rows
_JOINED = (8, 4, 2, 1)  # of a question: what a stratum has by its size, or else joins another
_OTHER = "other"
_CELLS = 10_000  # a partition with more cells is too fine, before any merging


@dataclass(frozen=True, slots=True)
class Strata:
    """A partition of n predictions into H strata, with names that people can read."""

    names: tuple[str, ...]  # distinct
    codes: Int32s  # (n,), the stratum of each prediction

    @property
    def sizes(self) -> Int64s:
        """Predictions per stratum: (H,)."""
        return np.bincount(self.codes, minlength=len(self.names))


def stratify(
    population: Population,
    budget: int,
    cohorts: Sequence[str] = (),
    goal: ClassGoal | None = None,
) -> Strata:
    """Divide a batch into strata for a budget of questions.

    Args:
        population: the predictions of one batch; their order does not matter.
        budget: number of questions; fewer than 8 make one stratum.
        cohorts: names of the cohorts that may divide strata; the last is left
            out first.
        goal: the class that is asked more about, if any; then its probability
            divides, see `class_goal`.

    Returns:
        Strata of at least one prediction each, in lexicographic order of
        (label, bin, cohorts). The same population and budget give the same strata.

    >>> from pipelines.sampling.population import score_grid
    >>> ids = np.arange(80, dtype=np.uint64).reshape(40, 2)
    >>> labels = CodedText("label", np.repeat([0, 1], 20), ("late", "on time"))
    >>> flights = Population(ids, ids, labels, score_grid(np.linspace(0.5, 0.89, 40)))
    >>> stratify(flights, 16).names
    ('late · score below 0.6', 'late · score from 0.6', 'on time · score below 0.8', ...)
    """
    if len(population) == 0:
        return Strata((), np.zeros(0, dtype=np.int32))
    if goal and (found := _by_goal(population, goal, budget, cohorts)) is not None:
        return found
    every, pooled = population.labels, _pooled(population.labels, budget)
    tried = (
        _partition(dimensions, budget, _affordable_groups)
        for labels in (every, pooled)
        for dimensions in _ladder(replace(population, labels=labels), cohorts)
    )
    return next(strata for strata in tried if strata is not None)


def _by_goal(
    population: Population, goal: ClassGoal, budget: int, cohorts: Sequence[str]
) -> Strata | None:
    """Return strata for a class; None where the budget is too small for any.

    They may be small, for small ones are what such a draw is about.
    """
    tried = (
        _partition(dimensions, budget, _few_groups)
        for dimensions in class_ladder(population, goal, cohorts)
    )
    return next((strata for strata in tried if strata is not None), None)


def _partition(dimensions: Sequence[Dimension], budget: int, grouping: _Grouping) -> Strata | None:
    """Return strata by all these dimensions; None where they are too many for the budget."""
    cells = _cells(dimensions)
    groups = None if cells is None else grouping(cells, budget)
    if cells is None or groups is None:
        return None
    return Strata(_names(dimensions, cells, groups), groups[cells.of_row].astype(np.int32))


def _ladder(population: Population, cohorts: Sequence[str]) -> Iterator[list[Dimension]]:
    """Yield the partitions to try, finest first."""
    label = by_label(population.labels)
    bins = Bins(label, population.grid)
    divided = [by_cohort(population.cohort(name)) for name in cohorts]
    finest = bins.cut(5)
    for count in range(len(divided), -1, -1):
        yield [label, finest, *divided[:count]]
    for count in (3, 2):
        yield [label, bins.cut(count)]
    yield [label]


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a partition by d dimensions: the C combinations that have rows."""

    places: Int64s  # (d, C), the place of each cell along each dimension, in lexicographic order
    of_row: Int64s  # (n,), the cell of each prediction


_Grouping = Callable[[_Cells, int], Int64s | None]  # cells, budget -> the group of each cell


def _cells(dimensions: Sequence[Dimension]) -> _Cells | None:
    """Return the cells of a partition; None if there are too many."""
    rows = len(dimensions[0].places)
    cells = _Cells(np.zeros((0, 1), dtype=np.int64), np.zeros(rows, dtype=np.int64))
    for dimension in dimensions:
        combined = cells.of_row * dimension.count + dimension.places
        used, of_row = ranked(combined, cells.places.shape[1] * dimension.count)
        if len(used) > _CELLS and len(dimensions) > 1:
            return None
        before, place = np.divmod(used, dimension.count)
        cells = _Cells(np.vstack([cells.places[:, before], place]), of_row)
    return cells


def _few_groups(cells: _Cells, budget: int) -> Int64s | None:
    """Return the group of each cell (C,); None where the groups are too many for the budget."""
    groups = _merged(cells, SMALLEST)
    return groups if groups[-1] < _most(budget) else None


def _affordable_groups(cells: _Cells, budget: int) -> Int64s | None:
    """Return the group of each cell (C,); None where the groups ask for too much of the budget."""
    groups = _few_groups(cells, budget)
    if groups is None:
        return None
    rows = len(cells.of_row)
    for part in _JOINED:
        if _is_affordable(np.bincount(groups[cells.of_row]), budget):
            return groups
        groups = _merged(cells, max(-(-rows // (budget * part)), SMALLEST))
    return groups if _is_affordable(np.bincount(groups[cells.of_row]), budget) else None


def _most(budget: int) -> int:
    """Return how many strata a budget allows."""
    return max(budget // QUESTIONS, 1)


def _is_affordable(sizes: Int64s, budget: int) -> bool:
    """Say whether a floor of two rows in each stratum leaves the other rows their questions."""
    rows = int(sizes.sum())
    taken = int(np.maximum(FLOOR * rows - budget * sizes, 0).sum())  # times the rows
    return len(sizes) == 1 or taken * _SPARED <= budget * rows


def _merged(cells: _Cells, least: int) -> Int64s:
    """Return the group of each cell (C,): consecutive cells of one label, of so many rows at least."""
    sizes = np.bincount(cells.of_row).tolist()
    starts = np.zeros(len(sizes), dtype=np.int64)
    for _, run in groupby(range(len(sizes)), key=cells.places[0].__getitem__):
        starts[_group_starts(list(run), sizes, least)] = 1
    return np.cumsum(starts) - 1


def _group_starts(run: Sequence[int], sizes: Sequence[int], least: int) -> list[int]:
    """Return the first cell of each group of one label.

    If the last group is too small, it joins the group before it.

    Args:
        run: the cells of the label.
        sizes: rows of every cell.
        least: rows of a group.

    Returns:
        Cells of the run, the first of it among them.
    """
    starts, rows = [run[0]], 0
    for cell in run:
        if rows >= least:
            starts.append(cell)
            rows = 0
        rows += sizes[cell]
    return starts[:-1] if rows < least and len(starts) > 1 else starts


def _names(dimensions: Sequence[Dimension], cells: _Cells, groups: Int64s) -> tuple[str, ...]:
    firsts = np.searchsorted(groups, np.arange(groups[-1] + 1))
    lasts = np.append(firsts[1:], len(groups)) - 1
    runs = zip(cells.places[:, firsts].T, cells.places[:, lasts].T, strict=True)
    return _distinct([_name(dimensions, first, last) for first, last in runs])


def _name(dimensions: Sequence[Dimension], first: Int64s, last: Int64s) -> str:
    """Return the name of a run of cells: its places, up to the first dimension that it extends along."""
    words = []
    for dimension, low, high in zip(dimensions, first.tolist(), last.tolist(), strict=True):
        words.append(dimension.text(low, high))
        if low != high:
            break
    return " · ".join(word for word in words if word) or "all"


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number equal names, which texts of labels or cohorts can cause."""
    counts = Counter(names)
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if counts[name] > 1 else name)
    return tuple(numbered)


def _pooled(labels: CodedText, budget: int) -> CodedText:
    """Return labels of which the most frequent stay and all others become one, as the budget allows."""
    label = by_label(labels)
    sizes = np.bincount(label.places, minlength=label.count)
    order = np.argsort(-sizes, kind="stable")
    for kept in range(min(_most(budget), label.count) - 1, 0, -1):
        frequent = np.sort(order[:kept])
        parts = np.append(sizes[frequent], sizes.sum() - sizes[frequent].sum())
        if _is_affordable(parts, budget):
            codes = np.full(label.count, kept, dtype=np.int32)
            codes[frequent] = np.arange(kept)
            names = (*(label.text(place, place) for place in frequent.tolist()), _OTHER)
            return CodedText(labels.name, codes[label.places], names)
    return CodedText.single(labels.name, len(labels.codes))
