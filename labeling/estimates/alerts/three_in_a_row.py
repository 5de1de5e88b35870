"""Three windows in a row that lie beyond a line: what one short day cannot show, three can.

A day has few answers, and its one look must almost never be wrong, so that a line
that is crossed day after day may stay `unknown` each day. Where the metric is
exactly at its line, three independent looks in a row lie beyond it by chance with
the cube of the chance of one. So each day is also held against a bound of error a,
with a³ a share of the error of a year, as the single looks have theirs
(`labeling.estimates.alerts.judging`): a is about as wide as one side of a 95 %
interval, which is how three such days are seen.

Source: the largest of p-values as a test that all hold (Wilkinson, Psychological
Bulletin 48, 1951); Bonferroni for the runs of a year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from labeling.estimates.alerts.watched_lines import CROSSED, WatchedLine
from pipelines.job.periods import named

LENGTH = 3  # windows


def completed(
    windows: Sequence[WatchedLine], fresh: Collection[str | None]
) -> Iterator[WatchedLine]:
    """Find the new looks that complete three windows in a row beyond their line.

    In a row are windows that follow each other among those that were asked about,
    whatever days nothing was scored of lie between them.

    Args:
        windows: of one line, in the order of time, looked at or not.
        fresh: the names of those that are looked at now.

    Yields:
        The look of each such window, crossed.
    """
    ordered = [one for one in windows if named(one.window or "")]
    for start in range(len(ordered) - LENGTH + 1):
        run = ordered[start : start + LENGTH]
        last = next((one for one in reversed(run) if one.window in fresh), None)
        if last is not None and all(map(_is_beyond, run)):
            yield last if last.state == CROSSED else _crossed(last, run)


def _is_beyond(look: WatchedLine) -> bool:
    bound = look.bound_in_a_row
    if bound is None:
        return False
    return bound < look.limit if look.side == "below" else bound > look.limit


def _crossed(last: WatchedLine, run: Sequence[WatchedLine]) -> WatchedLine:
    reached = "at most" if last.side == "below" else "at least"
    days = ", ".join(f"{one.bound_in_a_row:.4g} ({one.window})" for one in run)
    reason = f"{LENGTH} in a row, each {reached} {days}: {last.side} the line {last.limit:g}"
    return replace(last, state=CROSSED, reason=reason)
