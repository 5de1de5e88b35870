"""The headline's estimate on one line, and what more answers would give."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.estimates.amounts import NUMBERS, is_told
from labeling.estimates.estimate import Estimate, more_answers
from labeling.report.chapters.estimate_rows import chart_of, legend_of, lines_of, mark_of
from labeling.report.chart import IntervalMark, IntervalRow
from labeling.report.content import ReportData
from labeling.report.figure import DataTable, Figure, estimates_table, exact, integer
from labeling.report.wording import count, name_of, points, possessive

_Halves = Sequence[tuple[int, float]]  # (more answers, half the interval's length)
_MORE = (25, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


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
    estimate = data.headline
    if estimate is None or estimate.value is None or estimate.low is None:
        return None
    if estimate.low == estimate.high:
        return None
    steps = [0, *_steps(estimate)]
    halves = [(n, half) for n in steps if (half := more_answers(estimate, n)) is not None]
    if len(halves) < 2:
        return None
    rows = [_row(estimate.metric, estimate.value, more, half) for more, half in halves]
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


def _steps(estimate: Estimate) -> list[int]:
    """Choose numbers of answers that are worth a thought: up to twenty times as many, and those that exist."""
    left = estimate.rows - estimate.n_answered
    least, most = estimate.n_answered / 8, 20 * estimate.n_answered
    return [more for more in _MORE if least <= more <= most and more < left][:6]


def _row(metric: str, value: float, more: int, half: float) -> IntervalRow:
    high = value + half if metric in NUMBERS else min(value + half, 1.0)
    label = f"+ {more:,}" if more else "now"
    mark = IntervalMark(value, max(value - half, 0.0), high)
    return IntervalRow(label, mark, f"±\u00a0{points(metric, half)}")


def _promise(estimate: Estimate, halves: _Halves, data: ReportData) -> str:
    now, (more, half) = halves[0][1], halves[min(2, len(halves) - 1)]
    text = f"With {count(more, 'more answer')}, the interval for {possessive(estimate, data)} would shrink from about ±\u00a0{points(estimate.metric, now)} to ±\u00a0{points(estimate.metric, half)}"
    return f"{text}. Half the length takes four times the answers."
