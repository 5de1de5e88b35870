"""Lines, dots and words as SVG, placed by shares of the picture's size.

Positions are in percent and sizes of marks and letters in pixels, so that a
picture is as wide as the page lets it be and stays as sharp and as legible on
a telephone as on paper. Colours are the page's: marks carry class names only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

Point = tuple[float, float]  # shares of the width, from the left, and of the height, from the top


def tag(name: str, attributes: Mapping[str, object], *content: str) -> Markup:
    """Write an element; what is not markup yet is escaped.

    Args:
        name: of the element.
        attributes: by name; those that are None are left out.
        content: texts and elements, in their order.

    Returns:
        The element.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key, value)
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(part) for part in content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inner)  # noqa: S704 - names are ours


def share(place: float) -> str:
    """Write a position as SVG takes it."""
    return f"{place * 100:.2f}".rstrip("0").rstrip(".") + "%"


def line(kind: str, start: Point, end: Point, hint: str = "") -> Markup:
    """Draw a straight line.

    Args:
        kind: class name.
        start: one end.
        end: the other.
        hint: shown where somebody points at it.

    Returns:
        The element.
    """
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return tag(
        "line", {"class": kind} | {name: share(at) for name, at in ends.items()}, *_title(hint)
    )


def dot(kind: str, at: Point, radius: float, hint: str = "") -> Markup:
    """Draw a dot.

    Args:
        kind: class name.
        at: its middle.
        radius: in pixels.
        hint: shown where somebody points at it.

    Returns:
        The element.
    """
    place = {"cx": share(at[0]), "cy": share(at[1])}
    return tag("circle", {"class": kind, **place, "r": f"{radius:g}"}, *_title(hint))


def diamond(kind: str, at: Point, hint: str = "") -> Markup:
    """Draw a small diamond.

    Args:
        kind: class name.
        at: its middle.
        hint: shown where somebody points at it.

    Returns:
        The element.
    """
    inner = tag("path", {"class": kind, "d": "M0-5.5L4-0L0 5.5L-4 0Z"}, *_title(hint))
    return _moved(at, inner)


def arrow(kind: str, at: Point, hint: str = "", *, turned: int = 0) -> Markup:
    """Draw an arrow head, which says that something lies further on.

    Args:
        kind: class name.
        at: its middle.
        hint: shown where somebody points at it.
        turned: degrees from pointing right, clockwise.

    Returns:
        The element.
    """
    turn = f"rotate({turned})" if turned else None
    path = {"class": kind, "d": "M-4-5L5 0L-4 5Z", "transform": turn}
    return _moved(at, tag("path", path, *_title(hint)))


def box(kind: str, x: tuple[float, float], y: tuple[float, float], hint: str = "") -> Markup:
    """Draw a rectangle.

    Args:
        kind: class name.
        x: its left and its right end.
        y: its two other ends, in any order.
        hint: shown where somebody points at it.

    Returns:
        The element.
    """
    low, high = min(y), max(y)
    place = {"x": x[0], "y": low, "width": max(x[1] - x[0], 0.0), "height": high - low}
    return tag(
        "rect", {"class": kind} | {name: share(at) for name, at in place.items()}, *_title(hint)
    )


def words(kind: str, at: Point, text: str, *, dx: str = "0", dy: str = "0") -> Markup:
    """Write a few words.

    Args:
        kind: class name, which says whether they begin, end or are centred there.
        at: where they stand.
        text: the words.
        dx: a shift to the right, as a length of CSS.
        dy: a shift down.

    Returns:
        The element.
    """
    place = {"x": share(at[0]), "y": share(at[1])}
    return tag("text", {"class": kind, **place, "dx": dx, "dy": dy}, text)


def upright(kind: str, at: Point, text: str) -> Markup:
    """Write a few words upwards.

    Args:
        kind: class name.
        at: where they stand.
        text: the words.

    Returns:
        The element.
    """
    inner = tag("text", {"class": kind, "transform": "rotate(-90)", "dy": "0.35em"}, text)
    return _moved(at, inner)


def picture(kind: str, text: str | None, parts: Sequence[Markup]) -> Markup:
    """Put marks into a picture, whose height is the class's.

    Args:
        kind: class name.
        text: what it shows, for those who cannot see it; None for an ornament
            beside words that say the same.
        parts: its marks, the lowest first.

    Returns:
        The element.
    """
    seen: dict[str, object] = (
        {"role": "img", "aria-label": text} if text else {"aria-hidden": "true"}
    )
    return tag("svg", {"class": kind, "width": "100%", **seen}, *parts)


def _moved(at: Point, inner: Markup) -> Markup:
    """Put an element of fixed size at a point."""
    return tag("svg", {"x": share(at[0]), "y": share(at[1]), "overflow": "visible"}, inner)


def _title(hint: str) -> Sequence[Markup]:
    return (tag("title", {}, hint),) if hint else ()
