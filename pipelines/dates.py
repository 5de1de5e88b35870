"""Parts of the calendar from times, as integers and without a loop over rows.

An instant (a timestamp that names a zone) is read on the clock of the timezone
asked for; a date, or a timestamp without a zone, is on that clock already.
Timezones come from Python's `zoneinfo`: from the system's tables, else from the
package `tzdata`.
"""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns import Floats, Int64s, integers
from pipelines.features import DatePart

FIRST: dict[DatePart, int] = {  # the smallest value of each part
    "year": 1,
    "month": 1,
    "day": 1,
    "weekday": 0,
    "yearday": 1,
    "hour": 0,
    "minute": 0,
}
COUNT: dict[DatePart, int] = {  # how many values it has
    "year": 9999,
    "month": 12,
    "day": 31,
    "weekday": 7,
    "yearday": 366,
    "hour": 24,
    "minute": 60,
}

_SECOND = 1_000_000  # microseconds
_DAY = 86_400 * _SECOND
_PER_UNIT = {"s": _SECOND, "ms": 1000, "us": 1}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAYS_OF_PYTHON = (-719_161, 2_932_895)  # 0001-01-02 to 9999-12-30, where any offset fits


def local_times(column: pa.Array, timezone: str) -> Int64s:
    """Times on the clock of a timezone: (n,) microseconds since 1970, 0 where null.

    Args:
        column: timestamps or dates.
        timezone: an IANA name.
    """
    if kinds.is_date(column.type):
        return integers(column) * (_DAY if column.type.bit_width == 32 else 1000)
    micros = _micros(column)
    as_it_stands = column.type.tz is None or timezone == "UTC"
    return micros if as_it_stands else micros + _offsets(micros, timezone)


def part_values(local: Int64s, part: DatePart) -> Int64s:
    """One part of local times: (n,) integers from `FIRST[part]` on; years stay in 1 to 9999.

    >>> part_values(np.array([86_400_000_000 * 31]), "month").tolist()
    [2]
    """
    if part in ("hour", "minute"):
        seconds = local // _SECOND % 86_400
        return seconds // 3600 if part == "hour" else seconds // 60 % 60
    days = local // _DAY
    if part == "weekday":
        return (days + 3) % 7  # 1970 began on a Thursday
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]")
    if part == "day":
        return (dates - months).astype(np.int64) + 1
    if part == "yearday":
        return (dates - years).astype(np.int64) + 1
    if part == "month":
        return months.astype(np.int64) % 12 + 1
    return np.clip(years.astype(np.int64) + 1970, 1, 9999)


def circle(part: DatePart) -> tuple[Floats, Floats]:
    """Sine and cosine of each value of a part, from its first: two arrays (count,).

    Twelve digits, so that no machine's own last bit can matter.
    """
    angles = [2 * math.pi * place / COUNT[part] for place in range(COUNT[part])]
    return (
        np.array([round(math.sin(angle), 12) for angle in angles]),
        np.array([round(math.cos(angle), 12) for angle in angles]),
    )


def _micros(column: pa.Array) -> Int64s:
    stored = integers(column)
    unit = column.type.unit
    return stored // 1000 if unit == "ns" else stored * _PER_UNIT[unit]


def _offsets(micros: Int64s, timezone: str) -> Int64s:
    """What to add to UTC: (n,) microseconds."""
    if len(micros) == 0:
        return micros
    days = micros // _DAY
    first, last = int(days.min()), int(days.max())
    if last - first < len(days):  # then no sorting is needed
        return _stepped(micros, np.arange(first, last + 1), days - first, timezone)
    known, places = np.unique(days, return_inverse=True)
    return _stepped(micros, known, places, timezone)


def _stepped(micros: Int64s, known: Int64s, places: Int64s, timezone: str) -> Int64s:
    table = np.array([_changes(timezone, day) for day in known.tolist()], dtype=np.int64)
    before, change, after = table.T
    return np.where(micros < change[places], before[places], after[places])


@lru_cache(maxsize=100_000)
def _changes(timezone: str, day: int) -> tuple[int, int, int]:
    """The offset at the start of a UTC day, when it changes, and the offset from then on."""
    zone = ZoneInfo(timezone)
    day = min(max(day, _DAYS_OF_PYTHON[0]), _DAYS_OF_PYTHON[1])
    start, end = day * 86_400, (day + 1) * 86_400
    before, after = _offset(zone, start), _offset(zone, end)
    while before != after and end - start > 1:
        middle = (start + end) // 2
        if _offset(zone, middle) == before:
            start = middle
        else:
            end = middle
    return before, end * _SECOND, after


def _offset(zone: ZoneInfo, second: int) -> int:
    shift = (_EPOCH + dt.timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert shift is not None  # noqa: S101  a ZoneInfo always knows
    return int(shift.total_seconds()) * _SECOND
