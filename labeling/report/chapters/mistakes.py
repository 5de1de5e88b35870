"""Which errors are made: predictions against answers."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.answers.wrong_rows import WrongRow
from labeling.estimates.amounts import percent
from labeling.estimates.confusion import Confusion, ConfusionRow
from labeling.report.chart import Matrix, MatrixCell, MatrixRow, RowLine, RowList
from labeling.report.content import ReportData
from labeling.report.figure import Cell, DataTable, Figure, integer, plain, share, text
from labeling.report.frequent_classes import MOST_NAMED, most_frequent
from labeling.report.wording import count

_MOST_CLASSES = 20  # of the matrix that is drawn
_NARROW = 8  # classes, up to which the matrix fits beside another figure
_MOST_LINES = 40  # rows that are listed
_MOST_LETTERS = 300  # of a row as people saw it
_OTHERS = "another class"


def confusion_figure(data: ReportData) -> Figure | None:
    """Show the estimated shares of predictions by answer."""
    of = data.confusion
    if of is None or not any(one.answered for one in of.predicted):
        return None
    rows = most_frequent(of, _MOST_CLASSES)
    named = {one.label for one in rows}
    are_few = len(of.answers) <= _MOST_CLASSES
    answers = tuple(name for name in of.answers if name in named or are_few)
    left = len(of.predicted) - len(rows)
    return Figure(
        anchor="confusion",
        title="What was predicted, and what people said",
        sentence=_worst(of),
        chart=Matrix(answers, [_row(one, of, answers) for one in rows]),
        notes=[_left_out(left, data)] if left > 0 else [],
        funnel=data.funnel(data.of("all")),
        table=_table(of, tuple(one.label for one in most_frequent(of))),
        whole=_pairs(of) if _is_joined(of) else None,
        is_half=len(answers) <= _NARROW,
    )


def wrong_rows_figure(data: ReportData) -> Figure | None:
    """List rows that were predicted wrongly: of each its key, and what people said."""
    if not data.wrong:
        return None
    shown = [_line(one, data) for one in data.wrong[:_MOST_LINES]]
    more = len(data.wrong) - len(shown)
    first = "the largest error" if data.task == "regression" else "the most frequent confusion"
    return Figure(
        anchor="wrong",
        title="Rows that were predicted wrongly",
        sentence=f"Of the rows that people answered, {first} first.",
        chart=RowList(shown, has_shown=data.tells_rows),
        notes=[f"{count(more, 'more row')}: `recheck errors {data.file}` has all."] * (more > 0),
        funnel=data.funnel(data.of("all")),
        table=DataTable(
            ("key", "batch", "predicted", "people said", "people", "rows it stands for"),
            [
                [
                    *map(text, (one.key, one.batch, one.label, one.answer)),
                    integer(one.n_answers),
                    plain(one.weight),
                ]
                for one in data.wrong[:_MOST_LINES]
            ],
        ),
    )


def _line(one: WrongRow, data: ReportData) -> RowLine:
    seen = ", ".join(f"{name} {value}" for name, value in one.shown.items() if value is not None)
    shown = " ".join(seen.split()) if data.tells_rows else ""
    is_web = (one.task or "").startswith(("http://", "https://"))
    short = shown if len(shown) <= _MOST_LETTERS else f"{shown[: _MOST_LETTERS - 1]}…"
    task = one.task if is_web else None
    return RowLine(one.key, one.batch, one.label, one.answer, one.n_answers, short, task)


def _row(predicted: ConfusionRow, of: Confusion, answers: Sequence[str]) -> MatrixRow:
    weight = predicted.rows / of.rows
    within = [predicted.shares.get(name, 0.0) if predicted.shares else None for name in answers]
    cells = [
        MatrixCell(None if part is None else part * weight, part, is_right=name == predicted.label)
        for name, part in zip(answers, within, strict=True)
    ]
    return MatrixRow(
        predicted.label, f"{predicted.rows:,} rows, {count(predicted.answered, 'answer')}", cells
    )


def _worst(of: Confusion) -> str:
    """Name the most frequent error."""
    whole = of.rows
    errors = [
        (within * one.rows / whole, one.label, answer)
        for one in of.predicted
        for answer, within in (one.shares or {}).items()
        if answer != one.label and within > 0
    ]
    if not errors:
        return "People disagreed with no prediction that they were asked about."
    part, label, answer = max(errors)
    return f"The most frequent error: predicted “{label}” where people said “{answer}”, an estimated {percent(part, 1)} of all rows."


def _left_out(left: int, data: ReportData) -> str:
    of, words = data.confusion, count(left, "rarer class", "rarer classes")
    if of is None or not _is_joined(of):
        return f"{words}: only in the table."
    return f"{words}: in the table beyond {MOST_NAMED} as one, and whole in `recheck report {data.file} --json`."


def _is_joined(of: Confusion) -> bool:
    return len(of.answers) > MOST_NAMED


def _table(of: Confusion, named: tuple[str, ...]) -> DataTable:
    """Return the matrix as a table; of many classes the most frequent ones, and the rest as one."""
    whole, is_joined = of.rows, _is_joined(of)
    answers = named if is_joined else of.answers
    lines = [(one.label, [one]) for one in of.predicted if one.label in answers]
    rest = [one for one in of.predicted if one.label not in answers]
    lines += [(_OTHERS, rest)] if rest else []
    rows = [_cells(label, members, answers, whole) for label, members in lines]
    header = ("predicted", "rows", "answered", *(f"people said {name}" for name in answers))
    if not is_joined:
        return DataTable(header, rows)
    rows = [
        [*cells, *_said_else(members, answers, whole)]
        for cells, (_, members) in zip(rows, lines, strict=True)
    ]
    return DataTable((*header, f"people said {_OTHERS}"), rows)


def _cells(
    label: str, members: Sequence[ConfusionRow], answers: Sequence[str], whole: int
) -> list[Cell]:
    """Return a row of the table: of one class, or of several together."""
    head = [
        text(label),
        integer(sum(one.rows for one in members)),
        integer(sum(one.answered for one in members)),
    ]
    known = [one for one in members if one.shares]
    if not known:
        return head
    return head + [
        share(sum((one.shares or {}).get(name, 0.0) * one.rows / whole for one in known))
        for name in answers
    ]


def _said_else(members: Sequence[ConfusionRow], answers: Sequence[str], whole: int) -> list[Cell]:
    """Return the share of all rows of which people said something else, if anything was answered."""
    others = [
        within * one.rows / whole
        for one in members
        for answer, within in (one.shares or {}).items()
        if answer not in answers
    ]
    return [share(sum(others))] if any(one.shares for one in members) else []


def _pairs(of: Confusion) -> DataTable:
    """Return every cell that is not 0, a row each."""
    whole = of.rows
    rows = [
        [
            *(text(one.label), integer(one.rows), integer(one.answered), text(answer)),
            share(within * one.rows / whole),
        ]
        for one in of.predicted
        for answer, within in (one.shares or {}).items()
        if within
    ]
    return DataTable(("predicted", "rows", "answered", "people said", "share"), rows)
