"""The time axis: where moments lie on the width of a picture."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from labeling.estimates.windows import span

Span = tuple[datetime, datetime]

_DAY = timedelta(days=1)
_FEW = 8  # labels that fit on a wide page
_EMPTY = 0.5  # share of the time that must be empty before gaps are folded
_LONG = 2  # windows that a gap must last to be folded
_FOLD = 0.6  # windows that a fold is wide
_FOLDED = 0.35  # share of the width that folds may take together


@dataclass(frozen=True, slots=True)
class Tick:
    """A label below a picture."""

    at: float  # share of the width
    text: str
    is_minor: bool  # left out where the page is narrow


@dataclass(frozen=True, slots=True)
class Clock:
    """Maps moments to shares of a width, evenly between its knots.

    Attributes:
        knots: moments, ascending, and where they lie, from 0 to 1.
        folds: long stretches without anything to show, drawn narrow.
        timezone: of labels, an IANA name.
    """

    knots: tuple[tuple[datetime, float], ...]
    timezone: str
    folds: tuple[Span, ...] = ()

    @property
    def begin(self) -> datetime:
        """The moment at the left end."""
        return self.knots[0][0]

    @property
    def end(self) -> datetime:
        """The moment at the right end."""
        return self.knots[-1][0]

    def at(self, moment: datetime) -> float:
        """Return where a moment lies, from 0 to 1."""
        place = bisect_right(self.knots, moment, key=lambda knot: knot[0])
        place = min(max(place, 1), len(self.knots) - 1)
        (start, low), (stop, high) = self.knots[place - 1 : place + 1]
        share: float = (moment - start) / (stop - start)
        return low + min(max(share, 0.0), 1.0) * (high - low)

    def place(self, window: str) -> tuple[float, float] | None:
        """Return where a window begins and ends; None where its name has no time."""
        found = span(window, self.timezone)
        return (self.at(found[0]), self.at(found[1])) if found else None

    def is_folded(self, window: str) -> bool:
        """Say whether a window lies in a fold."""
        found = span(window, self.timezone)
        return found is not None and any(begin <= found[0] < end for begin, end in self.folds)

    def ticks(self) -> list[Tick]:
        """Return labels at round times, not too many; where gaps are folded, after each fold."""
        labels = list(self._after_folds()) if self.folds else list(self._round())
        step = max(-(-len(labels) // _FEW), 1)
        return [
            Tick(self.at(moment), text, bool(place % 2))
            for place, (moment, text) in enumerate(labels[::step])
        ]

    def _after_folds(self) -> Iterator[tuple[datetime, str]]:
        ends = [end for _, end in self.folds]
        begins = [self.begin, *ends] if self.folds[0][0] > self.begin else ends
        for moment in begins:
            if moment < self.end:
                yield moment, f"{moment.day} {moment:%b}"

    def _round(self) -> Iterator[tuple[datetime, str]]:
        for moment, text in self._beginnings():
            if self.begin <= moment <= self.end:
                yield moment, text

    def _beginnings(self) -> Iterator[tuple[datetime, str]]:
        days = (self.end - self.begin) / _DAY
        if days <= 2:
            return self._stepped(timedelta(hours=6))
        if days <= 60:
            return self._stepped(timedelta(days=7 if days > 16 else 1))
        return self._months(12 if days > 1500 else 1)

    def _stepped(self, step: timedelta) -> Iterator[tuple[datetime, str]]:
        """Yield midnights, Mondays or every few hours, on the wall's clock."""
        naive = self.begin.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        naive -= timedelta(days=naive.weekday() if step > _DAY else 0)
        while (moment := self._zoned(naive)) <= self.end:
            yield moment, f"{moment:%H}:00" if moment.hour else f"{moment.day} {moment:%b}"
            naive += step

    def _months(self, step: int) -> Iterator[tuple[datetime, str]]:
        naive = self.begin.replace(tzinfo=None, day=1, hour=0, minute=0, second=0, microsecond=0)
        naive = naive.replace(month=1) if step == 12 else naive
        seen: set[int] = set()  # years
        while (moment := self._zoned(naive)) <= self.end:
            text = f"{moment:%Y}" if step == 12 else f"{moment:%b}"
            if moment >= self.begin and moment.year not in seen and step < 12:
                text, seen = f"{moment:%b %Y}", seen | {moment.year}
            yield moment, text
            naive = (naive + timedelta(days=31 * step)).replace(day=1)

    def _zoned(self, naive: datetime) -> datetime:
        return naive.replace(tzinfo=ZoneInfo(self.timezone))


def clock_of(windows: Iterable[str], timezone: str) -> Clock | None:
    """Return a clock from the first window's begin to the last one's end.

    None where a window has no time in its name, or there is none.
    """
    spans = [span(window, timezone) for window in windows]
    timed = [period for period in spans if period]
    if not timed or len(timed) < len(spans):
        return None
    begin, end = min(begin for begin, _ in timed), max(end for _, end in timed)
    return Clock(((begin, 0.0), (end, 1.0)), timezone)


def folded(clock: Clock, shown: Iterable[str]) -> Clock:
    """Return the clock with the long stretches folded in which no window is shown.

    As it is where windows are shown in half of the time or more.
    """
    spans = sorted(found for window in shown if (found := span(window, clock.timezone)))
    if not spans:
        return clock
    length = max(end - begin for begin, end in spans)
    runs = _joined(spans, length * _LONG)
    whole: float = sum((end - begin for begin, end in runs), timedelta()) / (
        clock.end - clock.begin
    )
    gaps = _gaps(clock, runs, length)
    if whole > 1 - _EMPTY or not gaps:
        return clock
    return _knotted(clock, gaps, length)


def _joined(spans: Sequence[Span], gap: timedelta) -> list[Span]:
    """Join spans that a short gap parts."""
    runs: list[Span] = []
    for begin, end in spans:
        if runs and begin - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((begin, end))
    return runs


def _gaps(clock: Clock, runs: Sequence[Span], length: timedelta) -> list[Span]:
    """Return what lies between the runs, before and after them, unless it is short."""
    begins = [clock.begin, *(end for _, end in runs)]
    ends = [*(begin for begin, _ in runs), clock.end]
    found = zip(begins, ends, strict=True)
    return [(begin, end) for begin, end in found if end - begin > length]


def _knotted(clock: Clock, gaps: Sequence[Span], length: timedelta) -> Clock:
    """Give each gap the same narrow width, and all other time its length."""
    empty: timedelta = sum((end - begin for begin, end in gaps), timedelta())
    full = (clock.end - clock.begin) - empty
    fold = min(length * _FOLD, full * (_FOLDED / (1 - _FOLDED)) / len(gaps))
    total = full + fold * len(gaps)
    edges = sorted({clock.begin, clock.end, *(moment for gap in gaps for moment in gap)})
    begins, place, knots = {begin for begin, _ in gaps}, 0.0, [(clock.begin, 0.0)]
    for begin, end in pairwise(edges):
        place += (fold if begin in begins else end - begin) / total
        knots.append((end, place))
    return Clock(tuple(knots), clock.timezone, tuple(gaps))
