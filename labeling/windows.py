"""The windows that a batch belongs to, read from its name.

A batch of a period is named after it: hour `2026-11-20T05`, day `2026-11-20`
or ISO week `2026-W47`, in the job's timezone. Any other name (`all`, a file's
part, a value of a column) says nothing of time.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["batch", "day", "week", "month", "all"]

PERIODS: tuple[Period, ...] = ("batch", "day", "week", "month", "all")

_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WEEK = re.compile(r"\d{4}-W\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")


def windows(batch: str) -> dict[Period, str]:
    """Return the window of each period that a batch lies in.

    A week counts to the month of its Thursday, as ISO 8601 counts it to a year.

    >>> windows("2026-11-20T05")["week"], windows("2026-W01")
    ('2026-W47', {'batch': '2026-W01', 'week': '2026-W01', 'month': '2026-01', 'all': 'all'})
    >>> windows("north")
    {'batch': 'north', 'all': 'all'}
    """
    found: dict[Period, str] = {"batch": batch}
    day, week = _day(batch), _thursday(batch)
    if day is not None:
        found["day"] = day.isoformat()
        week = day
    if week is not None:
        year, number, _ = week.isocalendar()
        found["week"] = f"{year:04d}-W{number:02d}"
        found["month"] = f"{week:%Y-%m}"
    found["all"] = "all"
    return found


def closes(window: str, timezone: str) -> datetime | None:
    """Return when the last row of a window can have happened; None where its name has no time.

    >>> closes("2026-W47", "UTC").isoformat()
    '2026-11-23T00:00:00+00:00'
    """
    end = _end(window)
    return None if end is None else end.replace(tzinfo=ZoneInfo(timezone))


def a_year(window: str) -> int | None:
    """Return how many windows of this length a year holds; None where its name has no time.

    >>> [a_year(window) for window in ("2026-11-20T05", "2026-11-20", "2026-W47", "all")]
    [8766, 366, 53, None]
    """
    if _HOUR.fullmatch(window):
        return 8766
    if _day(window):
        return 366
    if _thursday(window):
        return 53
    return 12 if _month(window) else None


def _end(window: str) -> datetime | None:
    if day := _day(window):
        hour = _HOUR.fullmatch(window)
        return _midnight(day) + timedelta(hours=int(hour[2]) + 1 if hour else 24)
    if thursday := _thursday(window):
        return _midnight(thursday) + timedelta(days=4)
    if month := _month(window):
        return _midnight((month + timedelta(days=31)).replace(day=1))
    return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the zone comes at the end


def _day(name: str) -> date | None:
    hour = _HOUR.fullmatch(name)
    text = hour[1] if hour else name
    return _parsed(text) if _DAY.fullmatch(text) else None


def _thursday(name: str) -> date | None:
    return _parsed(f"{name}-4") if _WEEK.fullmatch(name) else None


def _month(name: str) -> date | None:
    return _parsed(f"{name}-01") if _MONTH.fullmatch(name) else None


def _parsed(text: str) -> date | None:
    """Read an ISO date; a name that only looks like one (2026-13-40) is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
