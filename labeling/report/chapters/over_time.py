"""The leading metric over time: long windows as bands, short ones as dots, unknown ones as gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import Period, a_year, windows
from labeling.report.chapters.figure import (
    Figure,
    Strips,
    axis_of,
    cut_off,
    estimates_table,
    hover_text,
    legend,
    lines_of,
    mark_of,
    row,
)
from labeling.report.content import ReportData
from labeling.report.drawing.charts import WindowMark, labels, over_time, rug
from labeling.report.drawing.time_axis import Clock, clock_of, folded
from labeling.report.wording import amount, count, dates, name_of

_MOST_WINDOWS = 370  # drawn one by one
_MOST_ROWS = 40
_LABELLED = 16
_RUG = (
    ("answered", "answered"),
    ("asked", "asked, no answer"),
    ("unasked", "scored, nobody asked"),
)


def clock(data: ReportData) -> Clock | None:
    """Return where the job's batches lie in time; None where their names do not say."""
    return clock_of((batch.name for batch in data.batches), data.timezone)


def time_figure(data: ReportData) -> Figure | None:
    """Draw the leading metric over time, or by batch where batches have no time."""
    if data.leading is None:
        return None
    when = clock(data)
    return _over_time(data, when) if when else _by_batch(data)


def layers(data: ReportData) -> tuple[Period | None, Period]:
    """Return the finest period whose windows can be drawn one by one, and a longer one."""
    held = {
        period: {windows(batch.name).get(period) for batch in data.batches}
        for period in ("batch", "day", "week", "month")
    }
    order: list[Period] = ["batch", "day", "week"]
    fine: Period = next((one for one in order if len(held[one]) <= _MOST_WINDOWS), "month")
    if held[fine] == held["week"]:
        return None, "week"
    if held[fine] == held["month"]:
        return None, "month"
    is_hourly = len(held["day"]) < len(held[fine])
    return fine, "day" if is_hourly and 2 < len(held["day"]) <= 31 else "week"


def _over_time(data: ReportData, when: Clock) -> Figure:
    fine, wide = layers(data)
    small, large = data.of(fine) if fine else [], data.of(wide)
    when = folded(when, (one.window for one in large))
    lines = lines_of(data, wide)
    metric = large[0].metric if large else "accuracy"
    dots, bands = (_marks(estimates, data, when) for estimates in (small, large))
    dots = [
        replace(dot, label="", interval=replace(dot.interval, worst=None, best=None))
        for dot in dots
    ]
    marks = [mark.interval for mark in (*dots, *bands)]
    axis = axis_of(metric, marks, lines)
    drawing = over_time(
        dots,
        bands,
        axis,
        when,
        lines,
        alt=f"{name_of(data)} over time; the table below has its numbers.",
    )
    return Figure(
        anchor="time",
        title=f"{name_of(data)} over time",
        sentence=_sentence(fine, wide, large, data),
        picture=drawing,
        below=_asked(data, fine or wide, when),
        legend=[*_banded(legend(marks, lines)), *_RUG],
        notes=cut_off(marks, axis),
        funnel=data.funnel(data.of("all")),
        table=estimates_table([*large, *small], data),
    )


def _sentence(
    fine: Period | None, wide: Period, large: Sequence[Estimate], data: ReportData
) -> str:
    """Say what is drawn, and where the values were lowest and highest."""
    said = f"Each band is the interval of one {wide}, with a line at the estimate."
    said += f" Each dot is one {_noun(fine, data)} with its own interval." if fine else ""
    known = [one for one in large if one.value is not None]
    if len(known) < 2:
        return said
    ends = [pick(known, key=lambda one: one.value or 0.0) for pick in (min, max)]
    low, high = (amount(one.metric, one.value or 0.0) for one in ends)
    if low == high:
        return f"{said} All {wide}s were near {low}."
    first, last = (dates(one.window, data.timezone) for one in ends)
    return f"{said} The lowest {wide}: {low} ({first}); the highest: {high} ({last})."


def _noun(period: Period, data: ReportData) -> str:
    """Name what a batch is, where it is an hour or a day."""
    often = {a_year(batch.name) for batch in data.batches}
    names = {8766: "hour", 366: "day"}
    return names.get(often.pop() or 0, period) if period == "batch" and len(often) == 1 else period


def _banded(marks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Say how time's marks differ from a strip's."""
    names = {
        "interval": "band",
        "missing": "missing-band",
        "truth": "truth-level",
        "limit": "level-limit",
    }
    return [(names.get(kind, kind), words) for kind, words in marks]


def _marks(estimates: Sequence[Estimate], data: ReportData, when: Clock) -> list[WindowMark]:
    is_labelled = len(estimates) <= _LABELLED
    return [
        WindowMark(
            place,
            mark_of(one, data),
            hover_text(one, data),
            amount(one.metric, one.value) if is_labelled and one.value is not None else "",
        )
        for one in estimates
        if (place := when.place(one.window))
    ]


def _asked(data: ReportData, period: Period, when: Clock) -> Markup:
    """Draw for each window whether anybody was asked, and answered."""
    found = {one.window: one for one in data.of(period)}
    places = []
    for window in sorted({windows(batch.name).get(period, "") for batch in data.batches}):
        place, one = when.place(window), found.get(window)
        if place and not when.is_folded(window):
            kind = "unasked" if one is None else "answered" if one.n_answered else "asked"
            words = (
                "nobody asked" if one is None else f"{one.n_answered:,} of {one.n_asked:,} answered"
            )
            places.append((place, kind, f"{dates(window, data.timezone)}: {words}"))
    answered = sum(kind == "answered" for _, kind, _ in places)
    return rug(places, f"{answered} of {len(places)} windows have answers.")


def _by_batch(data: ReportData) -> Figure | None:
    """Draw batches whose names are no times, one below the other; nothing of a single one."""
    found = data.of("batch")
    if len(data.batches) < 2:
        return None
    everything = data.of("all")
    lines = lines_of(data, "batch", everything[-1] if everything else None)
    marks = [mark_of(one, data) for one in found]
    axis = axis_of(found[0].metric if found else "accuracy", marks, lines)
    rows = [row(one.window, one, data, axis, lines) for one in found[-_MOST_ROWS:]]
    left = len(data.batches) - len(found)
    notes = (
        [f"{count(left, 'batch', 'batches')} scored of which nobody was asked."] if left > 0 else []
    )
    notes += (
        [f"The last {_MOST_ROWS} of {len(found)} batches are drawn."]
        if len(found) > _MOST_ROWS
        else []
    )
    return Figure(
        anchor="time",
        title=f"{name_of(data)} by batch",
        sentence="The batches’ names say nothing of time, so they stand in the order of their names.",
        strips=Strips(labels(axis), [("", rows)], ("batch", name_of(data), "answers")),
        legend=legend(marks, lines),
        notes=notes,
        funnel=data.funnel(everything),
        table=estimates_table(found, data),
    )
