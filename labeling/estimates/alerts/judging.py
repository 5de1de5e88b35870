"""Whether a line is crossed: held against what a metric surely is at most, and at least."""

from __future__ import annotations

from dataclasses import replace

from labeling.estimates.alerts.watched_lines import CLEAR, CROSSED, WatchedLine
from labeling.estimates.bounds import bounds
from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import a_year

ERROR = 0.05  # a year, for all lines of a job together
_DAILY = 366  # looks a year at batches whose names say nothing of time


def judged(watched: WatchedLine, estimate: Estimate, lines: int) -> WatchedLine:
    """Hold a line against what the metric surely is at most, and at least.

    Args:
        watched: the line in a window.
        estimate: of the window.
        lines: how many figures are looked at in a window of every period.

    Returns:
        The same, with its state, bound and reason.
    """
    error = ERROR / ((a_year(estimate.window) or _DAILY) * lines)
    reach = bounds(estimate, error)
    is_below = watched.side == "below"
    bad, good = (reach.high, reach.low) if is_below else (reach.low, reach.high)
    watched = replace(watched, bound=bad)
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


def _is_beyond(bound: float, limit: float, *, is_below: bool) -> bool:
    return bound < limit if is_below else bound > limit


def _told(estimate: Estimate) -> str:
    value = "no single figure" if estimate.value is None else f"{estimate.value:.4g}"
    return f"{value} from {estimate.n_answered} answers"
