"""Estimates as marks on an axis: what is drawn of each, with legend and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labeling.estimates.amounts import (
    LOWER_IS_BETTER,
    NO_BREAK,
    NUMBERS,
    PAGE,
    ends_without_point,
    leading_range,
)
from labeling.estimates.estimate import Estimate
from labeling.report.chart import NO_LINES, Axis, IntervalChart, IntervalMark, IntervalRow, Lines
from labeling.report.content import ReportData
from labeling.report.scale import around
from labeling.report.wording import count, dates, interval

_USUAL, _STRETCH = 0.95, 2.5  # an axis of errors ends at so many times the value of that rank
_FEW = 10  # answers, below which a row is faint


def mark_of(estimate: Estimate, data: ReportData) -> IntervalMark:
    """Return what is drawn of an estimate; what missing answers and the draw leave only where it leads."""
    truth = data.truth(estimate)
    if ends_without_point(estimate) is not None:
        return IntervalMark(None, estimate.low, estimate.high, truth=truth)
    if estimate.value is None:
        return IntervalMark(None)
    leads = leading_range(estimate)
    if leads is None:
        return IntervalMark(estimate.value, estimate.low, estimate.high, truth=truth)
    worst, best = leads[::-1] if estimate.metric in LOWER_IS_BETTER else leads
    return IntervalMark(estimate.value, estimate.low, estimate.high, worst, best, truth)


def lines_of(data: ReportData, period: str, overall: Estimate | None = None) -> Lines:
    """Return what marks of the leading metric are held against.

    Args:
        data: of the report.
        period: of the estimates; an alert watches windows of one length.
        overall: the estimate over all rows, where it is drawn as a line.

    Returns:
        The value over all rows and the limit of the first alert that watches.
    """
    watched = (
        line.below if line.below is not None else line.above
        for line in data.lines
        if (line.metric, line.class_) == data.leading
        if line.cohort is None and line.period == period
    )
    return Lines(overall.value if overall else None, next(watched, None))


def axis_of(metric: str, marks: Iterable[IntervalMark], lines: Lines = NO_LINES) -> Axis:
    """Return an axis that holds all marks; of errors, which nothing bounds, nearly all.

    Args:
        metric: whose values they are.
        marks: what is drawn.
        lines: levels that must be seen too.

    Returns:
        The axis, within [0, 1] for shares, from 0 for sizes of errors.
    """
    drawn = list(marks)
    ends = [lines.overall, lines.limit, *(end for mark in drawn for end in mark.ends)]
    if metric in {"bias", "mcc"}:
        return Axis(around(ends, floor=-float("inf"), ceiling=float("inf"), least=0.2), "number")
    if metric in NUMBERS:
        values = sorted(mark.value for mark in drawn if mark.value is not None)
        usual = values[int(_USUAL * (len(values) - 1))] if values else 1.0
        shown = [min(end, _STRETCH * usual) for end in ends if end is not None]
        scale = around(shown, floor=0, ceiling=float("inf"), least=usual / 5)
        return Axis(scale, "number")
    return Axis(around(ends, floor=0, ceiling=1, least=0.2), "share")


def cut_off(marks: Iterable[IntervalMark], axis: Axis) -> list[str]:
    """Say how many values lie beyond the axis."""
    values = [mark.value for mark in marks if mark.value is not None]
    beyond = sum(map(axis.scale.is_beyond, values))
    words = "beyond the end of the axis: an arrow stands there, and the table has"
    return (
        [f"{count(beyond, 'value')} {words} {'it' if beyond == 1 else 'them'}."] if beyond else []
    )


def row(label: str, estimate: Estimate, data: ReportData) -> IntervalRow:
    """Return an estimate on a line of its own.

    Args:
        label: what the line is called.
        estimate: what it shows.
        data: of the report.

    Returns:
        The line, faint where few answers stand behind it.
    """
    return IntervalRow(
        label=label,
        mark=mark_of(estimate, data),
        text=interval(estimate) + ("" if estimate.reliable else " – unreliable"),
        remark=count(estimate.n_answered, "answer"),
        is_faint=estimate.n_answered < _FEW,
    )


def chart_of(
    metric: str,
    groups: Sequence[tuple[str, Sequence[IntervalRow]]],
    header: tuple[str, str, str],
    lines: Lines = NO_LINES,
) -> IntervalChart:
    """Put rows on an axis that holds them all.

    Args:
        metric: whose values they are.
        groups: titled rows.
        header: what a row's label, text and remark are.
        lines: levels that the marks are held against.

    Returns:
        The chart, without groups that have no row.
    """
    marks = [row.mark for _, rows in groups for row in rows]
    shown = [(title, rows) for title, rows in groups if rows]
    return IntervalChart(axis_of(metric, marks, lines), shown, header, lines)


def legend(marks: Iterable[IntervalMark], lines: Lines = NO_LINES) -> list[tuple[str, str]]:
    """Explain the parts of these marks: (kind of part, words)."""
    drawn = list(marks)
    known = [
        ("value", "estimate", True),
        ("interval", f"95{NO_BREAK}% interval", any(mark.low is not None for mark in drawn)),
        (
            "missing",
            "range that missing answers and the draw leave",
            any(mark.worst is not None for mark in drawn),
        ),
        ("truth", "known truth", any(mark.truth is not None for mark in drawn)),
        ("overall", "all rows", lines.overall is not None),
        ("limit", "line of an alert", lines.limit is not None),
    ]
    return [(kind, words) for kind, words, is_shown in known if is_shown]


def legend_of(chart: IntervalChart) -> list[tuple[str, str]]:
    """Explain the marks and lines of a chart: (kind of part, words)."""
    return legend([row.mark for _, rows in chart.groups for row in rows], chart.lines)


def hover_text(estimate: Estimate, data: ReportData) -> str:
    """Return an estimate in a line, for those who point at its mark."""
    truth = data.truth(estimate)
    known = f"; known truth {PAGE.amount(estimate.metric, truth, 1)}" if truth is not None else ""
    when = dates(estimate.window, data.timezone)
    answered = f"{estimate.n_answered:,} of {estimate.n_asked:,} answered"
    return f"{when}: {interval(estimate)}, {answered}{known}"
