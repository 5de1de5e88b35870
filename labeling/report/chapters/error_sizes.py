"""How large the errors of predicted numbers are."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.estimates.amounts import PAGE, SIZES, number
from labeling.estimates.estimate import Estimate, widest
from labeling.report.chapters.estimate_rows import chart_of, cut_off, legend_of, row
from labeling.report.content import ReportData
from labeling.report.figure import Figure, estimates_table
from labeling.report.wording import NAMES, dates

_SIZES = {
    "mae": "how far off a prediction is on average",
    "rmse": "the same, with large errors counting for more",
    "median_absolute_error": "half of the predictions are off by less",
    "p90_absolute_error": "nine of ten predictions are off by less",
}
_METRICS = (*SIZES, "bias")


def error_figure(data: ReportData) -> Figure | None:
    """Show the size of errors in the newest window and in all batches; None for a job of classes."""
    newest = data.headline
    if newest is None or newest.metric not in SIZES:
        return None
    errors = _errors(newest, data)
    groups = [
        (
            f"{NAMES[metric]}: {_SIZES[metric]}",
            [
                row(dates(one.window, data.timezone), one, data)
                for one in errors
                if one.metric == metric
            ],
        )
        for metric in SIZES
    ]
    chart = chart_of(newest.metric, groups, ("window", "error", "answers"))
    return Figure(
        anchor="errors",
        title="How large the errors are",
        sentence=f"In the unit of what is predicted. Where the root mean square is much larger than the mean, a few errors are very large.{_lean(errors)}",
        chart=chart,
        legend=legend_of(chart),
        notes=[
            *cut_off([row.mark for _, rows in chart.groups for row in rows], chart.axis),
            *(_unreliable(one, data) for one in errors if not one.reliable),
        ],
        funnel=data.funnel(data.of("all") or [newest]),
        table=estimates_table(errors, data),
    )


def _errors(newest: Estimate, data: ReportData) -> list[Estimate]:
    """Return the estimates of each error metric, of the newest window and of all batches.

    Of a window with several versions, the estimate over all of them is taken.
    """
    spans = dict.fromkeys([(newest.period, newest.window), ("all", "all")])
    keys = [(metric, None, *span) for metric in _METRICS for span in spans]
    errors = widest(data.estimates)
    return [
        one
        for key in keys
        for one in errors
        if (one.metric, one.cohort, one.period, one.window) == key
    ]


def _lean(errors: Sequence[Estimate]) -> str:
    """Say whether predictions lie above or below what people say, in all batches."""
    bias = next((one for one in reversed(errors) if one.metric == "bias"), None)
    if bias is None or bias.value is None or bias.low is None or bias.high is None:
        return ""
    if bias.low <= 0 <= bias.high and bias.low < bias.high:
        ends = PAGE.between("bias", (bias.low, bias.high), 0)
        return f" The answers show no lean: on average predictions are between {ends} too high."
    side = "high" if bias.value > 0 else "low"
    return f" On average predictions are {number(abs(bias.value))} too {side}."


def _unreliable(estimate: Estimate, data: ReportData) -> str:
    name, window = NAMES[estimate.metric].lower(), dates(estimate.window, data.timezone)
    return (
        f"Unreliable: {name} of {window}. A few large errors decide it, and the answers do not "
        "show enough of them: its interval may end too low."
    )
