"""The newest figure on a line; then by cohort, by class, and with more answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from labeling.estimates.estimate import Estimate, more_answers, widest
from labeling.report.chapters.figure import (
    Figure,
    Row,
    Strips,
    Table,
    axis_of,
    estimates_table,
    exact,
    integer,
    legend,
    lines_of,
    mark_of,
    row,
)
from labeling.report.content import ERRORS, ReportData, by_cohort
from labeling.report.drawing.charts import Axis, IntervalMark, labels, strip
from labeling.report.wording import NAMES, count, dates, name_of, percent, points, possessive
from pipelines.job.sections import SEEN_IN_TRAINING

_MEANS = {
    "precision": "of the rows predicted as the class, the share that people agree with",
    "recall": "of the rows that really are of the class, the share that was predicted as it",
    "f1": "precision and recall in one number, near the smaller of the two",
}
_SIZES = {
    "mae": "how far off a prediction is on average",
    "rmse": "the same, with large errors counting for more",
}
_MOST_ROWS = 40  # lines of a group
_MORE = (25, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


def ruler(one: Estimate, data: ReportData) -> Figure:
    """Draw the headline's estimate on one line."""
    lines = lines_of(data, one.period)
    axis = axis_of(one.metric, [mark_of(one, data)], lines)
    line = Row("", strip(mark_of(one, data), axis.scale, lines), "", "")
    return Figure(
        anchor="headline",
        title=name_of(data),
        strips=Strips(labels(axis), [("", [line])], ("", "", "")),
        legend=legend([mark_of(one, data)], lines),
        funnel=data.funnel([one]),
        table=estimates_table([one], data),
    )


def cohort_figure(data: ReportData) -> Figure | None:
    """Draw the leading metric of each cohort over all batches."""
    led = [one for one in data.everywhere() if (one.metric, one.class_) == data.leading]
    found = [*by_cohort(widest(led)), *_versions(led)]
    groups = [
        (name, list(rows))
        for name, rows in groupby(sorted(found, key=_order), key=lambda one: one[0])
    ]
    groups = [(name, rows) for name, rows in groups if len(rows) > 1]
    if not groups or data.leading is None:
        return None
    drawn = [one for _, rows in groups for _, _, one in rows]
    lines = lines_of(data, "", next(iter(data.of("all")), None))
    marks = [mark_of(one, data) for one in drawn]
    axis = axis_of(data.leading[0], marks, lines)
    strips = [
        (
            _titled(name),
            [row(value, one, data, axis, lines) for _, value, one in _largest(rows)],
        )
        for name, rows in groups
    ]
    return Figure(
        anchor="cohorts",
        title=f"{name_of(data)} by cohort",
        sentence="All batches together. Where two intervals overlap much, the answers cannot tell the two cohorts apart.",
        strips=Strips(labels(axis), strips, ("cohort", name_of(data), "answers")),
        legend=legend(marks, lines),
        notes=_left_out(groups),
        funnel=data.funnel(data.of("all")),
        table=estimates_table(drawn, data),
    )


def _versions(led: Sequence[Estimate]) -> Iterator[tuple[str, str, Estimate]]:
    """Yield the model's versions as if they were a cohort, where there are several."""
    for one in led:
        if one.cohort is None and one.version is not None:
            yield "version", one.version, one


def _order(found: tuple[str, str, Estimate]) -> tuple[object, ...]:
    """Order cohorts by name, `seen_in_training` last, and values as people count."""
    name, value, _ = found
    digits = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", value)]
    is_number = bool(re.match(r"(below |from )?-?\d", value))
    return (
        name == SEEN_IN_TRAINING,
        name,
        not is_number,
        digits[:1] if is_number else [],
        not value.startswith("below"),
        value,
    )


def _largest(rows: Sequence[tuple[str, str, Estimate]]) -> list[tuple[str, str, Estimate]]:
    """Keep the values with the most rows, in their order."""
    if len(rows) <= _MOST_ROWS:
        return list(rows)
    least = sorted((one.rows for _, _, one in rows), reverse=True)[_MOST_ROWS - 1]
    return [found for found in rows if found[2].rows >= least][:_MOST_ROWS]


def _left_out(groups: Sequence[tuple[str, Sequence[object]]]) -> list[str]:
    return [
        f"{name}: the {_MOST_ROWS} largest of {len(rows)} values are drawn; the table has all."
        for name, rows in groups
        if len(rows) > _MOST_ROWS
    ]


def seen_words(data: ReportData) -> str:
    """Say whether the model was trained on the rows that people judged, where all are alike."""
    values = {value for name, value, _ in by_cohort(data.everywhere()) if name == SEEN_IN_TRAINING}
    if values == {"false"}:
        return (
            "No row that people judged was seen in training, as far as the model’s package knows."
        )
    return (
        "Every row that people judged was seen in training: expect less on new data."
        if values == {"true"}
        else ""
    )


def _titled(name: str) -> str:
    return {SEEN_IN_TRAINING: "seen in training", "version": "model version"}.get(name, name)


def class_figure(data: ReportData) -> Figure | None:
    """Draw precision, recall and F1 of each class over all batches."""
    found = [
        one for one in widest(data.everywhere()) if one.cohort is None and one.metric in _MEANS
    ]
    if not found:
        return None
    answers = data.confusion.answers if data.confusion else ()
    place = {name: place for place, name in enumerate(answers)}
    found.sort(
        key=lambda one: (
            list(_MEANS).index(one.metric),
            place.get(one.class_ or "", len(place)),
            one.class_ or "",
        )
    )
    marks = [mark_of(one, data) for one in found]
    axis = axis_of("f1", marks)
    groups = [
        (
            f"{NAMES[metric]}: {means}",
            [_class_row(one, data, axis) for one in found if one.metric == metric],
        )
        for metric, means in _MEANS.items()
    ]
    return Figure(
        anchor="classes",
        title="Class by class",
        sentence="All batches together. A class that is rare in the sample has a long interval, whatever the sample’s size.",
        strips=Strips(
            labels(axis),
            [(title, rows) for title, rows in groups if rows],
            ("class", "metric", "answers"),
        ),
        legend=legend(marks),
        funnel=data.funnel(data.of("all") or found[:1]),
        table=estimates_table(found, data),
    )


def error_figure(data: ReportData) -> Figure | None:
    """Draw the size of errors in the newest window and in all batches; nothing of classes."""
    one = data.headline
    if one is None or one.metric not in ERRORS:
        return None
    places = dict.fromkeys([(one.period, one.window), ("all", "all")])
    found = [
        error
        for metric in ERRORS
        for period, window in places
        for error in widest(data.estimates)
        if (error.metric, error.cohort, error.period, error.window)
        == (metric, None, period, window)
    ]
    groups = []
    marks = [mark_of(error, data) for error in found]
    axis = axis_of(one.metric, marks)
    for metric in ERRORS:
        rows = [
            row(dates(error.window, data.timezone), error, data, axis)
            for error in found
            if error.metric == metric
        ]
        groups.append((f"{NAMES[metric]}: {_SIZES[metric]}", rows))
    return Figure(
        anchor="errors",
        title="How large the errors are",
        sentence="In the unit of what is predicted. Where the second is much larger than the first, a few errors are very large.",
        strips=Strips(
            labels(axis),
            [(title, rows) for title, rows in groups if rows],
            ("window", "error", "answers"),
        ),
        legend=legend(marks),
        notes=[_unreliable(error, data) for error in found if not error.reliable],
        funnel=data.funnel(data.of("all") or [one]),
        table=estimates_table(found, data),
    )


def _unreliable(one: Estimate, data: ReportData) -> str:
    return (
        f"Unreliable: {NAMES[one.metric].lower()} of {dates(one.window, data.timezone)}. One answer makes "
        f"{percent(one.largest or 0.0)} of its sum, and the sample may have missed others as large."
    )


def _class_row(one: Estimate, data: ReportData, axis: Axis) -> Row:
    """Draw a class; beside its precision stands how many answers it rests on."""
    predicted = data.confusion.predicted if data.confusion else ()
    own = next((row.answered for row in predicted if row.label == one.class_), 0)
    remark = count(own, "answer") if one.metric == "precision" else ""
    return replace(row(one.class_ or "", one, data, axis), remark=remark)


def more_figure(data: ReportData) -> Figure | None:
    """Draw how the headline's interval would shrink with more answers."""
    one = data.headline
    if one is None or one.value is None or one.low is None or one.low == one.high:
        return None
    steps = [0, *_steps(one)]
    halves = [(more, half) for more in steps if (half := more_answers(one, more)) is not None]
    if len(halves) < 2:
        return None
    found = [(more, half, _around(one.metric, one.value, half)) for more, half in halves]
    axis = axis_of(one.metric, [seen for _, _, seen in found])
    rows = [_more_row(one.metric, more, half, seen, axis) for more, half, seen in found]
    table = Table(
        ("more answers", "half the interval’s length"),
        [(integer(more), exact(one.metric, half)) for more, half in halves],
    )
    return Figure(
        anchor="more",
        title="What more answers would give",
        sentence=_promise(one, halves, data),
        strips=Strips(labels(axis), [("", rows)], ("more answers", "about", "")),
        funnel=data.funnel([one]),
        table=table,
        is_half=True,
    )


def _steps(one: Estimate) -> list[int]:
    """Choose numbers of answers that are worth a thought: up to twenty times as many, and those that exist."""
    left = one.rows - one.n_answered
    least, most = one.n_answered / 8, 20 * one.n_answered
    found = [more for more in _MORE if least <= more <= most and more < left]
    return found[:6]


def _around(metric: str, value: float, half: float) -> IntervalMark:
    low, high = value - half, value + half
    if metric in ERRORS:
        return IntervalMark(value, max(low, 0.0), high)
    return IntervalMark(value, max(low, 0.0), min(high, 1.0))


def _more_row(metric: str, more: int, half: float, seen: IntervalMark, axis: Axis) -> Row:
    label = f"+ {more:,}" if more else "now"
    return Row(label, strip(seen, axis.scale), f"±\u00a0{points(metric, half)}", "")


def _promise(one: Estimate, halves: Sequence[tuple[int, float]], data: ReportData) -> str:
    now, (more, half) = halves[0][1], halves[min(2, len(halves) - 1)]
    text = f"With {count(more, 'more answer')}, the interval for {possessive(one, data)} would shrink from about ±\u00a0{points(one.metric, now)} to ±\u00a0{points(one.metric, half)}"
    return f"{text}. Half the length takes four times the answers."
