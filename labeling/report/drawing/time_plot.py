"""Estimates over time: bands of long windows, dots of short ones, and where nobody was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from markupsafe import Markup

from labeling.report.chart import AskedWindow, TimeChart, WindowMark
from labeling.report.drawing.frame import MANY, dense, frame, narrowed, times_below
from labeling.report.drawing.svg import (
    Point,
    arrow,
    box,
    diamond,
    dot,
    line,
    picture,
    upright,
    words,
)
from labeling.report.drawing.time_axis import Clock
from labeling.report.scale import Scale

_BESIDE = 0.3  # of a window's width: where the truth stands, beside the estimate
_CROWDED = 8  # labels, above which some are left out where the page is narrow

_Place = tuple[float, float]  # from one share of the width to another


def over_time(chart: TimeChart, clock: Clock) -> Markup:
    """Draw windows by time: wide ones as bands, fine ones as dots with whiskers.

    A window without a value leaves a gap.
    """
    scale = chart.axis.scale
    parts = [*_folds(clock), *frame(chart.axis), *times_below(clock)]
    for kind, level in (("overall", chart.lines.overall), ("limit", chart.lines.limit)):
        if level is not None:
            parts.append(line(kind, (0, 1 - scale.at(level)), (1, 1 - scale.at(level))))
    fine, wide = _placed(chart.fine, clock), _placed(chart.wide, clock)
    for where, window in wide:
        parts += _band(where, window, scale)
    kind = "fine" if len(fine) > MANY else "coarse"
    for where, window in fine:
        parts += _whisker(where, window, scale, kind)
    for where, window in wide:
        parts += _head(where, window, scale, crowded=len(wide) > _CROWDED)
    return picture("plot tall", chart.alt, parts)


def rug(asked: Sequence[AskedWindow], clock: Clock) -> Markup:
    """Draw one small box per window that was scored, outside of folds."""
    shown = [
        (place, one)
        for one in asked
        if (place := clock.place(one.window)) and not clock.is_folded(one.window)
    ]
    answered = sum(one.state == "answered" for _, one in shown)
    return picture(
        dense("plot rug", len(shown)),
        f"{answered} of {len(shown)} windows have answers.",
        [box(one.state, narrowed(place, len(shown)), (0, 1), one.text) for place, one in shown],
    )


def _placed(marks: Sequence[WindowMark], clock: Clock) -> list[tuple[_Place, WindowMark]]:
    return [(place, mark) for mark in marks if (place := clock.place(mark.window))]


def _folds(clock: Clock) -> Iterator[Markup]:
    """Draw stretches of time that are folded narrow, with how long they last."""
    for begin, end in clock.folds:
        place, days = (clock.at(begin), clock.at(end)), round((end - begin) / timedelta(days=1))
        lasted = f"{days // 7} weeks" if days >= 14 else f"{days} days"
        yield box("fold", place, (0, 1), f"{lasted} in which nobody was asked")
        yield upright("lasted", (sum(place) / 2, 0.5), f"{lasted} not asked")


def _band(where: _Place, window: WindowMark, scale: Scale) -> Iterator[Markup]:
    """Draw a band from low to high."""
    mark = window.mark
    for kind, low, high in (
        ("missing-band", mark.worst, mark.best),
        ("band", mark.low, mark.high),
    ):
        if low is not None and high is not None:
            yield box(kind, where, (1 - scale.at(high), 1 - scale.at(low)), window.text)


def _head(where: _Place, window: WindowMark, scale: Scale, *, crowded: bool) -> Iterator[Markup]:
    """Draw the band's value, its label and the truth, over all else."""
    mark = window.mark
    if mark.value is None:
        return
    level = 1 - scale.at(mark.value)
    if scale.is_beyond(mark.value):
        yield _further("value", (sum(where) / 2, level), mark.value, scale, window.text)
    else:
        yield line("level", (where[0], level), (where[1], level), window.text)
    if mark.truth is not None:
        known, hint = 1 - scale.at(mark.truth), f"known truth, {window.text}"
        yield line("truth-level", (where[0], known), (where[1], known), hint)
    if window.label:
        kind = "label minor" if crowded else "label"
        yield words(kind, (sum(where) / 2, 0), window.label, dy="-0.6em")


def _whisker(where: _Place, window: WindowMark, scale: Scale, kind: str) -> Iterator[Markup]:
    """Draw a dot and its interval."""
    mark, x = window.mark, sum(where) / 2
    if mark.low is not None and mark.high is not None:
        ends = (1 - scale.at(mark.low), 1 - scale.at(mark.high))
        yield line(f"whisker {kind}", (x, ends[0]), (x, ends[1]), window.text)
    if mark.value is None:
        return
    radius = 2.2 if kind == "fine" else 3.2
    at = (x, 1 - scale.at(mark.value))
    if scale.is_beyond(mark.value):
        yield _further(f"value {kind}", at, mark.value, scale, window.text)
    else:
        yield dot(f"value {kind}", at, radius, window.text)
    if mark.truth is not None:
        beside = x + _BESIDE * (where[1] - where[0])
        at, hint = (beside, 1 - scale.at(mark.truth)), f"known truth, {window.text}"
        yield diamond(f"truth {kind}", at, hint)


def _further(kind: str, at: Point, value: float, scale: Scale, hint: str) -> Markup:
    """Draw an arrow at the edge instead of a value beyond it."""
    return arrow(kind, at, hint, turned=-90 if value > scale.high else 90)
