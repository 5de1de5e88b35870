"""The leading metric over time: long windows as bands, short ones as dots, unknown ones as gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from labeling.estimates.amounts import LOWER_IS_BETTER, PAGE
from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import Period, a_year, windows
from labeling.report.changes import WindowChange, changes
from labeling.report.chapters.estimate_rows import (
    axis_of,
    cut_off,
    hover_text,
    legend,
    lines_of,
    mark_of,
)
from labeling.report.chart import AskedWindow, TimeChart, WindowMark
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.wording import dates, name_of, points

_MOST_CHANGES = 3  # told, the newest ones
_MOST_WINDOWS = 370  # drawn one by one
_LABELLED = 16  # windows, above which their values are not written beside them
_ASKED = (
    ("answered", "answered"),
    ("asked", "asked, no answer"),
    ("unasked", "scored, nobody asked"),
)


def time_figure(data: ReportData) -> Figure:
    """Show the leading metric over time, where every batch is named after one."""
    fine, wide = layers(data)
    small, large = data.of(fine) if fine else [], data.of(wide)
    lines = lines_of(data, wide)
    dots, bands = [_dot(one, data) for one in small], [_band(one, large, data) for one in large]
    marks = [window.mark for window in (*dots, *bands)]
    axis = axis_of(large[0].metric if large else "accuracy", marks, lines)
    return Figure(
        anchor="time",
        title=f"{name_of(data)} over time",
        sentence=_sentence(fine, wide, large, data),
        chart=TimeChart(
            fine=dots,
            wide=bands,
            axis=axis,
            lines=lines,
            asked=_asked(data, fine or wide),
            batches=[batch.name for batch in data.batches],
            timezone=data.timezone,
            alt=f"{name_of(data)} over time; the table below has its numbers.",
        ),
        legend=[*_of_bands(legend(marks, lines)), *_ASKED],
        notes=cut_off(marks, axis),
        funnel=data.funnel(data.of("all")),
        table=estimates_table([*large, *small], data),
    )


def layers(data: ReportData) -> tuple[Period | None, Period]:
    """Return the finest period whose windows can be drawn one by one, and a longer one."""
    held = {
        period: {windows(batch.name).get(period) for batch in data.batches}
        for period in ("batch", "day", "week", "month")
    }
    if held["batch"] == held["month"]:
        return None, "month"
    order: list[Period] = ["batch", "day", "week"]
    fine: Period = next((one for one in order if len(held[one]) <= _MOST_WINDOWS), "month")
    if held[fine] == held["week"]:
        return None, "week"
    if held[fine] == held["month"]:
        return None, "month"
    is_hourly = len(held["day"]) < len(held[fine])
    return fine, "day" if is_hourly and 2 < len(held["day"]) <= 31 else "week"


def _sentence(
    fine: Period | None, wide: Period, large: Sequence[Estimate], data: ReportData
) -> str:
    """Say what is drawn, and which windows surely differ from those before them."""
    drawn = f"Each band is the interval of one {wide}, with a line at the estimate."
    drawn += f" Each dot is one {_noun(fine, data)} with its own interval." if fine else ""
    known = [one for one in large if one.value is not None]
    if len(known) < 2:
        return drawn
    found = changes([one for one in known if data.is_closed(one.window)])
    if not found:
        return f"{drawn} Between the {wide}s there is no difference that these answers could show."
    return " ".join([drawn, *(_changed(one, wide, data) for one in found[-_MOST_CHANGES:])])


def _changed(change: WindowChange, wide: Period, data: ReportData) -> str:
    """Say that a window is better or worse than those before it, with the limits of the difference."""
    metric, is_higher = change.estimate.metric, change.low > 0
    word = "worse" if is_higher == (metric in LOWER_IS_BETTER) else "better"
    near, far = sorted((abs(change.low), abs(change.high)))
    ends = f"{points(metric, near)} to {points(metric, far)}"
    before = PAGE.amount(metric, change.before, 0)
    when = dates(change.estimate.window, data.timezone)
    return f"The {wide} {when} is {word} than those before it ({before}), by {ends}."


def _noun(period: Period, data: ReportData) -> str:
    """Name what a batch is, where it is an hour or a day."""
    often = {a_year(batch.name) for batch in data.batches}
    names = {8766: "hour", 366: "day"}
    return names.get(often.pop() or 0, period) if period == "batch" and len(often) == 1 else period


def _of_bands(marks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name the kinds of marks as they look over time, where an interval is a band."""
    names = {
        "interval": "band",
        "missing": "missing-band",
        "truth": "truth-level",
        "limit": "level-limit",
    }
    return [(names.get(kind, kind), words) for kind, words in marks]


def _dot(estimate: Estimate, data: ReportData) -> WindowMark:
    """Return a short window; what missing answers leave is drawn once, by the bands."""
    mark = replace(mark_of(estimate, data), worst=None, best=None)
    return WindowMark(estimate.window, mark, hover_text(estimate, data))


def _band(estimate: Estimate, bands: Sequence[Estimate], data: ReportData) -> WindowMark:
    """Return a long window, with its value written above where there are few."""
    is_labelled = len(bands) <= _LABELLED and estimate.value is not None
    label = PAGE.amount(estimate.metric, estimate.value or 0.0, 0) if is_labelled else ""
    return WindowMark(estimate.window, mark_of(estimate, data), hover_text(estimate, data), label)


def _asked(data: ReportData, period: Period) -> list[AskedWindow]:
    """Say of each scored window whether anybody was asked, and answered."""
    estimates = {one.window: one for one in data.of(period)}
    scored = sorted({windows(batch.name).get(period, "") for batch in data.batches})
    return [_asked_window(window, estimates.get(window), data.timezone) for window in scored]


def _asked_window(window: str, estimate: Estimate | None, timezone: str) -> AskedWindow:
    when = dates(window, timezone)
    if estimate is None:
        return AskedWindow(window, "unasked", f"{when}: nobody asked")
    state: Literal["answered", "asked"] = "answered" if estimate.n_answered else "asked"
    counts = f"{estimate.n_answered:,} of {estimate.n_asked:,} answered"
    return AskedWindow(window, state, f"{when}: {counts}")
