"""A chart as the page takes it: pictures as SVG, and words beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from labeling.estimates.amounts import percent
from labeling.report.chart import (
    BarChart,
    Chart,
    CountChart,
    IntervalChart,
    Matrix,
    MatrixCell,
    ReliabilityChart,
    RowList,
    ScatterChart,
    TimeChart,
)
from labeling.report.drawing.plots import bars, reliability, scatter
from labeling.report.drawing.strips import axis_strip, count_strip, strip
from labeling.report.drawing.time_axis import Clock, clock_of, folded
from labeling.report.drawing.time_plot import over_time, rug
from labeling.report.scale import Scale

_ROOMY = 8  # answers of a matrix, up to which a cell has room for two numbers


@dataclass(frozen=True, slots=True)
class StripRow:
    """A line of strips: words, a picture, words."""

    label: str
    picture: Markup
    text: str
    remark: str
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Strips:
    """Lines that share a scale, in groups."""

    axis: Markup | None
    groups: Sequence[tuple[str, Sequence[StripRow]]]
    header: tuple[str, str, str]  # of label, text and remark, for those who cannot see the picture


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """A cell of a matrix."""

    text: str
    within: str  # the share of the row
    shade: float  # the share of the row, within [0, 1]
    is_right: bool


@dataclass(frozen=True, slots=True)
class DrawnMatrix:
    """Predictions by answer."""

    answers: tuple[str, ...]
    rows: Sequence[tuple[str, str, Sequence[DrawnCell]]]  # (label, remark, cells)

    @property
    def is_large(self) -> bool:
        """Whether its cells hold one number each, for there is no room for two."""
        return len(self.answers) > _ROOMY


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A chart as pictures; those that it does not have are None or empty."""

    picture: Markup | None = None
    below: Markup | None = None
    across: str = ""  # what lies on the horizontal axis
    upward: str = ""  # what lies on the vertical one
    strips: Strips | None = None
    matrix: DrawnMatrix | None = None
    rows: RowList | None = None


def drawn(chart: Chart) -> Drawing:
    """Draw a chart."""
    match chart:
        case IntervalChart():
            return Drawing(strips=_intervals(chart))
        case CountChart():
            return Drawing(strips=_counts(chart))
        case RowList() | Matrix():
            return _listed(chart)
        case TimeChart():
            return _over_time(chart)
        case BarChart():
            return Drawing(picture=bars(chart, _clock(chart)))
        case ReliabilityChart() | ScatterChart():
            plot = reliability(chart) if isinstance(chart, ReliabilityChart) else scatter(chart)
            return Drawing(picture=plot, across=chart.across, upward=chart.upward)


def _listed(chart: RowList | Matrix) -> Drawing:
    return Drawing(rows=chart) if isinstance(chart, RowList) else Drawing(matrix=_matrix(chart))


def _intervals(chart: IntervalChart) -> Strips:
    scale = chart.axis.scale
    groups = [
        (
            title,
            [
                StripRow(
                    row.label,
                    strip(row.mark, scale, chart.lines),
                    row.text,
                    row.remark,
                    row.is_faint,
                )
                for row in rows
            ],
        )
        for title, rows in chart.groups
    ]
    return Strips(axis_strip(chart.axis), groups, chart.header)


def _counts(chart: CountChart) -> Strips:
    scale = Scale(0, chart.most or 1)
    rows = [
        StripRow(row.label, count_strip(row.counts, scale), row.text, row.remark)
        for row in chart.rows
    ]
    return Strips(None, [("", rows)], chart.header)


def _over_time(chart: TimeChart) -> Drawing:
    clock = folded(_clock(chart), (window.window for window in chart.wide))
    return Drawing(picture=over_time(chart, clock), below=rug(chart.asked, clock))


def _clock(chart: TimeChart | BarChart) -> Clock:
    clock = clock_of(chart.batches, chart.timezone)
    if clock is None:
        raise ValueError("a chart over time needs batches that are named after times")
    return clock


def _matrix(chart: Matrix) -> DrawnMatrix:
    rows = [(row.label, row.remark, [_cell(cell) for cell in row.cells]) for row in chart.rows]
    return DrawnMatrix(chart.answers, rows)


def _cell(cell: MatrixCell) -> DrawnCell:
    if cell.share is None or cell.within is None:
        return DrawnCell("?", "", 0.0, cell.is_right)
    if not cell.within:
        return DrawnCell("–", "", 0.0, cell.is_right)
    text = percent(cell.share, 0 if cell.share >= 0.01 else 1)
    return DrawnCell(text, percent(cell.within), cell.within, cell.is_right)
