"""What more answers would give: an interval computed anew, as if a top-up had been answered.

More rows are not spread as the present answers are: they go where the
allocation of a top-up puts them, and a rare stratum stays near its floor. So
the strata gain the rows that a larger budget would draw, with answers as
right, or as far off, as those that are there, and the interval is computed
from them by the same formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import cast

import numpy as np

from labeling.estimates.amounts import NUMBERS
from labeling.estimates.confusion import undivided
from labeling.estimates.estimate import Estimate
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.families.chosen import Wanted, chosen_families
from labeling.estimates.metrics import Family, Figures
from labeling.estimates.row_sets import RowSet, View
from labeling.estimates.window_views import covered_batches
from labeling.estimates.windows import windows
from pipelines.columns.buffers import Floats, Int64s
from pipelines.sampling.allocation import allocate

_FORESEEN = ("accuracy", "precision", "recall", "f1", "specificity", "mae", "rmse", "bias")
_MORE = (25, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


def more_answers(facts: Evidence, wanted: Wanted, estimate: Estimate) -> list[tuple[int, float]]:
    """Return half the length that an estimate's interval has now, and with more answers.

    Args:
        facts: what was designed, drawn and answered.
        wanted: the task and the answer set.
        estimate: of all rows of a window.

    Returns:
        Pairs of (more answers, half the length), none of them first. Nothing
        without an interval, where no row is left to ask about, and for metrics
        that rest on single answers and not on sums of cells.
    """
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return []
    if estimate.metric not in _FORESEEN:
        return []
    whole = undivided(facts)
    held = [windows(batch).get(estimate.period) for batch in whole.batches]
    names = [name if name == estimate.window else None for name in held]
    code = np.array([0 if name else -1 for name in names], np.int64)
    view = View(whole, code, 1, covered_batches(whole, names))
    classes = (estimate.class_,) if estimate.class_ is not None else wanted.answers
    one = replace(wanted, answers=classes, metrics=(estimate.metric,))
    family = _family_of(chosen_families(whole, one), estimate, view)
    if family is None:
        return []
    halves = [(0, (estimate.high - estimate.low) / 2)]
    for more in _worth_a_thought(estimate):
        is_share = estimate.metric not in NUMBERS
        topped = with_more(family, added(whole, view, more), is_share=is_share)
        if (half := _half(topped.figures(view), estimate)) is not None:
            halves.append((more, half))
    return halves


def added(facts: Evidence, view: View, more: int) -> Floats:
    """Find out which rows a top-up draws.

    Args:
        facts: what was designed and drawn.
        view: the window; its batches share the rows evenly, as one budget does.
        more: rows in all.

    Returns:
        Their number in each stratum (D,).
    """
    designed = facts.designed
    strata = len(designed.batch)
    sizes = np.bincount(facts.parts.stratum, facts.parts.rows, strata).astype(np.int64)
    drawn = np.bincount(facts.drawn.stratum, minlength=strata)
    wanted = sizes.astype(np.float64)
    if designed.wanted is not None:
        wanted = np.where(np.isnan(designed.wanted), wanted, designed.wanted)
    inside = np.unique(designed.batch[(view.window[designed.batch] >= 0) & (drawn > 0)])
    extra = np.zeros(strata)
    for place, batch in enumerate(inside):
        budget = more // len(inside) + (place < more % len(inside))
        of_batch = np.flatnonzero((designed.batch == batch) & (sizes > 0))
        extra[of_batch] = _topped_up(sizes[of_batch], wanted[of_batch], drawn[of_batch], budget)
    return extra


def with_more(family: Family, extra: Floats, *, is_share: bool) -> Family:
    """Return a family whose row sets have so many more answers in each stratum (D,).

    Args:
        family: of metrics.
        extra: answers that each stratum gains (D,).
        is_share: whether each answer is right or wrong, and no size of an error.

    Returns:
        The family, as if they had been given.
    """
    if not is_dataclass(family):
        return family
    row_sets = {
        field.name: _with_more(value, extra, is_share=is_share)
        for field in fields(family)
        if isinstance(value := getattr(family, field.name), RowSet)
    }
    return cast("Family", replace(family, **row_sets))


def _topped_up(sizes: Int64s, wanted: Floats, drawn: Int64s, more: int) -> Int64s:
    budget = int(drawn.sum()) + max(more, int((drawn == 0).sum()))
    return allocate(sizes, wanted, budget, at_least=drawn) - drawn


def _with_more(of: RowSet, extra: Floats, *, is_share: bool) -> RowSet:
    """Return a row set of all rows with more answers; each cell gains its part of its stratum's."""
    facts = of.evidence
    whole = np.bincount(facts.parts.stratum, facts.parts.rows, len(facts.designed.batch))
    gained = np.minimum(extra[of.stratum] * of.size / whole[of.stratum], of.size - of.answered)
    known = of.answered > 0
    mean = np.divide(of.total, of.answered, out=np.zeros_like(of.total), where=known)
    rows = of.size[known].sum()
    average = float((of.size * mean)[known].sum() / rows) if rows else 0.0
    # One answer of the average row is taken into each cell, or none found would mean none left;
    # to the average of shares one right and one wrong answer are added.
    if is_share:
        average = (average * of.answered.sum() + 1) / (of.answered.sum() + 2)
    expected = (of.total + average) / (of.answered + 1)
    now = of.answered + gained
    freedom = np.maximum(of.answered - 1, 0)
    pooled = of.second.sum() / max(freedom.sum(), 1.0)
    variance = np.where(freedom > 0, of.second / np.maximum(freedom, 1), pooled)
    # Cubes of errors are carried by the largest: more answers see further into the tail, so that
    # the skewness of the mean hardly falls with their number.
    many = np.divide(now, of.answered, out=np.ones_like(now), where=known)
    return replace(
        of,
        asked=of.asked + gained,
        answered=now,
        total=of.total + gained * expected,
        second=variance * np.maximum(now - 1, 0),
        third=of.third * many**1.5,
    )


def _family_of(found: Iterator[Family], estimate: Estimate, view: View) -> Family | None:
    return next((one for one in found if _of(one.figures(view), estimate) is not None), None)


def _of(figures: Sequence[Figures], estimate: Estimate) -> Figures | None:
    key = (estimate.metric, estimate.class_)
    return next((one for one in figures if (one.metric, one.class_) == key), None)


def _half(figures: Sequence[Figures], estimate: Estimate) -> float | None:
    one = _of(figures, estimate)
    interval = one.intervals[0] if one else None
    if interval is None or interval.low is None or interval.high is None:
        return None
    return (interval.high - interval.low) / 2


def _worth_a_thought(estimate: Estimate) -> list[int]:
    """Choose numbers of answers: up to twenty times as many, of those that exist."""
    left = estimate.rows_covered - estimate.n_asked
    least, most = estimate.n_answered / 8, 20 * estimate.n_answered
    return [more for more in _MORE if least <= more <= most and more < left][:6]
