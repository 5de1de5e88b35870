"""A section of the report as data: sentence, chart, funnel and table, without any markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labeling.estimates.amounts import NUMBERS
from labeling.estimates.estimate import Estimate
from labeling.report.chart import Chart
from labeling.report.content import Funnel, ReportData


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a table, exact, and how people read it; None is unknown."""

    value: str | float | None
    unit: Literal["text", "count", "share", "number"]


@dataclass(frozen=True, slots=True)
class DataTable:
    """The numbers behind a chart."""

    header: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One finding: a sentence, the chart that shows it, the funnel of its rows, its numbers."""

    anchor: str
    title: str
    chart: Chart
    funnel: Funnel
    table: DataTable
    whole: DataTable | None = None  # for JSON, where the table of the page leaves rows out
    sentence: str = ""
    legend: Sequence[tuple[str, str]] = ()  # (kind of mark, words)
    notes: Sequence[str] = ()
    is_half: bool = False  # fits beside another one


def text(value: str | None) -> Cell:
    """Return a cell of words."""
    return Cell(value, "text")


def integer(value: int) -> Cell:
    """Return a cell with a count."""
    return Cell(value, "count")


def exact(metric: str, value: float | None) -> Cell:
    """Return a cell with a metric's value."""
    return Cell(value, "number" if metric in NUMBERS else "share")


def share(value: float | None) -> Cell:
    """Return a cell with a share."""
    return Cell(value, "share")


def plain(value: float | None) -> Cell:
    """Return a cell with any number."""
    return Cell(value, "number")


def estimates_table(estimates: Sequence[Estimate], data: ReportData) -> DataTable:
    """Return estimates with all that `recheck estimate --json` has of them."""
    has_truth = any(data.truth(one) is not None for one in estimates)
    has_size = any(one.largest is not None for one in estimates)
    header: tuple[str, ...] = ("metric", "class", "window", "cohort", "version")
    header += ("value", "low", "high", "standard error", "if missing wrong", "if missing right")
    header += ("rows", "covered", "asked", "answered")
    header += ("largest answer",) * has_size + ("known truth",) * has_truth
    rows = [
        [
            *_cells(one),
            *[share(one.largest)] * has_size,
            *[exact(one.metric, data.truth(one))] * has_truth,
        ]
        for one in estimates
    ]
    return DataTable(header, rows)


def _cells(one: Estimate) -> list[Cell]:
    names = (one.metric, one.class_, one.window, one.cohort, one.version)
    missing = (one.value_if_missing_wrong, one.value_if_missing_right)
    values = (one.value, one.low, one.high, one.stderr, *missing)
    counts = (one.rows, one.rows_covered, one.n_asked, one.n_answered)
    return [
        *map(text, names),
        *(exact(one.metric, value) for value in values),
        *map(integer, counts),
    ]
