"""Texts of times: every unambiguous form is read, everything else is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.time_texts import parse_time, why_no_time

FIVE = datetime(2026, 10, 5, 5, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - on the wall
FORMS = {  # as strftime writes them, by who writes so
    "BigQuery": "%Y-%m-%d %H:%M:%S.%f UTC",
    "Snowflake": "%Y-%m-%d %H:%M:%S.%f +0000",
    "an older Snowflake": "%a, %d %b %Y %H:%M:%S +0000",
    "Spark": "%Y-%m-%dT%H:%M:%S.%fZ",
    "Postgres": "%Y-%m-%d %H:%M:%S.%f+00",
    "SQL Server": "%Y-%m-%d %H:%M:%S.%f0 +00:00",
    "Trino": "%Y-%m-%d %H:%M:%S.%f Etc/UTC",
    "Java": "%Y-%m-%dT%H:%M:%S.%f+00:00[Etc/UTC]",
    "slashes": "%Y/%m/%d %H:%M:%S GMT",
    "points": "%Y.%m.%d %H:%M:%S Z",
    "half days": "%Y-%m-%d %I:%M:%S %p UTC",
    "Oracle": "%d-%b-%Y %H:%M:%S UTC",
    "basic ISO": "%Y%m%dT%H%M%SZ",
}


@given(moment=MOMENTS, who=st.sampled_from(sorted(FORMS)))
def test_what_warehouses_write_is_read(moment: datetime, who: str) -> None:
    if moment.year < 1000:
        moment = moment.replace(year=moment.year + 1000)

    found = parse_time(moment.strftime(FORMS[who]))

    assert found is not None
    assert found.replace(microsecond=0) == moment.replace(microsecond=0, tzinfo=UTC)
    assert found.microsecond == (moment.microsecond if "%f" in FORMS[who] else 0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-10-05", FIVE.replace(hour=0, tzinfo=None)),
        ("2026/10/5", FIVE.replace(hour=0, tzinfo=None)),
        ("20261005", FIVE.replace(hour=0, tzinfo=None)),
        ("2026-W41-1", FIVE.replace(hour=0, tzinfo=None)),
        ("5 Oct 2026", FIVE.replace(hour=0, tzinfo=None)),
        (" 2026-10-05 05:00 ", FIVE.replace(tzinfo=None)),
        ("2026-10-05 5:00 AM", FIVE.replace(tzinfo=None)),
        ("2026-10-05 12:00 am", FIVE.replace(hour=0, tzinfo=None)),
        ("2026-10-05T07:00:00+02", FIVE),
        ("2026-10-05 07:00:00 Europe/Berlin", FIVE),
        ("2026-10-05 00:30:00 -0430", FIVE),
        ("2026-10-05 05:00:00.123456789Z", FIVE.replace(microsecond=123456)),
        ("2026-10-05 05:00:00,5Z", FIVE.replace(microsecond=500_000)),
    ],
)
def test_a_form_that_says_what_it_means_is_read(text: str, wanted: datetime) -> None:
    assert parse_time(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *("05-10-2026", "10/05/2026 05:00", "5.10.26", "26-10-05"),
        *("1791176400", "1791176400000", "1791176400000000", "20261005050000", "12", ""),
        *(
            "2026-13-01",
            "2026-02-30",
            "2026-10-05 25:00",
            "2026-10-05 13:00 PM",
            "2026-10-05 0:00 AM",
        ),
        *("2026-10/05", "2026-10-05x05:00", "2026-10-05_05:00", "2026-10-05 05:00 CET"),
        *(
            "2026-10-05 05:00 Nowhere/Atall",
            "2026-10-05 05:00 +99",
            "5 Okt 2026",
            "today",
            "\u0662026-10-05",
        ),
    ],
)
def test_a_form_that_does_not_is_no_time(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1791176400", "seconds"),
        ("1791176400000000", "microseconds"),
        ("12", "a number"),
        ("10/05/2026 05:00", "day first or month first"),
        ("today", "no form of a time"),
    ],
)
def test_the_reason_is_told(text: str, why: str) -> None:
    assert why in why_no_time(text)


def test_an_offset_of_seconds_is_exact() -> None:
    zone = timezone(-timedelta(hours=4, minutes=56, seconds=2))

    assert parse_time("1880-01-01 00:00:00-04:56:02") == datetime(1880, 1, 1, tzinfo=zone)
    assert parse_time("2026-07-01 00:00 Asia/Kolkata") == datetime(
        2026, 7, 1, tzinfo=ZoneInfo("Asia/Kolkata")
    )
