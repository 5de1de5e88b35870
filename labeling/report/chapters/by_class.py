"""Precision, recall and F1, class by class."""

from __future__ import annotations

from dataclasses import replace

from labeling.estimates.estimate import Estimate, widest
from labeling.report.chapters.estimate_rows import chart_of, legend_of, row
from labeling.report.chart import IntervalRow
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.frequent_classes import MOST_NAMED, most_frequent
from labeling.report.wording import NAMES, count

_MEANS = {
    "precision": "of the rows predicted as the class, the share that people agree with",
    "recall": "of the rows that people call so, the share that was predicted as it",
    "f1": "precision and recall in one number, near the smaller of the two",
}


def class_figure(data: ReportData) -> Figure | None:
    """Show precision, recall and F1 of each class over all batches."""
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
