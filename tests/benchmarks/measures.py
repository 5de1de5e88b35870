"""What a cell of the coverage table measures, and what it should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from labeling.formulas.intervals import wilson
from pipelines.columns.buffers import Floats, Int64s


@dataclass(frozen=True)
class Goal:
    """What a measured number must be: at least, or at most, so much."""

    bound: float
    at_least: bool = True
    is_try: bool = False  # printed, and no failure

    def holds(self, measured: float) -> bool:
        """Say whether it is reached."""
        return measured >= self.bound if self.at_least else measured <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{'try ' if self.is_try else ''}{sign} {self.bound:g}"


@dataclass(frozen=True)
class Coverage:
    """How often intervals held the truth, and how long they were."""

    replays: int
    held: float  # of all, one without limits counts as holding
    above: float  # share of intervals that lie above the truth
    below: float
    nulls: float  # share of replays without a value
    held_without_nulls: float
    length: float  # median, of those with a value
    uniform_held: float  # Wilson's interval of as many answers drawn from all rows; NaN for numbers
    uniform_length: float


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    topic: str
    name: str
    measured: float
    goal: Goal | None = None
    coverage: Coverage | None = None

    @property
    def reached(self) -> bool:
        """Whether the goal holds, if there is one."""
        return self.goal is None or self.goal.holds(self.measured)

    @property
    def failed(self) -> bool:
        """Whether a goal that must be reached is not."""
        return self.goal is not None and not self.goal.is_try and not self.reached


@dataclass(frozen=True)
class Cell:
    """A part of the table, computed by itself: from how many replays to its rows."""

    name: str
    rows: Callable[[int], Sequence[Row]]


def coverage(
    value: Floats, low: Floats, high: Floats, truth: float, answers: Int64s | None = None
) -> Coverage:
    """Summarise intervals of one truth.

    Args:
        value: estimates (R,), NaN where there is none.
        low: lower limits (R,), NaN where unknown.
        high: upper ones (R,).
        truth: what they should hold.
        answers: of each replay (R,), for the interval of a simple random sample
            of as many; None where the truth is no share.

    Returns:
        The summary.
    """
    above, below = low > truth + 1e-12, high < truth - 1e-12
    held, known = ~(above | below), ~np.isnan(value)
    uniform = (np.nan, np.nan) if answers is None else uniform_wilson(truth, answers)
    return Coverage(
        replays=len(value),
        held=float(held.mean()),
        above=float(above.mean()),
        below=float(below.mean()),
        nulls=float(1 - known.mean()),
        held_without_nulls=float(held[known].mean()) if known.any() else np.nan,
        length=float(np.nanmedian((high - low)[known])) if known.any() else np.nan,
        uniform_held=uniform[0],
        uniform_length=uniform[1],
    )


def uniform_wilson(truth: float, answers: Int64s) -> tuple[float, float]:
    """Return coverage and mean length of Wilson's interval, each number of answers as often as here.

    Args:
        truth: the share.
        answers: of each replay (R,).

    Returns:
        Both, exactly.
    """
    held = length = 0.0
    for n, times in zip(*np.unique(answers, return_counts=True), strict=True):
        if n == 0:
            held, length = held + times, length + times
            continue
        right = np.arange(n + 1)
        found = wilson(right / n, np.full(n + 1, float(n)))
        chance = binom.pmf(right, n, truth)
        held += times * float(chance @ ((found.low <= truth) & (truth <= found.high)))
        length += times * float(chance @ (found.high - found.low))
    return held / len(answers), length / len(answers)
