"""The headline's estimate on one line, and what more answers would give."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.estimates.amounts import NUMBERS, is_told
from labeling.estimates.estimate import Estimate
from labeling.report.chapters.estimate_rows import chart_of, legend_of, lines_of, mark_of
from labeling.report.chart import IntervalMark, IntervalRow
from labeling.report.content import ReportData
from labeling.report.figure import DataTable, Figure, estimates_table, exact, integer
from labeling.report.wording import count, name_of, points, possessive

_Halves = Sequence[tuple[int, float]]  # (more answers, half the interval's length)


def newest_figure(data: ReportData) -> Figure | None:
    """Show the headline's estimate; nothing where it has no value."""
    estimate = data.headline
    if estimate is None or not is_told(estimate):
        return None
    rows = [IntervalRow("", mark_of(estimate, data))]
    chart = chart_of(estimate.metric, [("", rows)], ("", "", ""), lines_of(data, estimate.period))
    return Figure(
        anchor="headline",
        title=name_of(data),
        chart=chart,
        legend=legend_of(chart),
        funnel=data.funnel([estimate]),
        table=estimates_table([estimate], data),
    )


def more_figure(data: ReportData) -> Figure | None:
    """Show how the headline's interval would shrink with more answers."""
    estimate, halves = data.headline, data.more
    if estimate is None or len(halves) < 2:
        return None
    rows = [_row(estimate, more, half) for more, half in halves]
    cells = [(integer(more), exact(estimate.metric, half)) for more, half in halves]
    return Figure(
        anchor="more",
        title="What more answers would give",
        sentence=_promise(estimate, halves, data),
        chart=chart_of(estimate.metric, [("", rows)], ("more answers", "about", "")),
        funnel=data.funnel([estimate]),
        table=DataTable(("more answers", "half the interval’s length"), cells),
        is_half=True,
    )


def _row(estimate: Estimate, more: int, half: float) -> IntervalRow:
    low, high = estimate.low or 0.0, estimate.high or 0.0
    middle = (low + high) / 2 if estimate.value is None else estimate.value
    least, most = (None, None) if estimate.metric in NUMBERS else (0.0, 1.0)
    ends = middle - half, middle + half
    mark = IntervalMark(
        estimate.value,
        ends[0] if least is None else max(ends[0], least),
        ends[1] if most is None else min(ends[1], most),
    )
    label = f"+ {more:,}" if more else "now"
    return IntervalRow(label, mark, f"±\u00a0{points(estimate.metric, half)}")


def _promise(estimate: Estimate, halves: _Halves, data: ReportData) -> str:
    now, (more, half) = halves[0][1], halves[min(2, len(halves) - 1)]
    text = f"With {count(more, 'more answer')}, the interval for {possessive(estimate, data)} would shrink from about ±\u00a0{points(estimate.metric, now)} to ±\u00a0{points(estimate.metric, half)}"
    return f"{text}. The rows would be drawn as a larger budget draws them; half the length takes about four times the answers."
