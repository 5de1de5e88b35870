"""Which errors are made, and whether the model knows: predictions against answers, scores against both."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.estimates.calibration import Bin, Calibration, Pairs
from labeling.estimates.confusion import Confusion, ConfusionRow
from labeling.report.chapters.figure import (
    Cell,
    Figure,
    Matrix,
    MatrixCell,
    Table,
    integer,
    plain,
    share,
    text,
)
from labeling.report.content import ReportData
from labeling.report.drawing.charts import Axis, reliability, scatter
from labeling.report.drawing.svg import around
from labeling.report.wording import count, number, percent

_MOST_CLASSES = 12
_MOST_POINTS = 1000


def confusion_figure(data: ReportData) -> Figure | None:
    """Show the estimated shares of predictions by answer."""
    of = data.confusion
    if of is None or not any(one.answered for one in of.predicted):
        return None
    rows = sorted(of.predicted, key=lambda one: -one.rows)[:_MOST_CLASSES]
    rows.sort(key=lambda one: of.answers.index(one.label))
    named = {one.label for one in rows}
    answers = tuple(
        name for name in of.answers if name in named or len(of.answers) <= _MOST_CLASSES
    )
    left = len(of.predicted) - len(rows)
    return Figure(
        anchor="confusion",
        title="What was predicted, and what people said",
        sentence=_worst(of),
        matrix=Matrix(answers, [_matrix_row(one, of, answers) for one in rows]),
        notes=[f"{count(left, 'rarer class', 'rarer classes')}: only in the table."]
        if left > 0
        else [],
        funnel=data.funnel(data.of("all")),
        table=_confusion_table(of),
        is_half=True,
    )


def _matrix_row(
    one: ConfusionRow, of: Confusion, answers: Sequence[str]
) -> tuple[str, str, list[MatrixCell]]:
    weight = one.rows / of.rows
    cells = []
    for answer in answers:
        within = one.shares[of.answers.index(answer)] if one.shares else None
        if within is None:
            cells.append(MatrixCell("?", "", 0.0, is_right=answer == one.label))
            continue
        share_text = (
            percent(within * weight, 0 if within * weight >= 0.01 else 1) if within else "–"
        )
        cells.append(
            MatrixCell(
                share_text,
                percent(within) if within else "",
                within * weight,
                is_right=answer == one.label,
            )
        )
    return one.label, f"{one.rows:,} rows, {count(one.answered, 'answer')}", cells


def _worst(of: Confusion) -> str:
    """Say which error is the most frequent."""
    errors = [
        (within * one.rows / of.rows, one.label, answer)
        for one in of.predicted
        for answer, within in zip(of.answers, one.shares or (), strict=False)
        if answer != one.label and within > 0
    ]
    if not errors:
        return "People disagreed with no prediction that they were asked about."
    part, label, answer = max(errors)
    return f"The most frequent error: predicted “{label}” where people said “{answer}”, an estimated {percent(part, 1)} of all rows."


def _confusion_table(of: Confusion) -> Table:
    header = ("predicted", "rows", "answered", *(f"people said {name}" for name in of.answers))
    rows = [
        [text(one.label), integer(one.rows), integer(one.answered)]
        + [share(within * one.rows / of.rows) for within in one.shares or ()]
        for one in of.predicted
    ]
    return Table(header, rows)


def score_figure(data: ReportData) -> Figure | None:
    """Draw the share right against the score, or people's numbers against the predicted ones."""
    if data.calibration is not None:
        return _calibration(data, data.calibration)
    return _numbers(data, data.pairs) if data.pairs is not None and len(data.pairs.said) else None


def _calibration(data: ReportData, of: Calibration) -> Figure:
    sentence = _claims(data, of)
    return Figure(
        anchor="calibration",
        title="Do scores mean what they say?",
        sentence=sentence,
        picture=reliability(of, percent, alt=f"Share right against score. {sentence}"),
        across="score: the probability that the model gives its prediction",
        upward="right, according to people",
        legend=[
            ("value", "share right (larger: more answers)"),
            ("interval", "95\u00a0% interval, approximate"),
            ("diagonal", "as many right as the scores say"),
        ],
        funnel=data.funnel(data.of("all")),
        table=Table(
            ("scores from", "to", "mean score", "right", "low", "high", "answers"),
            [_bin_cells(one) for one in of.bins],
        ),
        is_half=True,
    )


def _claims(data: ReportData, of: Calibration) -> str:
    """Compare what scores say on average with what people found."""
    said = f"On average the scores say {percent(of.score)}; people found {percent(of.right)} right"
    overall = next((one for one in data.of("all") if one.metric == "accuracy"), None)
    if overall is None or overall.low is None or overall.high is None:
        return f"{said}."
    if of.score > overall.high:
        return f"{said}: the model is surer than it should be."
    if of.score < overall.low:
        return f"{said}: the model is better than it claims."
    return f"{said}: the answers show no difference between the two."


def _bin_cells(one: Bin) -> list[Cell]:
    found = (one.found.value, one.found.low, one.found.high)
    return [*(share(part) for part in (one.low, one.high, one.score, *found)), integer(one.answers)]


def _numbers(data: ReportData, of: Pairs) -> Figure:
    points = list(zip(of.predicted.tolist(), of.said.tolist(), strict=True))
    shown = points[:_MOST_POINTS]
    scale = around(
        [end for point in shown for end in point],
        floor=float("-inf"),
        ceiling=float("inf"),
        least=0.0,
    )
    lean = float((of.predicted - of.said).mean())
    notes = (
        [f"{_MOST_POINTS:,} of {len(points):,} answered rows are drawn."]
        if len(points) > _MOST_POINTS
        else []
    )
    return Figure(
        anchor="numbers",
        title="What was predicted, and what people said",
        sentence=f"Each dot is one answered row; on the line both are the same. In the sample, predictions were {number(abs(lean))} too {'high' if lean > 0 else 'low'} on average.",
        picture=scatter(shown, Axis(scale, number), "People’s numbers against predicted ones."),
        across="predicted",
        upward="what people said",
        notes=notes,
        funnel=data.funnel(data.of("all")),
        table=Table(("predicted", "people said"), [(plain(x), plain(y)) for x, y in shown]),
        is_half=True,
    )
