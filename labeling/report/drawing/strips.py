"""One estimate or count per line, as a small picture beside words that say the same."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from labeling.report.chart import NO_LINES, Axis, Counts, IntervalMark, Lines
from labeling.report.drawing.frame import writer
from labeling.report.drawing.svg import arrow, box, diamond, dot, line, picture, words
from labeling.report.scale import Scale


def strip(mark: IntervalMark, scale: Scale, lines: Lines = NO_LINES) -> Markup:
    """Draw one estimate on a line.

    Args:
        mark: the estimate.
        scale: of the line, from left to right.
        lines: levels that are drawn across it.

    Returns:
        The picture, an ornament beside words.
    """
    parts = [line("grid", (scale.at(tick), 0), (scale.at(tick), 1)) for tick in scale.ticks(5)]
    for kind, level in (("overall", lines.overall), ("limit", lines.limit)):
        if level is not None:
            parts.append(line(kind, (scale.at(level), 0), (scale.at(level), 1)))
    if mark.low is not None and mark.high is not None:
        parts.append(line("interval", (scale.at(mark.low), 0.5), (scale.at(mark.high), 0.5)))
    if mark.worst is not None and mark.best is not None:
        parts += _bracket(mark.worst, mark.best, scale)
    if mark.value is not None:
        place = (scale.at(mark.value), 0.5)
        parts.append(_beyond("value", mark.value, scale) or dot("value", place, 4))
    if mark.truth is not None:
        place = (scale.at(mark.truth), 0.5)
        parts.append(_beyond("truth", mark.truth, scale) or diamond("truth", place))
    return picture("strip", None, parts)


def count_strip(counts: Counts, scale: Scale) -> Markup:
    """Draw counts as a bar from the left."""
    boxes, base = [], 0
    for kind, rows in counts:
        boxes.append(box(kind, (scale.at(base), scale.at(base + rows)), (0.2, 0.8)))
        base += rows
    return picture("strip", None, boxes)


def axis_strip(axis: Axis) -> Markup:
    """Write the values of the axis that strips share."""
    write = writer(axis.unit)
    parts = [
        words(
            "middle minor" if place % 2 else "middle",
            (axis.scale.at(tick), 0.5),
            write(tick),
            dy="0.35em",
        )
        for place, tick in enumerate(axis.scale.ticks(5))
    ]
    return picture("strip axis", None, parts)


def _beyond(kind: str, value: float, scale: Scale) -> Markup | None:
    """Draw an arrow at the end of the line instead of a value beyond it; None for any other."""
    if not scale.is_beyond(value):
        return None
    return arrow(kind, (scale.at(value), 0.5), turned=0 if value > scale.high else 180)


def _bracket(worst: float, best: float, scale: Scale) -> Iterator[Markup]:
    """Draw a range below the line, with an end at each side, so that it is seen beside the interval.

    A side that lies beyond the line has no end there.
    """
    yield line("missing", (scale.at(worst), 0.86), (scale.at(best), 0.86))
    for side in (worst, best):
        if not scale.is_beyond(side):
            yield line("missing-end", (scale.at(side), 0.68), (scale.at(side), 0.98))
