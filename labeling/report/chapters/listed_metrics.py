"""Averages over classes, correlation and losses of scores: metrics of all classes that a job lists."""

from __future__ import annotations

from labeling.estimates.amounts import AVERAGES, LOSSES, NUMBERS, is_told
from labeling.estimates.estimate import Estimate, widest
from labeling.report.chapters.estimate_rows import chart_of, legend_of, row
from labeling.report.chart import IntervalRow
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.wording import NAMES

_LISTED = (*AVERAGES, *LOSSES)


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
