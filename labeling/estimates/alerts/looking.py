"""Alerts: lines that a metric should not cross, each looked at once per window.

A 95 % interval that is looked at every week gives a false alarm in 76 % of the
years, and one that is looked at again with every answer in more. So each line
is held against exact one-sided bounds whose error is 5 % a year, shared by all
looks of the year (windows times lines), and of days by three in a row; and a window
gets one look: once it is over and most of its questions are answered, or the wait is over. What a look
saw is stored, and later answers do not change it.

A line has three states: `crossed`; `clear`, surely not crossed; and `unknown`,
which cannot be told, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from labeling.estimates.alerts.judging import judged
from labeling.estimates.alerts.three_in_a_row import completed
from labeling.estimates.alerts.watched_lines import CROSSED, Identity, Line, WatchedLine, unasked
from labeling.estimates.estimate import Estimate, widest
from labeling.estimates.windows import closes
from pipelines.job.sections import AlertLook, AlertRule, Batches

_DUE = "it is due: the next `recheck estimate` or `recheck run` looks at it"


@dataclass(frozen=True, slots=True)
class Watch:
    """The lines of a job, and when a window is looked at."""

    lines: Sequence[AlertRule]
    look: AlertLook
    batches: Batches  # how the job cuts them, and how long they settle

    @property
    def distinct(self) -> int:
        """The number of figures that are looked at in a window of every period."""
        return len({_figure(line) for line in self.lines})


def looks(
    estimates: Iterable[Estimate],
    watch: Watch,
    *,
    past: Iterable[WatchedLine] = (),
    at: datetime,
    take: bool = True,
) -> tuple[list[WatchedLine], list[WatchedLine]]:
    """Say of every line and window what is known, and which windows are looked at now.

    Args:
        estimates: of all windows.
        watch: the lines, and when to look.
        past: the looks that were taken before; they stand.
        at: the moment of these looks. A window that closes later is open.
        take: whether windows that are due are looked at.

    Returns:
        All lines in all their windows, by line and window, the new looks among
        them; and the new looks alone, which are to be stored.
    """
    taken = {look.identity: look for look in past}
    by_window = sorted(widest(estimates), key=lambda estimate: estimate.window)
    lines: list[WatchedLine] = []
    for line in dict.fromkeys(watch.lines):
        of_line = [estimate for estimate in by_window if _figure_of(estimate) == _figure(line)]
        windows = [_seen(_unlooked(line, one), one, watch, at, take=take) for one in of_line]
        windows = [taken.get(one.identity, one) for one in windows]
        fresh = {one.window for one in windows if _is_fresh(one, taken)}
        crossed = {one.window: one for one in completed(windows, fresh)}
        lines += [crossed.get(one.window, one) for one in windows] or [unasked(line)]
    return lines, [one for one in lines if _is_fresh(one, taken)]


def _seen(
    watched: WatchedLine, estimate: Estimate, watch: Watch, at: datetime, *, take: bool
) -> WatchedLine:
    """Look at a window that is due, or say why it waits."""
    wait = _waits(estimate, watch, at) or ("" if take else _DUE)
    if wait:
        return replace(watched, reason=wait)
    return replace(judged(watched, estimate, watch.distinct), looked_at=at)


def _is_fresh(look: WatchedLine, taken: Mapping[Identity, WatchedLine]) -> bool:
    return look.looked_at is not None and look.identity not in taken


def listed(lines: Iterable[WatchedLine]) -> list[WatchedLine]:
    """Keep what is of use now: every line's newest look (or window), and all that are crossed.

    Args:
        lines: by line and window, as `looks` returns them.

    Returns:
        The same, without older windows whose line is not crossed.
    """
    of_line: dict[Line, list[WatchedLine]] = {}
    for one in lines:
        of_line.setdefault(one.line, []).append(one)
    return [kept for windows in of_line.values() for kept in _of_use(windows)]


def _of_use(windows: Sequence[WatchedLine]) -> Iterator[WatchedLine]:
    looked = [one for one in windows if one.looked_at is not None]
    newest = (looked or windows)[-1]
    for one in windows:
        if one.state == CROSSED or one is newest:
            yield one


def _waits(estimate: Estimate, watch: Watch, at: datetime) -> str:
    """Say why a window is not looked at yet; nothing where it is time."""
    end = closes(estimate.window, watch.batches)
    if end is not None and end > at:
        return "the window is not over"
    if not estimate.n_answered:
        return f"none of {estimate.n_asked} questions is answered"
    if estimate.n_answered >= watch.look.answered * estimate.n_asked:
        return ""
    until = (end or estimate.as_of) + watch.look.wait
    if until <= at:
        return ""
    return (
        f"{estimate.n_answered} of {estimate.n_asked} questions are answered; it is looked at with "
        f"{watch.look.answered:.0%} of the answers, or on {until:%Y-%m-%d %H:%M} UTC"
    )


def _unlooked(line: AlertRule, estimate: Estimate) -> WatchedLine:
    return replace(
        unasked(line),
        window=estimate.window,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n_asked=estimate.n_asked,
        n_answered=estimate.n_answered,
        as_of=estimate.as_of,
    )


def _figure(line: AlertRule) -> tuple[str, str | None, str | None, str]:
    return line.metric, line.class_, line.cohort, line.period


def _figure_of(one: Estimate) -> tuple[str, str | None, str | None, str]:
    return one.metric, one.class_, one.cohort, one.period
