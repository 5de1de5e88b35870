"""The leading metric by cohort, and by version of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from labeling.estimates.estimate import Estimate, widest
from labeling.report.chapters.estimate_rows import axis_of, cut_off, legend, lines_of, mark_of, row
from labeling.report.chart import IntervalChart
from labeling.report.content import ReportData, by_cohort
from labeling.report.figure import Figure, estimates_table
from labeling.report.wording import name_of
from pipelines.sampling.leakage import SEEN

_Member = tuple[str, str, Estimate]  # cohort, value, estimate
_MOST_ROWS = 40  # lines of a group


def cohort_figure(data: ReportData) -> Figure | None:
    """Show the leading metric of each cohort over all batches."""
    led = [one for one in data.everywhere() if (one.metric, one.class_) == data.leading]
    groups = _grouped([*by_cohort(widest(led)), *_versions(led)])
    if not groups or data.leading is None:
        return None
    estimates = [one for _, members in groups for _, _, one in members]
    lines = lines_of(data, "", next(iter(data.of("all")), None))
    marks = [mark_of(one, data) for one in estimates]
    shown = [
        (_titled(name), [row(value, one, data) for _, value, one in _largest(members)])
        for name, members in groups
    ]
    axis, header = axis_of(data.leading[0], marks, lines), ("cohort", name_of(data), "answers")
    return Figure(
        anchor="cohorts",
        title=f"{name_of(data)} by cohort",
        sentence="All batches together, each cohort with an interval of its own. Of many cohorts one is always the lowest, by chance alone: two of them are not compared here.",
        chart=IntervalChart(axis, shown, header, lines),
        legend=legend(marks, lines),
        notes=[*cut_off(marks, axis), *_left_out(groups)],
        funnel=data.funnel(data.of("all")),
        table=estimates_table(estimates, data),
    )


def seen_words(data: ReportData) -> str:
    """Say whether the model was trained on the rows that people judged, where all are alike."""
    everything = by_cohort(data.everywhere())
    values = {value for name, value, _ in everything if name == SEEN}
    if values == {"false"}:
        return (
            "No row that people judged was seen in training, as far as the model’s package knows."
        )
    return (
        "Every row that people judged was seen in training: expect less on new data."
        if values == {"true"}
        else ""
    )


def _versions(led: Sequence[Estimate]) -> Iterator[_Member]:
    """Yield the model's versions as if they were a cohort, where there are several."""
    for estimate in led:
        if estimate.cohort is None and estimate.version is not None:
            yield "version", estimate.version, estimate


def _grouped(members: Sequence[_Member]) -> list[tuple[str, list[_Member]]]:
    """Group by cohort, without cohorts of a single value."""
    ordered = groupby(sorted(members, key=_order), key=lambda member: member[0])
    groups = [(name, list(rows)) for name, rows in ordered]
    return [(name, rows) for name, rows in groups if len(rows) > 1]


def _order(member: _Member) -> tuple[object, ...]:
    """Order cohorts by name, `seen_in_training` last, and values as people count."""
    name, value, _ = member
    numbers = [float(digits) for digits in re.findall(r"\d+(?:\.\d+)?", value)]
    is_number = bool(re.match(r"(below |from )?-?\d", value))
    return (
        name == SEEN,
        name,
        not is_number,
        numbers[:1] if is_number else [],
        not value.startswith("below"),
        value,
    )


def _largest(members: Sequence[_Member]) -> list[_Member]:
    """Keep the values with the most rows, in their order."""
    if len(members) <= _MOST_ROWS:
        return list(members)
    least = sorted((one.rows for _, _, one in members), reverse=True)[_MOST_ROWS - 1]
    return [member for member in members if member[2].rows >= least][:_MOST_ROWS]


def _left_out(groups: Sequence[tuple[str, Sequence[_Member]]]) -> list[str]:
    return [
        f"{name}: the {_MOST_ROWS} largest of {len(rows)} values are drawn; the table has all."
        for name, rows in groups
        if len(rows) > _MOST_ROWS
    ]


def _titled(name: str) -> str:
    return {SEEN: "seen in training", "version": "model version"}.get(name, name)
