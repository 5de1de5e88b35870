"""Which errors are made: predictions against answers."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.estimates.amounts import percent
from labeling.estimates.confusion import Confusion, ConfusionRow
from labeling.report.chart import Matrix, MatrixCell, MatrixRow
from labeling.report.content import ReportData
from labeling.report.figure import DataTable, Figure, integer, share, text
from labeling.report.wording import count

_MOST_CLASSES = 12


def confusion_figure(data: ReportData) -> Figure | None:
    """Show the estimated shares of predictions by answer."""
    of = data.confusion
    if of is None or not any(one.answered for one in of.predicted):
        return None
    rows = sorted(of.predicted, key=lambda one: -one.rows)[:_MOST_CLASSES]
    rows.sort(key=lambda one: of.answers.index(one.label))
    named = {one.label for one in rows}
    are_few = len(of.answers) <= _MOST_CLASSES
    answers = tuple(name for name in of.answers if name in named or are_few)
    left = len(of.predicted) - len(rows)
    return Figure(
        anchor="confusion",
        title="What was predicted, and what people said",
        sentence=_worst(of),
        chart=Matrix(answers, [_row(one, of, answers) for one in rows]),
        notes=[f"{count(left, 'rarer class', 'rarer classes')}: only in the table."]
        if left > 0
        else [],
        funnel=data.funnel(data.of("all")),
        table=_table(of),
        is_half=True,
    )


def _row(predicted: ConfusionRow, of: Confusion, answers: Sequence[str]) -> MatrixRow:
    weight = predicted.rows / of.rows
    within = [
        predicted.shares[of.answers.index(name)] if predicted.shares else None for name in answers
    ]
    cells = [
        MatrixCell(None if part is None else part * weight, part, is_right=name == predicted.label)
        for name, part in zip(answers, within, strict=True)
    ]
    return MatrixRow(
        predicted.label, f"{predicted.rows:,} rows, {count(predicted.answered, 'answer')}", cells
    )


def _worst(of: Confusion) -> str:
    """Name the most frequent error."""
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


def _table(of: Confusion) -> DataTable:
    header = ("predicted", "rows", "answered", *(f"people said {name}" for name in of.answers))
    rows = [
        [text(one.label), integer(one.rows), integer(one.answered)]
        + [share(within * one.rows / of.rows) for within in one.shares or ()]
        for one in of.predicted
    ]
    return DataTable(header, rows)
