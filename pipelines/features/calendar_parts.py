"""Parts of the calendar from times, as integers and without a loop over rows.

Times are local: `pipelines.input.batches` has read them in the timezone of the job.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import Floats, Int64s, integers
from pipelines.features.spec import DatePart

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


def local_times(column: pa.Array) -> Int64s:
    """Return local times as (n,) microseconds since 1970, 0 where null.

    Args:
        column: timestamps or dates; the timezone of the type is ignored.
    """
    if kinds.is_date(column.type):
        return integers(column) * (_DAY if column.type.bit_width == 32 else 1000)
    stored, unit = integers(column), column.type.unit
    return stored // 1000 if unit == "ns" else stored * _PER_UNIT[unit]


def part_values(local: Int64s, part: DatePart) -> Int64s:
    """Return one part of local times: (n,) integers from `FIRST[part]` on; years within 1 to 9999.

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
    """Return sine and cosine of each value of a part, from its first: two arrays (count,).

    They are rounded to twelve digits, so that all machines have the same bits.
    """
    angles = [2 * math.pi * value / COUNT[part] for value in range(COUNT[part])]
    return (
        np.array([round(math.sin(angle), 12) for angle in angles]),
        np.array([round(math.cos(angle), 12) for angle in angles]),
    )
