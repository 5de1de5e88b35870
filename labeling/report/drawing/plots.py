"""Counts over time, scores against answers, and numbers against numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from markupsafe import Markup

from labeling.estimates.amounts import percent
from labeling.estimates.calibration import Bin
from labeling.report.chart import Axis, BarChart, ReliabilityChart, ScatterChart
from labeling.report.drawing.frame import dense, frame, narrowed, times_below, values_below
from labeling.report.drawing.svg import box, dot, line, picture
from labeling.report.drawing.time_axis import Clock
from labeling.report.scale import Scale, around


def bars(chart: BarChart, clock: Clock) -> Markup:
    """Draw counts by time, as stacks."""
    top = max((sum(rows for _, rows in bar.counts) for bar in chart.bars), default=0)
    scale, marks = Scale(0, top or 1), len(chart.bars)
    parts = [*frame(Axis(scale, "number"), most=3), *times_below(clock)]
    for bar in chart.bars:
        base, where = 0, clock.place(bar.window)
        for kind, rows in bar.counts:
            if rows and where:
                ends = (1 - scale.at(base + rows), 1 - scale.at(base))
                parts.append(box(kind, narrowed(where, marks), ends, bar.text))
            base += rows
    return picture(dense("plot short", marks), chart.alt, parts)


def reliability(chart: ReliabilityChart) -> Markup:
    """Draw the share right against the score; on the diagonal they are the same."""
    ends = [
        end
        for one in chart.bins
        for end in (one.score, one.right.low, one.right.high)
        if end is not None
    ]
    scale = Scale(min(math.floor(min(ends) * 10) / 10, 0.9), 1.0)
    axis = Axis(scale, "share")
    parts = [*frame(axis), *values_below(axis), line("diagonal", (0, 1), (1, 0))]
    most = max(one.answers for one in chart.bins)
    for one in chart.bins:
        parts += _bin(one, scale, 3 + 4 * math.sqrt(one.answers / most))
    return picture("plot square", chart.alt, parts)


def scatter(chart: ScatterChart) -> Markup:
    """Draw people's numbers against the predicted ones."""
    unbounded = float("inf")
    ends = [end for point in chart.points for end in point]
    scale = around(ends, floor=-unbounded, ceiling=unbounded, least=0.0)
    axis = Axis(scale, "number")
    parts = [*frame(axis), *values_below(axis), line("diagonal", (0, 1), (1, 0))]
    parts += [dot("pair", (scale.at(x), 1 - scale.at(y)), 2.5) for x, y in chart.points]
    return picture("plot square", chart.alt, parts)


def _bin(one: Bin, scale: Scale, radius: float) -> Iterator[Markup]:
    """Draw the share right of a range of scores; its dot is larger with more answers."""
    right, x = one.right, scale.at(one.score)
    if right.value is None or right.low is None or right.high is None:
        return
    hint = f"scores around {percent(one.score)}: {percent(right.value)} right, from {one.answers} answers"
    ends = (1 - scale.at(right.low), 1 - scale.at(right.high))
    yield line("whisker coarse", (x, ends[0]), (x, ends[1]), hint)
    yield dot("value", (x, 1 - scale.at(right.value)), radius, hint)
