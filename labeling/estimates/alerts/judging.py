"""Whether a line is crossed: held against what a metric surely is at most, and at least.

The error of a year is shared by the lines of a job, and by the windows of the year.
Of hours and days, three fifths of it are kept for three in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from labeling.estimates.alerts.three_in_a_row import LENGTH
from labeling.estimates.alerts.watched_lines import CLEAR, CROSSED, WatchedLine
from labeling.estimates.bounds import bounds
from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import a_year
from pipelines.job.periods import named

ERROR = 0.05  # a year, for all lines of a job together
IN_A_ROW = 0.03  # of it, for three hours or days in a row
_DAILY = 366  # looks a year at batches whose names say nothing of time


@dataclass(frozen=True, slots=True)
class LookErrors:
    """How often a look may be wrong where a metric is exactly at its line.

    Attributes:
        alone: of a window by itself.
        in_a_row: of each of three in a row; None where windows are not taken so.
    """

    alone: float
    in_a_row: float | None


def look_errors(window: str, lines: int) -> LookErrors:
    """Share the error of a year among its windows, and the figures that are watched.

    Args:
        window: its name.
        lines: how many figures are looked at in a window of every period.

    Returns:
        The errors of one look.

    >>> [
    ...     round(e, 6)
    ...     for e in (look_errors("2026-W47", 1).alone, look_errors("2026-11-20", 1).in_a_row)
    ... ]
    [0.000943, 0.043439]
    """
    period, looks = named(window), (a_year(window) or _DAILY) * lines
    if period is None or period.kind not in ("hour", "day"):
        return LookErrors(ERROR / looks, None)
    return LookErrors((ERROR - IN_A_ROW) / looks, (IN_A_ROW / looks) ** (1 / LENGTH))


def judged(watched: WatchedLine, estimate: Estimate, lines: int) -> WatchedLine:
    """Hold a line against what the metric surely is at most, and at least.

    Args:
        watched: the line in a window.
        estimate: of the window.
        lines: how many figures are looked at in a window of every period.

    Returns:
        The same, with its state, bound and reason.
    """
    errors = look_errors(estimate.window, lines)
    reach = bounds(estimate, errors.alone)
    is_below = watched.side == "below"
    bad, good = (reach.high, reach.low) if is_below else (reach.low, reach.high)
    watched = replace(watched, bound=bad, bound_in_a_row=_in_a_row(estimate, watched, errors))
    reached, side = ("at most", "at least") if is_below else ("at least", "at most")
    told = _told(estimate)
    if is_below and reach.is_rough:
        return replace(watched, bound=None, reason=reach.reason)
    if bad is not None and _is_beyond(bad, watched.limit, is_below=is_below):
        line = f"{'below' if is_below else 'above'} the line {watched.limit:g}"
        return replace(watched, state=CROSSED, reason=f"{reached} {bad:.4g} ({told}), {line}")
    if good is not None and not _is_beyond(good, watched.limit, is_below=is_below):
        return replace(watched, state=CLEAR, reason=f"{side} {good:.4g} ({told})")
    if reach.reason and (bad is None or good is None):
        return replace(watched, reason=reach.reason)
    ends = " and ".join(
        f"{word} {end:.4g}"
        for word, end in (("at least", reach.low), ("at most", reach.high))
        if end is not None
    )
    return replace(watched, reason=f"the answers leave room on both sides: {ends} ({told})")


def _in_a_row(estimate: Estimate, watched: WatchedLine, errors: LookErrors) -> float | None:
    """Return the bad bound of a window that may be one of three in a row."""
    if errors.in_a_row is None:
        return None
    reach = bounds(estimate, errors.in_a_row)
    if watched.side == "above":
        return reach.low
    return None if reach.is_rough else reach.high


def _is_beyond(bound: float, limit: float, *, is_below: bool) -> bool:
    return bound < limit if is_below else bound > limit


def _told(estimate: Estimate) -> str:
    value = "no single figure" if estimate.value is None else f"{estimate.value:.4g}"
    return f"{value} from {estimate.n_answered} answers"
