"""Metrics of single classes, and those of all classes that a job lists."""

from __future__ import annotations

from dataclasses import replace

from labeling.estimates.amounts import AVERAGES, LOSSES, NUMBERS, is_told
from labeling.estimates.estimate import Estimate, widest
from labeling.report.chapters.estimate_rows import chart_of, legend_of, row
from labeling.report.chart import IntervalRow
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.frequent_classes import MOST_NAMED, most_frequent
from labeling.report.wording import NAMES, count

_LISTED = (*AVERAGES, *LOSSES)
_MEANS = {
    "precision": "of the rows predicted as the class, the share that people agree with",
    "recall": "of the rows that people call so, the share that was predicted as it",
    "f1": "precision and recall in one number, near the smaller of the two",
    "specificity": "of the rows that people call another class, the share that was predicted as another",
    "roc_auc": "how often a row of the class scores above another row",
    "average_precision": "the precision at the scores of the class’s rows, on average",
}


def class_figure(data: ReportData) -> Figure | None:
    """Show the metrics of each class over all batches."""
    every = _of_classes(data)
    if not every:
        return None
    named = _named(data, every)
    estimates = [one for one in every if one.class_ in named]
    left = len({one.class_ for one in every}) - len(named)
    groups = [
        (
            f"{NAMES[metric]}: {means}",
            [_class_row(one, data) for one in estimates if one.metric == metric],
        )
        for metric, means in _MEANS.items()
    ]
    chart = chart_of("f1", groups, ("class", "metric", "answers"))
    return Figure(
        anchor="classes",
        title="Class by class",
        sentence="All batches together. A class that is rare in the sample has a long interval, whatever the sample’s size.",
        chart=chart,
        legend=legend_of(chart),
        notes=_left_out(left, data),
        funnel=data.funnel(data.of("all") or estimates[:1]),
        table=estimates_table(estimates, data),
        whole=estimates_table(every, data) if left else None,
    )


def _named(data: ReportData, estimates: list[Estimate]) -> set[str | None]:
    """Return the classes that the page names: all of a few, else those predicted most often."""
    classes = dict.fromkeys(one.class_ for one in estimates)
    if len(classes) <= MOST_NAMED or data.confusion is None:
        return set(list(classes)[:MOST_NAMED])
    frequent = [one.label for one in most_frequent(data.confusion)]
    return {name for name in frequent if name in classes}


def _left_out(left: int, data: ReportData) -> list[str]:
    words = count(left, "rarer class", "rarer classes")
    return [f"{words}: only in `recheck report {data.file} --json`."] if left else []


def _of_classes(data: ReportData) -> list[Estimate]:
    """Return the estimates by metric, then class in the order of the answer set."""
    answers = data.confusion.answers if data.confusion else ()
    place = {name: place for place, name in enumerate(answers)}
    of_classes = (one for one in widest(data.everywhere()) if one.metric in _MEANS)
    return sorted(
        (one for one in of_classes if one.cohort is None),
        key=lambda one: (
            list(_MEANS).index(one.metric),
            place.get(one.class_ or "", len(place)),
            one.class_ or "",
        ),
    )


def _class_row(estimate: Estimate, data: ReportData) -> IntervalRow:
    """Return the line of a class; beside its precision stands how many answers it rests on."""
    predicted = data.confusion.predicted if data.confusion else ()
    own = next((row.answered for row in predicted if row.label == estimate.class_), 0)
    remark = count(own, "answer") if estimate.metric == "precision" else ""
    return replace(row(estimate.class_ or "", estimate, data), remark=remark)


def listed_figures(data: ReportData) -> list[Figure]:
    """Show the listed metrics over all batches: shares on one axis, each other one on its own."""
    found = sorted(
        (one for one in widest(data.everywhere()) if one.metric in _LISTED and one.cohort is None),
        key=lambda one: _LISTED.index(one.metric),
    )
    shares = [one for one in found if one.metric not in NUMBERS]
    others = [[one] for one in found if one.metric in NUMBERS]
    return [_figure(group, data) for group in (shares, *others) if group]


def _figure(estimates: list[Estimate], data: ReportData) -> Figure:
    rows = [_row(one, data) for one in estimates if is_told(one)]
    chart = chart_of(estimates[0].metric, [("", rows)], ("metric", "value", "answers"))
    is_alone = len(estimates) == 1
    return Figure(
        anchor=f"all-{estimates[0].metric}" if is_alone else "all-classes",
        title=NAMES[estimates[0].metric] if is_alone else "All classes in one number",
        sentence="All batches together.",
        chart=chart,
        legend=legend_of(chart),
        notes=[f"{NAMES[one.metric]}: {one.reason}." for one in estimates if one.reason],
        funnel=data.funnel(data.of("all") or estimates[:1]),
        table=estimates_table(estimates, data),
    )


def _row(estimate: Estimate, data: ReportData) -> IntervalRow:
    return row(NAMES[estimate.metric], estimate, data)
