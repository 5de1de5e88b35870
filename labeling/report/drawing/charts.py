"""The pictures: values with their intervals, beside words or over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from labeling.estimates.calibration import Calibration
from labeling.report.drawing.svg import Scale, box, diamond, dot, line, picture, upright, words
from labeling.report.drawing.time_axis import Clock

ValueText = Callable[[float], str]  # a value in words, for an axis
_MANY = 100  # marks, above which each is drawn thinner
_BESIDE = 0.3  # of a window's width: where the truth stands, beside the estimate


@dataclass(frozen=True, slots=True)
class IntervalMark:
    """A value with what is known of its truth; None is unknown, and not drawn."""

    value: float | None
    low: float | None = None
    high: float | None = None
    worst: float | None = None  # if the missing answers all spoke against it
    best: float | None = None
    truth: float | None = None

    @property
    def ends(self) -> tuple[float | None, ...]:
        """All that a scale must hold."""
        return self.value, self.low, self.high, self.worst, self.best, self.truth


@dataclass(frozen=True, slots=True)
class WindowMark:
    """The mark of a window, from one share of the width to another."""

    place: tuple[float, float]
    interval: IntervalMark
    text: str  # shown where somebody points at it
    label: str = ""  # shown above


@dataclass(frozen=True, slots=True)
class Lines:
    """Levels that all marks are held against."""

    overall: float | None = None
    limit: float | None = None  # that an alert watches


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale with its values in words."""

    scale: Scale
    text: ValueText


@dataclass(frozen=True, slots=True)
class Bar:
    """A stack of counts, the lowest first."""

    place: tuple[float, float]
    parts: tuple[tuple[str, float], ...]  # (class name, rows)
    text: str  # shown where somebody points at it


def strip(mark: IntervalMark, scale: Scale, lines: Lines = Lines()) -> Markup:
    """Draw one interval on a line; words beside it say the same."""
    parts = [line("grid", (scale.at(tick), 0), (scale.at(tick), 1)) for tick in scale.ticks(5)]
    for kind, level in (("overall", lines.overall), ("limit", lines.limit)):
        if level is not None:
            parts.append(line(kind, (scale.at(level), 0), (scale.at(level), 1)))
    if mark.low is not None and mark.high is not None:
        parts.append(line("interval", (scale.at(mark.low), 0.5), (scale.at(mark.high), 0.5)))
    if mark.worst is not None and mark.best is not None:
        parts += _bracket(scale.at(mark.worst), scale.at(mark.best))
    if mark.value is not None:
        parts.append(dot("value", scale.at(mark.value), 0.5, 4))
    if mark.truth is not None:
        parts.append(diamond("truth", scale.at(mark.truth), 0.5))
    return picture("strip", None, parts)


def _bracket(start: float, end: float) -> Iterator[Markup]:
    """A range below the line, with an end at each side, so that it is seen beside the interval."""
    yield line("missing", (start, 0.86), (end, 0.86))
    for side in (start, end):
        yield line("missing-end", (side, 0.68), (side, 0.98))


def bar_strip(parts: Sequence[tuple[str, float]], scale: Scale) -> Markup:
    """Draw counts as a bar from the left: (class name, rows)."""
    boxes, base = [], 0.0
    for kind, rows in parts:
        boxes.append(box(kind, (scale.at(base), scale.at(base + rows)), (0.2, 0.8)))
        base += rows
    return picture("strip", None, boxes)


def labels(axis: Axis) -> Markup:
    """Draw the labels that strips share."""
    parts = [
        words(
            "middle minor" if place % 2 else "middle",
            axis.scale.at(tick),
            0.5,
            axis.text(tick),
            dy="0.35em",
        )
        for place, tick in enumerate(axis.scale.ticks(5))
    ]
    return picture("strip axis", None, parts)


def over_time(
    fine: Sequence[WindowMark],
    wide: Sequence[WindowMark],
    axis: Axis,
    clock: Clock,
    lines: Lines,
    *,
    alt: str,
) -> Markup:
    """Draw windows by time: wide ones as bands, fine ones as dots with whiskers.

    A window without a value leaves a gap.
    """
    scale = axis.scale
    parts = [*_folds(clock), *_frame(axis), *_below(clock)]
    for kind, level in (("overall", lines.overall), ("limit", lines.limit)):
        if level is not None:
            parts.append(line(kind, (0, 1 - scale.at(level)), (1, 1 - scale.at(level))))
    for mark in wide:
        parts += _band(mark, scale)
    kind = "fine" if len(fine) > _MANY else "coarse"
    for mark in fine:
        parts += _whisker(mark, scale, kind)
    for mark in wide:
        parts += _head(mark, scale, crowded=len(wide) > 8)
    return picture("plot tall", alt, parts)


def _folds(clock: Clock) -> Iterator[Markup]:
    """Stretches of time that are drawn narrow, with how long they last."""
    for begin, end in clock.folds:
        place, days = (clock.at(begin), clock.at(end)), round((end - begin) / timedelta(days=1))
        lasted = f"{days // 7} weeks" if days >= 14 else f"{days} days"
        yield box("fold", place, (0, 1), f"{lasted} in which nobody was asked")
        yield upright("lasted", sum(place) / 2, 0.5, f"{lasted} not asked")


def _band(mark: WindowMark, scale: Scale) -> Iterator[Markup]:
    """A band from low to high, with a level at the value."""
    found = mark.interval
    if found.value is None:
        return
    if found.worst is not None and found.best is not None:
        yield box(
            "missing-band",
            mark.place,
            (1 - scale.at(found.best), 1 - scale.at(found.worst)),
            mark.text,
        )
    if found.low is not None and found.high is not None:
        yield box(
            "band", mark.place, (1 - scale.at(found.high), 1 - scale.at(found.low)), mark.text
        )


def _head(mark: WindowMark, scale: Scale, *, crowded: bool) -> Iterator[Markup]:
    """The band's value, its label and the truth, over all that is drawn."""
    found = mark.interval
    if found.value is None:
        return
    level, middle = 1 - scale.at(found.value), sum(mark.place) / 2
    yield line("level", (mark.place[0], level), (mark.place[1], level), mark.text)
    if found.truth is not None:
        known = 1 - scale.at(found.truth)
        yield line(
            "truth-level",
            (mark.place[0], known),
            (mark.place[1], known),
            f"known truth, {mark.text}",
        )
    if mark.label:
        yield words("label minor" if crowded else "label", middle, 0, mark.label, dy="-0.6em")


def _whisker(mark: WindowMark, scale: Scale, kind: str) -> Iterator[Markup]:
    """A dot and its interval; what missing answers leave is drawn once, by the bands."""
    found, x = mark.interval, sum(mark.place) / 2
    if found.value is None:
        return
    if found.low is not None and found.high is not None:
        yield line(
            f"whisker {kind}",
            (x, 1 - scale.at(found.low)),
            (x, 1 - scale.at(found.high)),
            mark.text,
        )
    yield dot(
        f"value {kind}", x, 1 - scale.at(found.value), 2.2 if kind == "fine" else 3.2, mark.text
    )
    if found.truth is not None:
        beside = x + _BESIDE * (mark.place[1] - mark.place[0])
        yield diamond(
            f"truth {kind}", beside, 1 - scale.at(found.truth), f"known truth, {mark.text}"
        )


def rug(places: Sequence[tuple[tuple[float, float], str, str]], alt: str) -> Markup:
    """Draw one small box per window: (place, class name, words)."""
    gap = _gap(len(places))
    return picture(
        _dense("plot rug", len(places)),
        alt,
        [box(kind, _narrowed(place, gap), (0, 1), text) for place, kind, text in places],
    )


def bars(stacks: Sequence[Bar], clock: Clock, text_of: ValueText, *, alt: str) -> Markup:
    """Draw counts by time."""
    top = max((sum(rows for _, rows in bar.parts) for bar in stacks), default=0)
    scale = Scale(0, top or 1)
    parts = [*_frame(Axis(scale, text_of), most=3), *_below(clock)]
    gap = _gap(len(stacks))
    for bar in stacks:
        base = 0.0
        for kind, rows in bar.parts:
            if rows:
                ends = (1 - scale.at(base + rows), 1 - scale.at(base))
                parts.append(box(kind, _narrowed(bar.place, gap), ends, bar.text))
            base += rows
    return picture(_dense("plot short", len(stacks)), alt, parts)


def reliability(of: Calibration, text_of: ValueText, alt: str) -> Markup:
    """Draw the share right against the score; on the diagonal they are the same."""
    known = [
        end
        for one in of.bins
        for end in (one.score, one.found.low, one.found.high)
        if end is not None
    ]
    low = math.floor(min(known) * 10) / 10
    scale = Scale(min(low, 0.9), 1.0)
    axis = Axis(scale, text_of)
    parts = [*_frame(axis), *_ticked(axis), line("diagonal", (0, 1), (1, 0))]
    most = max(one.answers for one in of.bins)
    for one in of.bins:
        x, found = scale.at(one.score), one.found
        if found.value is None or found.low is None or found.high is None:
            continue
        words_for = f"scores around {text_of(one.score)}: {text_of(found.value)} right, from {one.answers} answers"
        parts.append(
            line(
                "whisker coarse",
                (x, 1 - scale.at(found.low)),
                (x, 1 - scale.at(found.high)),
                words_for,
            )
        )
        parts.append(
            dot(
                "value",
                x,
                1 - scale.at(found.value),
                3 + 4 * math.sqrt(one.answers / most),
                words_for,
            )
        )
    return picture("plot square", alt, parts)


def scatter(points: Sequence[tuple[float, float]], axis: Axis, alt: str) -> Markup:
    """Draw what people said against what was predicted."""
    scale = axis.scale
    parts = [*_frame(axis), *_ticked(axis), line("diagonal", (0, 1), (1, 0))]
    parts += [dot("pair", scale.at(x), 1 - scale.at(y), 2.5) for x, y in points]
    return picture("plot square", alt, parts)


def _frame(axis: Axis, most: int = 6) -> Iterator[Markup]:
    for tick in axis.scale.ticks(most):
        y = 1 - axis.scale.at(tick)
        yield line("grid", (0, y), (1, y))
        yield words("left", 0, y, axis.text(tick), dx="-0.6em", dy="0.35em")


def _ticked(axis: Axis) -> Iterator[Markup]:
    for tick in axis.scale.ticks(5):
        yield words("below", axis.scale.at(tick), 1, axis.text(tick), dy="1.7em")


def _below(clock: Clock) -> Iterator[Markup]:
    for tick in clock.ticks():
        yield line("tick", (tick.at, 0), (tick.at, 1))
        yield words("below minor" if tick.is_minor else "below", tick.at, 1, tick.text, dy="1.7em")


def _dense(kind: str, marks: int) -> str:
    """Return the class of a picture, in which many marks have no outlines."""
    return f"{kind} dense" if marks > _MANY else kind


def _gap(marks: int) -> float:
    """Return the share of a window's width that stays free at each side."""
    return -0.05 if marks > _MANY else 0.1  # below 0 they overlap a little: no seams


def _narrowed(place: tuple[float, float], gap: float) -> tuple[float, float]:
    free = (place[1] - place[0]) * gap
    return place[0] + free, place[1] - free
