"""The windows that a batch belongs to, read from its name.

A batch of a period is named after it: an hour, a day, an ISO week or a month
(`pipelines.job.periods`). Any other name (`all`, a file's part, a value of a
column) says nothing of time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pipelines.job.periods import Kind, name_of, named, settled
from pipelines.job.sections import Batches

Period = Literal["batch", "day", "week", "month", "all"]

PERIODS: tuple[Period, ...] = ("batch", "day", "week", "month", "all")

_A_YEAR: dict[Kind, int] = {"hour": 8766, "day": 366, "week": 53, "month": 12}
_TO_THURSDAY = timedelta(days=3)


def windows(batch: str) -> dict[Period, str]:
    """Return the window of each period that a batch lies in.

    A week counts to the month of its Thursday, as ISO 8601 counts it to a year.

    >>> windows("2026-11-20T05")["week"], windows("2026-W01")
    ('2026-W47', {'batch': '2026-W01', 'week': '2026-W01', 'month': '2026-01', 'all': 'all'})
    >>> windows("north")
    {'batch': 'north', 'all': 'all'}
    """
    of: dict[Period, str] = {"batch": batch}
    period = named(batch)
    if period is not None and period.kind == "month":
        of["month"] = batch
    elif period is not None:
        if period.kind != "week":
            of["day"] = name_of("day", period.start)
        of["week"] = name_of("week", period.start)
        inside = period.start + (_TO_THURSDAY if period.kind == "week" else timedelta())
        of["month"] = name_of("month", inside)
    of["all"] = "all"
    return of


def closes(window: str, batches: Batches) -> datetime | None:
    """Return when the last batch of a window may be scored; None where its name has no time.

    Args:
        window: its name.
        batches: how the job cuts them, and how long they settle.

    >>> closes("2026-W47", Batches(by="day", settle=6)).isoformat()
    '2026-11-23T06:00:00+00:00'
    """
    period = named(window)
    if period is None:
        return None
    if period.kind == "month" and batches.by == "week":  # its last Thursday's week ends later
        last = period.end - timedelta(days=1)
        thursday = last - timedelta(days=(last.isoweekday() - 4) % 7)
        period = named(name_of("week", thursday)) or period
    return settled(period, batches)


def a_year(window: str) -> int | None:
    """Return how many windows of this length a year holds; None where its name has no time.

    >>> [a_year(window) for window in ("2026-11-20T05", "2026-11-20", "2026-W47", "all")]
    [8766, 366, 53, None]
    """
    period = named(window)
    return None if period is None else _A_YEAR[period.kind]


def span(window: str, timezone: str) -> tuple[datetime, datetime] | None:
    """Return when a window begins and ends; None where its name has no time.

    >>> span("2026-11", "UTC")[0].isoformat()
    '2026-11-01T00:00:00+00:00'
    """
    period = named(window)
    if period is None:
        return None
    zone = ZoneInfo(timezone)
    return period.start.replace(tzinfo=zone), period.end.replace(tzinfo=zone)
