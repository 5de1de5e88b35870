"""The clock: no other module asks for the present."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_LAST_YEAR = 9000  # a later one leaves no room for the commits that follow


def now() -> datetime:
    """Return the present, in UTC, to the microsecond."""
    return datetime.now(UTC)


def read(text: str | None) -> datetime | None:
    """Return the time that a note holds; None where it holds none, so that it is made anew.

    >>> read("2026-01-02T00:00:00+00:00").day, read(""), read("soon")
    (2, None, None)
    """
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    is_possible = moment.tzinfo is not None and moment.year < _LAST_YEAR
    return moment if is_possible else None


def after(last: datetime | None, present: datetime) -> datetime:
    """Return a commit time: the present, but at least a microsecond after the last one.

    >>> after(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)).microsecond
    1
    """
    return present if last is None else max(present, last + timedelta(microseconds=1))
