"""Charts as data: values, windows and plain words. How they look is the business of `drawing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labeling.estimates.calibration import Bin
from labeling.report.scale import Scale

Unit = Literal["share", "number"]  # a share within [0, 1], or the unit of what is predicted
Asked = Literal["answered", "asked", "unasked"]  # what became of a window that was scored
Counts = tuple[tuple[str, int], ...]  # (kind of rows, how many), the lowest of a stack first


@dataclass(frozen=True, slots=True)
class IntervalMark:
    """An estimated value with its interval; None is unknown, and not drawn."""

    value: float | None
    low: float | None = None
    high: float | None = None
    worst: float | None = None  # if the missing answers all spoke against it
    best: float | None = None
    truth: float | None = None

    @property
    def ends(self) -> tuple[float | None, ...]:
        """All values that a scale must hold."""
        return self.value, self.low, self.high, self.worst, self.best, self.truth


@dataclass(frozen=True, slots=True)
class Lines:
    """Levels that marks are compared with."""

    overall: float | None = None
    limit: float | None = None  # that an alert watches


NO_LINES = Lines()


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale, and the unit of its values."""

    scale: Scale
    unit: Unit


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """An estimate on a line of its own."""

    label: str
    mark: IntervalMark
    text: str = ""  # value and interval in words
    remark: str = ""
    is_faint: bool = False  # rests on few answers


@dataclass(frozen=True, slots=True)
class IntervalChart:
    """Estimates on one axis, in titled groups."""

    axis: Axis
    groups: Sequence[tuple[str, Sequence[IntervalRow]]]
    header: tuple[str, str, str]  # of label, text and remark
    lines: Lines = NO_LINES


@dataclass(frozen=True, slots=True)
class CountRow:
    """Counts of rows on a line of their own."""

    label: str
    counts: Counts
    text: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class CountChart:
    """Counts, one line below the other."""

    rows: Sequence[CountRow]
    header: tuple[str, str, str]  # of label, text and remark
    most: int  # rows of the longest line, drawn or not


@dataclass(frozen=True, slots=True)
class WindowMark:
    """An estimate of a window."""

    window: str
    mark: IntervalMark
    text: str  # shown where somebody points at it
    label: str = ""  # shown above


@dataclass(frozen=True, slots=True)
class AskedWindow:
    """A window that was scored, and whether people were asked about it and answered."""

    window: str
    state: Asked
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeChart:
    """An estimate over time: of long windows and of short ones."""

    fine: Sequence[WindowMark]
    wide: Sequence[WindowMark]
    axis: Axis
    lines: Lines
    asked: Sequence[AskedWindow]
    batches: Sequence[str]  # their names, between which time runs
    timezone: str
    alt: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Counts of rows of a window, as a stack."""

    window: str
    counts: Counts
    text: str  # shown where somebody points at it


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Counts over time."""

    bars: Sequence[Bar]
    batches: Sequence[str]  # their names, between which time runs
    timezone: str
    alt: str


@dataclass(frozen=True, slots=True)
class ReliabilityChart:
    """The share right against the score; on the diagonal they are the same."""

    bins: Sequence[Bin]
    across: str  # what lies on the horizontal axis
    upward: str  # what lies on the vertical one
    alt: str


@dataclass(frozen=True, slots=True)
class ScatterChart:
    """People's numbers against the predicted ones."""

    points: Sequence[tuple[float, float]]  # (predicted, people's)
    across: str
    upward: str
    alt: str


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """The rows predicted as one class that have one answer."""

    share: float | None  # of all rows, estimated; None where none of the class was answered
    within: float | None  # of the rows predicted as the class
    is_right: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """The rows predicted as one class."""

    label: str
    remark: str
    cells: Sequence[MatrixCell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Predictions by answer."""

    answers: tuple[str, ...]
    rows: Sequence[MatrixRow]


@dataclass(frozen=True, slots=True)
class RowLine:
    """A row that was predicted wrongly, as far as a page may tell of it."""

    key: str
    batch: str
    predicted: str
    said: str  # by people
    people: int
    shown: str  # the row as people saw it, empty where the page does not tell
    task: str | None  # the address at which it was asked


@dataclass(frozen=True, slots=True)
class RowList:
    """Rows, one below the other."""

    rows: Sequence[RowLine]
    has_shown: bool


Chart = (
    IntervalChart
    | CountChart
    | TimeChart
    | BarChart
    | ReliabilityChart
    | ScatterChart
    | Matrix
    | RowList
)
