"""The hours, days, weeks and months that batches and windows are named after.

An hour is `2026-11-20T05`, a day `2026-11-20`, an ISO week `2026-W47` and a
month `2026-11`, all on the wall clock of the job's timezone. Any other name is
no period.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pipelines.job.sections import Batches

Kind = Literal["hour", "day", "week", "month"]

PERIODS: tuple[Kind, ...] = ("hour", "day", "week", "month")
LENGTH: dict[Kind, timedelta] = {  # on the wall clock; a month has no fixed length
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
# The form of each kind's names, and the ending that makes such a name an ISO time.
_FORMS: tuple[tuple[Kind, re.Pattern[str], str], ...] = (
    ("hour", re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3])", re.ASCII), ":00"),
    ("day", re.compile(r"\d{4}-\d\d-\d\d", re.ASCII), ""),
    ("week", re.compile(r"\d{4}-W\d\d", re.ASCII), "-1"),
    ("month", re.compile(r"\d{4}-\d\d", re.ASCII), "-01"),
)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that has a name."""

    kind: Kind
    start: datetime  # on the wall clock, without a zone
    end: datetime  # the first moment after it, on the wall clock

    @property
    def name(self) -> str:
        """The name of batches and windows over this period."""
        return name_of(self.kind, self.start)


def name_of(kind: Kind, moment: datetime) -> str:
    """Name the period that a moment lies in.

    >>> [name_of(kind, datetime(2027, 1, 3, 5)) for kind in ("hour", "day", "week", "month")]
    ['2027-01-03T05', '2027-01-03', '2026-W53', '2027-01']
    """
    if kind == "week":
        year, week, _ = moment.isocalendar()
        return f"{year:04d}-W{week:02d}"
    return moment.isoformat()[
        : {"hour": 13, "day": 10, "month": 7}[kind]
    ]  # strftime writes the year 0033 as 33


def named(name: str) -> Period | None:
    """Find the period of a name; None for a name that is no period, or beyond the year 9999.

    >>> str(named("2026-W47").start), named("north")
    ('2026-11-16 00:00:00', None)
    """
    for kind, form, rest in _FORMS:
        if form.fullmatch(name):
            with suppress(ValueError, OverflowError):  # no such day, or beyond the year 9999
                start = datetime.fromisoformat(name + rest)
                return Period(kind, start, _end(kind, start))
    return None


def settled(period: Period, batches: Batches) -> datetime | None:
    """Return when a period is over and late rows have arrived; None beyond the year 9999.

    >>> settled(named("2026-W47"), Batches(timezone="Europe/Berlin", settle=6)).isoformat()
    '2026-11-23T06:00:00+01:00'
    """
    zone = ZoneInfo(batches.timezone)
    try:
        over = period.end.replace(tzinfo=zone).astimezone(UTC)
        return (over + timedelta(hours=batches.settle)).astimezone(zone)
    except OverflowError:
        return None


def _end(kind: Kind, start: datetime) -> datetime:
    if kind == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + LENGTH[kind]
