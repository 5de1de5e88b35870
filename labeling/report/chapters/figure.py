"""What the page is made of: a finding in words, a picture, the way of its rows, and the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from labeling.estimates.estimate import Estimate
from labeling.report.content import ERRORS, Funnel, ReportData, is_answered_enough
from labeling.report.drawing.charts import Axis, IntervalMark, Lines, strip
from labeling.report.drawing.svg import around
from labeling.report.wording import amount, count, dates, interval, number, percent

_USUAL, _STRETCH = 0.95, 2.5  # an axis of errors ends at so many times the value of that rank


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of a table, with the number behind them."""

    text: str
    exact: str | None = None  # as `recheck estimate --json` writes it


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers behind a picture."""

    header: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a picture: words, a mark, words."""

    label: str
    mark: Markup
    words: str
    remark: str
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Strips:
    """Lines that share a scale, in groups."""

    axis: Markup | None
    groups: Sequence[tuple[str, Sequence[Row]]]
    header: tuple[str, str, str]  # of label, words and remark, for those who cannot see the picture


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """An estimated share of all rows."""

    text: str
    within: str  # the share of the row
    shade: float  # within [0, 1]
    is_right: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Predictions by answer."""

    answers: tuple[str, ...]
    rows: Sequence[tuple[str, str, Sequence[MatrixCell]]]  # (label, remark, cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One finding."""

    anchor: str
    title: str
    sentence: str = ""
    picture: Markup | None = None
    below: Markup | None = None
    across: str = ""  # what lies on the horizontal axis
    upward: str = ""  # what lies on the vertical one
    strips: Strips | None = None
    matrix: Matrix | None = None
    legend: Sequence[tuple[str, str]] = ()  # (class name of the mark, words)
    notes: Sequence[str] = ()
    funnel: Funnel | None = None
    table: Table | None = None
    is_half: bool = False  # fits beside another one


def text(value: str | None) -> Cell:
    """Return a cell of words."""
    return Cell("–" if value is None else value)


def integer(value: int) -> Cell:
    """Return a cell with a count."""
    return Cell(f"{value:,}", str(value))


def exact(metric: str, value: float | None) -> Cell:
    """Return a cell with a metric's value."""
    return text(None) if value is None else Cell(amount(metric, value, 1), repr(value))


def share(value: float | None) -> Cell:
    """Return a cell with a share."""
    return exact("accuracy", value)


def plain(value: float | None) -> Cell:
    """Return a cell with any number."""
    return text(None) if value is None else Cell(number(value), repr(value))


def estimates_table(estimates: Sequence[Estimate], data: ReportData) -> Table:
    """Return estimates with all that `recheck estimate --json` says of them."""
    has_truth = any(data.truth(one) is not None for one in estimates)
    has_size = any(one.largest is not None for one in estimates)
    header: tuple[str, ...] = (
        "metric",
        "class",
        "window",
        "cohort",
        "version",
        "value",
        "low",
        "high",
    )
    header += ("standard error", "if missing wrong", "if missing right")
    header += ("rows", "covered", "asked", "answered")
    header += ("largest answer",) * has_size + ("known truth",) * has_truth
    return Table(
        header, [_cells(one, data, has_size=has_size, has_truth=has_truth) for one in estimates]
    )


def _cells(one: Estimate, data: ReportData, *, has_size: bool, has_truth: bool) -> list[Cell]:
    values = (
        one.value,
        one.low,
        one.high,
        one.stderr,
        one.value_if_missing_wrong,
        one.value_if_missing_right,
    )
    cells = [
        text(one.metric),
        text(one.class_),
        text(one.window),
        text(one.cohort),
        text(one.version),
    ]
    cells += [exact(one.metric, value) for value in values]
    cells += [integer(rows) for rows in (one.rows, one.rows_covered, one.n_asked, one.n_answered)]
    if has_size:
        cells.append(share(one.largest))
    if has_truth:
        cells.append(exact(one.metric, data.truth(one)))
    return cells


_FEW = 10  # answers, below which a row is drawn faint


_PLAIN = Lines()


def mark_of(one: Estimate, data: ReportData) -> IntervalMark:
    """Return what is drawn of an estimate; the range of missing answers only where it leads."""
    truth = data.truth(one)
    if one.value is None:
        return IntervalMark(None)
    if is_answered_enough(one):
        return IntervalMark(one.value, one.low, one.high, truth=truth)
    worst, best = one.value_if_missing_wrong, one.value_if_missing_right
    return IntervalMark(one.value, one.low, one.high, worst, best, truth)


def lines_of(data: ReportData, period: str, overall: Estimate | None = None) -> Lines:
    """Return what marks of the leading metric are held against."""
    watched = (
        line.below if line.below is not None else line.above
        for line in data.lines
        if (line.metric, line.class_) == data.leading
        if line.cohort is None and line.period == period
    )
    return Lines(overall.value if overall else None, next(watched, None))


def axis_of(metric: str, marks: Iterable[IntervalMark], lines: Lines = _PLAIN) -> Axis:
    """Return an axis that holds all marks; of errors, which nothing bounds, nearly all."""
    found = list(marks)
    ends = [lines.overall, lines.limit, *(end for one in found for end in one.ends)]
    if metric in ERRORS:
        values = sorted(one.value for one in found if one.value is not None)
        usual = values[int(_USUAL * (len(values) - 1))] if values else 1.0
        shown = [min(end, _STRETCH * usual) for end in ends if end is not None]
        return Axis(around(shown, floor=0, ceiling=float("inf"), least=usual / 5), number)
    return Axis(around(ends, floor=0, ceiling=1, least=0.2), percent)


def cut_off(marks: Iterable[IntervalMark], axis: Axis) -> list[str]:
    """Say how many values lie beyond the axis."""
    beyond = sum(one.value is not None and one.value > axis.scale.high for one in marks)
    return (
        [f"{count(beyond, 'value')} beyond the upper edge, drawn on it; the table has all."]
        if beyond
        else []
    )


def row(label: str, one: Estimate, data: ReportData, axis: Axis, lines: Lines = _PLAIN) -> Row:
    """Return an estimate as a line of a picture."""
    return Row(
        label=label,
        mark=strip(mark_of(one, data), axis.scale, lines),
        words=interval(one) + ("" if one.reliable else " – unreliable"),
        remark=count(one.n_answered, "answer"),
        is_faint=one.n_answered < _FEW,
    )


def legend(marks: Iterable[IntervalMark], lines: Lines = _PLAIN) -> list[tuple[str, str]]:
    """Explain the marks of these marks: (class name, words)."""
    found = list(marks)
    known = [
        ("value", "estimate", True),
        ("interval", "95\u00a0% interval", any(one.low is not None for one in found)),
        (
            "missing",
            "range that missing answers leave",
            any(one.worst is not None for one in found),
        ),
        ("truth", "known truth", any(one.truth is not None for one in found)),
        ("overall", "all rows", lines.overall is not None),
        ("limit", "line of an alert", lines.limit is not None),
    ]
    return [(kind, words) for kind, words, is_shown in known if is_shown]


def hover_text(one: Estimate, data: ReportData) -> str:
    """Return an estimate in a line, for those who point at its mark."""
    truth = data.truth(one)
    known = f"; known truth {amount(one.metric, truth, 1)}" if truth is not None else ""
    when = dates(one.window, data.timezone)
    return f"{when}: {interval(one)}, {one.n_answered:,} of {one.n_asked:,} answered{known}"
