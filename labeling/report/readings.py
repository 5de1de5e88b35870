"""From an estimate to its mark: what is drawn of it, on which axis, and what the marks mean."""

from __future__ import annotations

from collections.abc import Iterable

from labeling.history import Estimate
from labeling.report.charts import Axis, Lines, Reading, strip
from labeling.report.drawing import around
from labeling.report.figures import Row
from labeling.report.material import ERRORS, Material, is_answered_enough
from labeling.report.wording import amount, count, dates, interval, number, percent

_USUAL, _STRETCH = 0.95, 2.5  # an axis of errors ends at so many times the value of that rank
_FEW = 10  # answers, below which a row is drawn faint
_PLAIN = Lines()


def reading(one: Estimate, material: Material) -> Reading:
    """Return what is drawn of an estimate; the range of missing answers only where it leads."""
    truth = material.truth(one)
    if one.value is None:
        return Reading(None)
    if is_answered_enough(one):
        return Reading(one.value, one.low, one.high, truth=truth)
    worst, best = one.value_if_missing_wrong, one.value_if_missing_right
    return Reading(one.value, one.low, one.high, worst, best, truth)


def lines_of(material: Material, period: str, overall: Estimate | None = None) -> Lines:
    """Return what readings of the leading metric are held against."""
    watched = (
        line.below if line.below is not None else line.above
        for line in material.lines
        if (line.metric, line.class_) == material.leading
        if line.cohort is None and line.period == period
    )
    return Lines(overall.value if overall else None, next(watched, None))


def axis_of(metric: str, readings: Iterable[Reading], lines: Lines = _PLAIN) -> Axis:
    """Return an axis that holds all readings; of errors, which nothing bounds, nearly all."""
    found = list(readings)
    ends = [lines.overall, lines.limit, *(end for one in found for end in one.ends)]
    if metric in ERRORS:
        values = sorted(one.value for one in found if one.value is not None)
        usual = values[int(_USUAL * (len(values) - 1))] if values else 1.0
        shown = [min(end, _STRETCH * usual) for end in ends if end is not None]
        return Axis(around(shown, floor=0, ceiling=float("inf"), least=usual / 5), number)
    return Axis(around(ends, floor=0, ceiling=1, least=0.2), percent)


def cut_off(readings: Iterable[Reading], axis: Axis) -> list[str]:
    """Say how many values lie beyond the axis."""
    beyond = sum(one.value is not None and one.value > axis.scale.high for one in readings)
    return (
        [f"{count(beyond, 'value')} beyond the upper edge, drawn on it; the table has all."]
        if beyond
        else []
    )


def row(label: str, one: Estimate, material: Material, axis: Axis, lines: Lines = _PLAIN) -> Row:
    """Return an estimate as a line of a picture."""
    return Row(
        label=label,
        mark=strip(reading(one, material), axis.scale, lines),
        words=interval(one) + ("" if one.reliable else " – unreliable"),
        remark=count(one.n_answered, "answer"),
        is_faint=one.n_answered < _FEW,
    )


def legend(readings: Iterable[Reading], lines: Lines = _PLAIN) -> list[tuple[str, str]]:
    """Explain the marks of these readings: (class name, words)."""
    found = list(readings)
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


def told(one: Estimate, material: Material) -> str:
    """Return an estimate in a line, for those who point at its mark."""
    truth = material.truth(one)
    known = f"; known truth {amount(one.metric, truth, 1)}" if truth is not None else ""
    when = dates(one.window, material.timezone)
    return f"{when}: {interval(one)}, {one.n_answered:,} of {one.n_asked:,} answered{known}"
