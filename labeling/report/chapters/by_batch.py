"""The leading metric by batch, where the batches' names say nothing of time."""

from __future__ import annotations

from labeling.report.chapters.estimate_rows import axis_of, legend, lines_of, mark_of, row
from labeling.report.chart import IntervalChart
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.wording import count, name_of

_MOST_ROWS = 40


def batch_figure(data: ReportData) -> Figure | None:
    """Show batches one below the other; None where there is only one."""
    if len(data.batches) < 2:
        return None
    estimates, everything = data.of("batch"), data.of("all")
    lines = lines_of(data, "batch", everything[-1] if everything else None)
    marks = [mark_of(one, data) for one in estimates]
    axis = axis_of(estimates[0].metric if estimates else "accuracy", marks, lines)
    rows = [row(one.window, one, data) for one in estimates[-_MOST_ROWS:]]
    return Figure(
        anchor="time",
        title=f"{name_of(data)} by batch",
        sentence="The batches’ names say nothing of time, so they stand in the order of their names.",
        chart=IntervalChart(axis, [("", rows)], ("batch", name_of(data), "answers"), lines),
        legend=legend(marks, lines),
        notes=_left_out(len(data.batches), len(estimates)),
        funnel=data.funnel(everything),
        table=estimates_table(estimates, data),
    )


def _left_out(batches: int, asked: int) -> list[str]:
    """Say which batches have no line: those that nobody was asked about, and the older ones of many."""
    left = batches - asked
    notes = (
        [f"{count(left, 'batch', 'batches')} scored of which nobody was asked."] if left > 0 else []
    )
    if asked > _MOST_ROWS:
        notes.append(f"The last {_MOST_ROWS} of {asked} batches are drawn.")
    return notes
