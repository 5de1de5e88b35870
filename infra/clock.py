"""The clock: no other module asks for the present."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the present, in UTC, to the microsecond."""
    return datetime.now(UTC)


def after(last: datetime | None, present: datetime) -> datetime:
    """Return a commit time: the present, but at least a microsecond after the last one.

    >>> after(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)).microsecond
    1
    """
    return present if last is None else max(present, last + timedelta(microseconds=1))
