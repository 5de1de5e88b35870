"""The ground of a plot: its grid, and the words along its axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from markupsafe import Markup

from labeling.estimates.amounts import number, percent
from labeling.report.chart import Axis, Unit
from labeling.report.drawing.svg import line, words
from labeling.report.drawing.time_axis import Clock

MANY = 100  # marks, above which each is drawn thinner


def writer(unit: Unit) -> Callable[[float], str]:
    """Return how values of a unit are written along an axis."""
    return percent if unit == "share" else number


def frame(axis: Axis, most: int = 6) -> Iterator[Markup]:
    """Draw a grid of levels with their values, so many at most."""
    write = writer(axis.unit)
    for tick in axis.scale.ticks(most):
        y = 1 - axis.scale.at(tick)
        yield line("grid", (0, y), (1, y))
        yield words("left", (0, y), write(tick), dx="-0.6em", dy="0.35em")


def values_below(axis: Axis) -> Iterator[Markup]:
    """Write the values of an axis below a plot."""
    write = writer(axis.unit)
    for tick in axis.scale.ticks(5):
        yield words("below", (axis.scale.at(tick), 1), write(tick), dy="1.7em")


def times_below(clock: Clock) -> Iterator[Markup]:
    """Write round times below a plot, with a line up from each."""
    for tick in clock.ticks():
        yield line("tick", (tick.at, 0), (tick.at, 1))
        kind = "below minor" if tick.is_minor else "below"
        yield words(kind, (tick.at, 1), tick.text, dy="1.7em")


def dense(kind: str, marks: int) -> str:
    """Return the class of a picture, in which many marks have no outlines."""
    return f"{kind} dense" if marks > MANY else kind


def narrowed(place: tuple[float, float], marks: int) -> tuple[float, float]:
    """Leave a little room at both sides of a window; among many marks none, and no seams."""
    gap = -0.05 if marks > MANY else 0.1  # below 0 they overlap a little
    free = (place[1] - place[0]) * gap
    return place[0] + free, place[1] - free
