"""Offsets of timezones from UTC, without a loop over rows.

Timezones come from Python's `zoneinfo`: from the system's tables, else from the
package `tzdata`. (Arrow's own conversion knows no summer time after 2037.)
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.columns.buffers import Int64s
from pipelines.columns.utc_times import EPOCH

_SECOND = 1_000_000  # microseconds
_DAY = 86_400 * _SECOND
_DAYS_OF_PYTHON = (-719_161, 2_932_895)  # 0001-01-02 to 9999-12-30, where any offset fits


def utc_offsets(micros: Int64s, timezone: str) -> Int64s:
    """Return the offset of a timezone from UTC at each moment: (n,) microseconds.

    Args:
        micros: moments in UTC since 1970 (n,). Beyond the years 1 to 9999 the
            offsets are those of the first and the last day.
        timezone: an IANA name.

    >>> summer, winter = (86_400_000_000 * day for day in (200, 5))
    >>> (utc_offsets(np.array([summer, winter]), "America/New_York") // 3_600_000_000).tolist()
    [-4, -5]
    """
    if len(micros) == 0:
        return micros
    days = micros // _DAY
    first, last = int(days.min()), int(days.max())
    if last - first < len(days):  # then no sorting is needed
        return _stepped(micros, np.arange(first, last + 1), days - first, timezone)
    distinct, codes = np.unique(days, return_inverse=True)
    return _stepped(micros, distinct, codes, timezone)


def _stepped(micros: Int64s, days: Int64s, codes: Int64s, timezone: str) -> Int64s:
    """Look up the offset of each moment, whose day is `days[codes]`: (n,)."""
    table = np.array([_changes(timezone, day) for day in days.tolist()], dtype=np.int64)
    before, change, after = table.T
    return np.where(micros < change[codes], before[codes], after[codes])


@lru_cache(maxsize=100_000)
def _changes(timezone: str, day: int) -> tuple[int, int, int]:
    """Return the offset at the start of a UTC day, when it changes, and the offset after that."""
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
    shift = (EPOCH + dt.timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert shift is not None  # noqa: S101  a ZoneInfo always knows
    return int(shift.total_seconds()) * _SECOND
