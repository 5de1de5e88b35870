"""Where moments lie on the width of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labeling.report.wording import span

_DAY = timedelta(days=1)
_FEW = 8  # labels that fit on a wide page


@dataclass(frozen=True, slots=True)
class Tick:
    """A label below a picture."""

    at: float  # share of the width
    text: str
    is_minor: bool  # left out where the page is narrow


@dataclass(frozen=True, slots=True)
class Clock:
    """Maps moments to shares of a width."""

    begin: datetime
    end: datetime
    timezone: str

    def at(self, moment: datetime) -> float:
        """Return where a moment lies, from 0 to 1."""
        place: float = (moment - self.begin) / (self.end - self.begin)
        return min(max(place, 0.0), 1.0)

    def place(self, window: str) -> tuple[float, float] | None:
        """Return where a window begins and ends; None where its name has no time."""
        found = span(window, self.timezone)
        return (self.at(found[0]), self.at(found[1])) if found else None

    def ticks(self) -> list[Tick]:
        """Return labels at the beginnings of hours, days, weeks, months or years, not too many."""
        found = [(moment, text) for moment, text in self._beginnings() if self.begin <= moment <= self.end]
        step = max(-(-len(found) // _FEW), 1)
        kept = found[::step]
        return [Tick(self.at(moment), text, bool(place % 2)) for place, (moment, text) in enumerate(kept)]

    def _beginnings(self) -> Iterator[tuple[datetime, str]]:
        days = (self.end - self.begin) / _DAY
        if days <= 2:
            return self._hours()
        if days <= 60:
            return self._days(7 if days > 16 else 1)
        return self._months(12 if days > 1500 else 1)

    def _hours(self) -> Iterator[tuple[datetime, str]]:
        moment = self._midnight(self.begin)
        while moment <= self.end:
            yield moment, f"{moment:%H}:00" if moment.hour else f"{moment.day} {moment:%b}"
            moment = self._zoned(moment.replace(tzinfo=None) + timedelta(hours=6))

    def _days(self, step: int) -> Iterator[tuple[datetime, str]]:
        moment = self._midnight(self.begin)
        if step == 7:
            moment = self._zoned(moment.replace(tzinfo=None) - timedelta(days=moment.weekday()))
        while moment <= self.end:
            yield moment, f"{moment.day} {moment:%b}"
            moment = self._zoned(moment.replace(tzinfo=None) + timedelta(days=step))

    def _months(self, step: int) -> Iterator[tuple[datetime, str]]:
        moment = self._midnight(self.begin).replace(day=1)
        moment = moment.replace(month=1) if step == 12 else moment
        first = True
        while moment <= self.end:
            shows_year = first or moment.month == 1
            yield moment, f"{moment:%Y}" if step == 12 else f"{moment:%b %Y}" if shows_year else f"{moment:%b}"
            first = first and moment < self.begin
            moment = self._zoned((moment.replace(tzinfo=None) + timedelta(days=31 * step)).replace(day=1))

    def _midnight(self, moment: datetime) -> datetime:
        return moment.replace(hour=0, minute=0, second=0, microsecond=0)

    def _zoned(self, naive: datetime) -> datetime:
        return naive.replace(tzinfo=ZoneInfo(self.timezone))


def clock_of(windows: Iterable[str], timezone: str) -> Clock | None:
    """Return a clock from the first window's begin to the last one's end.

    None where a window has no time in its name, or there is none.
    """
    found = [span(window, timezone) for window in windows]
    known = [one for one in found if one]
    if not known or len(known) < len(found):
        return None
    return Clock(min(begin for begin, _ in known), max(end for _, end in known), timezone)
