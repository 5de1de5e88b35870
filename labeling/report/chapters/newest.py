"""The headline's estimate on one line."""

from __future__ import annotations

from labeling.report.chapters.intervals import chart_of, legend_of, lines_of, mark_of
from labeling.report.chart import IntervalRow
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.wording import name_of


def newest_figure(data: ReportData) -> Figure | None:
    """Show the headline's estimate; nothing where it has no value."""
    estimate = data.headline
    if estimate is None or estimate.value is None:
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
