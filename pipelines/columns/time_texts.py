"""Times that are written as text: ISO 8601, and what warehouses write, as long as it is unambiguous.

A date begins with its year, or names its month. Whether 05-10-2026 is in May or in
October, a text does not say; nor does a bare number of seconds, which may be
milliseconds.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_DATE = r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
_NAMED = r"(?:[A-Za-z]{3},? )?(?P<day>\d{1,2})(?P<mark>[- ])(?P<name>[A-Za-z]{3})(?P=mark)(?P<year>\d{4})"
_TIME = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?)?"
    r"(?: ?(?P<half>[AaPp])[Mm])?"
)
_ZONE = (
    r" ?(?:(?P<offset>(?:UTC|GMT)?[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)|(?P<utc>[Zz]|UTC|GMT)"
    r"|(?P<zone>[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+))(?:\[[A-Za-z0-9/_+-]+\])?"
)
_FORMS = tuple(
    re.compile(rf"{date}(?:(?:[Tt]| +){_TIME}(?:{_ZONE})?)?", re.ASCII) for date in (_DATE, _NAMED)
)
_BASIC = re.compile(
    r"(?:\d{8}|\d{4}-?W\d{2}(?:-?\d)?)(?:[T ]\d{2}[\d:.,]*(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_UTC = timezone.utc  # noqa: UP017 - a tzinfo like the offsets
_EPOCHS = {10: "seconds", 13: "milliseconds", 16: "microseconds", 19: "nanoseconds"}
_YEAR_LAST = re.compile(r"\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})(?!\d).*", re.DOTALL)


def parse_time(text: str) -> datetime | None:
    """Return the time that a text names, with its zone if it names one; None for any other text.

    >>> [str(parse_time(text)) for text in ("2026/10/05 05:00 PM", "05-10-2026", "1791176400000")]
    ['2026-10-05 17:00:00', 'None', 'None']
    >>> parse_time("2026-10-05 05:00:00 UTC") == parse_time("Mon, 05 Oct 2026 07:00:00 +0200")
    True
    """
    text = text.strip()
    with suppress(ValueError, OverflowError, KeyError, OSError):
        match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
        if match:
            return _moment(match)
        if _BASIC.fullmatch(text):
            return datetime.fromisoformat(text)
    return None


def why_no_time(text: str) -> str:
    """Say why a text is no time, in a few words.

    >>> why_no_time("1791176400000")
    'a number, perhaps of milliseconds since 1970'
    """
    if text.isdigit():
        unit = _EPOCHS.get(len(text))
        return f"a number, perhaps of {unit} since 1970" if unit else "a number"
    if _YEAR_LAST.fullmatch(text):
        return "day first or month first, which it does not say"
    return "no form of a time that is unambiguous"


def _moment(match: re.Match[str]) -> datetime:
    parts = match.groupdict()
    month = int(parts["month"]) if "month" in parts else _MONTHS.index(parts["name"].lower()) + 1
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"no hour of half a day: {hour}")
        hour = hour % 12 + (12 if half == "p" else 0)
    micros = int(((parts["fraction"] or "") + "000000")[:6])
    minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
    day = (int(parts["year"]), month, int(parts["day"]))
    return datetime(*day, hour, minute, second, micros, tzinfo=_zone(parts))


def _zone(parts: dict[str, str | None]) -> tzinfo | None:
    if parts["utc"]:
        return _UTC
    if parts["zone"]:
        return ZoneInfo(parts["zone"])
    return _offset(parts["offset"]) if parts["offset"] else None


@lru_cache(maxsize=1_000)
def _offset(text: str) -> tzinfo:
    found = re.sub(r"[^0-9+-]", "", text)
    sign, numbers = found[0], found[1:].ljust(6, "0")
    hours, minutes, seconds = (int(numbers[place : place + 2]) for place in (0, 2, 4))
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-length if sign == "-" else length)
