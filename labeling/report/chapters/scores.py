"""Whether the model knows: scores against answers, and predicted numbers against people's."""

from __future__ import annotations

from labeling.estimates.amounts import NO_BREAK, number, percent
from labeling.estimates.calibration import Bin, Calibration, Pairs
from labeling.report.chart import ReliabilityChart, ScatterChart
from labeling.report.content import ReportData
from labeling.report.figure import Cell, DataTable, Figure, integer, plain, share

_MOST_POINTS = 1000


def score_figure(data: ReportData) -> Figure | None:
    """Show the share right against the score, or people's numbers against the predicted ones."""
    if data.calibration is not None:
        return _calibration(data, data.calibration)
    if data.pairs is not None and len(data.pairs.answered):
        return _numbers(data, data.pairs)
    return None


def _calibration(data: ReportData, of: Calibration) -> Figure:
    sentence = _claims(data, of)
    return Figure(
        anchor="calibration",
        title="Do scores mean what they say?",
        sentence=sentence,
        chart=ReliabilityChart(
            of.bins,
            across="score: the probability that the model gives its prediction",
            upward="right, according to people",
            alt=f"Share right against score. {sentence}",
        ),
        legend=[
            ("value", "share right (larger: more answers)"),
            ("interval", f"95{NO_BREAK}% interval, approximate"),
            ("diagonal", "as many right as the scores say"),
        ],
        funnel=data.funnel(data.of("all")),
        table=DataTable(
            ("scores from", "to", "mean score", "right", "low", "high", "answers"),
            [_bin_cells(one) for one in of.bins],
        ),
        is_half=True,
    )


def _claims(data: ReportData, of: Calibration) -> str:
    """Compare what scores say on average with what people found."""
    both = f"On average the scores say {percent(of.score)}; people found {percent(of.right)} right"
    overall = next((one for one in data.of("all") if one.metric == "accuracy"), None)
    if overall is None or overall.low is None or overall.high is None:
        return f"{both}."
    if of.score > overall.high:
        return f"{both}: the model is surer than it should be."
    if of.score < overall.low:
        return f"{both}: the model is better than it claims."
    return f"{both}: the answers show no difference between the two."


def _bin_cells(one: Bin) -> list[Cell]:
    right = (one.right.value, one.right.low, one.right.high)
    return [*(share(part) for part in (one.low, one.high, one.score, *right)), integer(one.answers)]


def _numbers(data: ReportData, of: Pairs) -> Figure:
    points = list(zip(of.predicted.tolist(), of.answered.tolist(), strict=True))
    shown = points[:_MOST_POINTS]
    lean = of.lean
    return Figure(
        anchor="numbers",
        title="What was predicted, and what people said",
        sentence=f"Each dot is one answered row; on the line both are the same. Weighted by the rows that each stands for, predictions were {number(abs(lean))} too {'high' if lean > 0 else 'low'} on average.",
        chart=ScatterChart(
            shown,
            across="predicted",
            upward="what people said",
            alt="People’s numbers against predicted ones.",
        ),
        notes=[f"{_MOST_POINTS:,} of {len(points):,} answered rows are drawn."]
        if len(points) > _MOST_POINTS
        else [],
        funnel=data.funnel(data.of("all")),
        table=DataTable(("predicted", "people said"), [(plain(x), plain(y)) for x, y in shown]),
        is_half=True,
    )
