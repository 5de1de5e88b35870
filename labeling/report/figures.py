"""What the page is made of: a finding in words, a picture, the way of its rows, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from labeling.history import Estimate
from labeling.report.material import Material, Walk
from labeling.report.wording import amount, number


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
    walk: Walk | None = None
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


def estimates_table(estimates: Sequence[Estimate], material: Material) -> Table:
    """Return estimates with all that `recheck estimate --json` says of them."""
    has_truth = any(material.truth(one) is not None for one in estimates)
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
        header, [_cells(one, material, has_size=has_size, has_truth=has_truth) for one in estimates]
    )


def _cells(one: Estimate, material: Material, *, has_size: bool, has_truth: bool) -> list[Cell]:
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
        cells.append(exact(one.metric, material.truth(one)))
    return cells
