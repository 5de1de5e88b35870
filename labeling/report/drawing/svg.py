"""Lines, dots and words as SVG, placed by shares of the picture's size.

Positions are in percent and sizes of marks and letters in pixels, so that a
picture is as wide as the page lets it be and stays as sharp and as legible on
a telephone as on paper. Colours are the page's: marks carry class names only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to shares of a length: `low` to 0, `high` to 1."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return where a value lies; what is outside lies at the end.

        >>> Scale(0, 10).at(2.5), Scale(0, 10).at(12)
        (0.25, 1.0)
        """
        length = self.high - self.low
        return min(max((value - self.low) / length, 0.0), 1.0) if length else 0.5

    def ticks(self, most: int = 6) -> list[float]:
        """Return round values within the scale, so many at most.

        >>> Scale(0.43, 0.88).ticks(5)
        [0.5, 0.6, 0.7, 0.8]
        """
        step = _step((self.high - self.low) / max(most, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 12) for place in range(first, last + 1)]


def _step(least: float) -> float:
    """Return the smallest round step that is at least this."""
    if least <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * step for step in _STEPS if size * step >= least * (1 - 1e-9))


def around(values: Iterable[float | None], *, floor: float, ceiling: float, least: float) -> Scale:
    """Return a scale with round ends that holds all values.

    Args:
        values: what must be seen; None is left out.
        floor: where the scale ends at the latest, below.
        ceiling: the same above.
        least: how long it is at least.

    >>> around([0.62, 0.71], floor=0, ceiling=1, least=0.2)
    Scale(low=0.55, high=0.8)
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return Scale(floor, ceiling if math.isfinite(ceiling) else floor + 1)
    low, high = min(known), max(known)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    middle = min(max(middle, floor + half), ceiling - half)
    low, high = min(low, middle - half), max(high, middle + half)
    step = _step((high - low) / 5)
    low = max(floor, math.floor(low / step + 1e-9) * step)
    high = min(ceiling, math.ceil(high / step - 1e-9) * step)
    return Scale(round(low, 12), round(max(high, low + step), 12))


def tag(name: str, attributes: Mapping[str, object], *content: str) -> Markup:
    """Return an element; what is not markup yet is escaped."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key, value)
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(part) for part in content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inner)  # noqa: S704 - names are ours


def share(place: float) -> str:
    """Return a position as SVG takes it."""
    return f"{place * 100:.2f}".rstrip("0").rstrip(".") + "%"


def line(kind: str, start: tuple[float, float], end: tuple[float, float], hint: str = "") -> Markup:
    """Draw a straight line; `hint` shows where somebody points at it."""
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return tag(
        "line", {"class": kind} | {name: share(at) for name, at in ends.items()}, *_title(hint)
    )


def dot(kind: str, x: float, y: float, radius: float, hint: str = "") -> Markup:
    """Draw a dot; the radius is in pixels."""
    return tag(
        "circle", {"class": kind, "cx": share(x), "cy": share(y), "r": f"{radius:g}"}, *_title(hint)
    )


def diamond(kind: str, x: float, y: float, hint: str = "") -> Markup:
    """Draw a small diamond."""
    inner = tag("path", {"class": kind, "d": "M0-5.5L4-0L0 5.5L-4 0Z"}, *_title(hint))
    return tag("svg", {"x": share(x), "y": share(y), "overflow": "visible"}, inner)


def box(kind: str, x: tuple[float, float], y: tuple[float, float], hint: str = "") -> Markup:
    """Draw a rectangle from x[0] to x[1] and from y[0] to y[1]."""
    low, high = min(y), max(y)
    place = {"x": x[0], "y": low, "width": max(x[1] - x[0], 0.0), "height": high - low}
    return tag(
        "rect", {"class": kind} | {name: share(at) for name, at in place.items()}, *_title(hint)
    )


def words(kind: str, x: float, y: float, text: str, *, dx: str = "0", dy: str = "0") -> Markup:
    """Write a few words; their anchor is the class's."""
    return tag("text", {"class": kind, "x": share(x), "y": share(y), "dx": dx, "dy": dy}, text)


def upright(kind: str, x: float, y: float, text: str) -> Markup:
    """Write a few words upwards."""
    inner = tag("text", {"class": kind, "transform": "rotate(-90)", "dy": "0.35em"}, text)
    return tag("svg", {"x": share(x), "y": share(y), "overflow": "visible"}, inner)


def picture(kind: str, text: str | None, parts: Sequence[Markup]) -> Markup:
    """Return a whole picture; its height is the class's.

    Args:
        kind: class name.
        text: what it shows, for those who cannot see it; None for an ornament
            beside words that say the same.
        parts: its marks, the lowest first.
    """
    seen: dict[str, object] = (
        {"role": "img", "aria-label": text} if text else {"aria-hidden": "true"}
    )
    return tag("svg", {"class": kind, "width": "100%", **seen}, *parts)


def _title(hint: str) -> Sequence[Markup]:
    return (tag("title", {}, hint),) if hint else ()
