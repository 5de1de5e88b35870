"""Names of periods, against Python's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.job.periods import Kind, name_of, named, settled
from pipelines.job.sections import Batches

KINDS: tuple[Kind, ...] = ("hour", "day", "week", "month")
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 11, 30))  # noqa: DTZ001  # on the wall


@given(MOMENTS, st.sampled_from(KINDS))
def test_a_moment_lies_in_the_period_that_it_names(moment: datetime, kind: Kind) -> None:
    period = named(name_of(kind, moment))

    assert period is not None
    assert period.kind == kind
    assert period.start <= moment < period.end


@given(MOMENTS, st.sampled_from(KINDS))
def test_a_period_is_called_what_its_moments_are(moment: datetime, kind: Kind) -> None:
    name = name_of(kind, moment)
    period = named(name)

    assert period is not None
    assert period.name == name_of(kind, period.end - timedelta(microseconds=1)) == name


@pytest.mark.parametrize(
    "name",
    [
        "all",
        "north",
        "2026-13",
        "2026-02-30",
        "2026-11-20T24",
        "2026-11-20T05:00",
        "2026-11-20 ",
        "x2026-W47",
        "2026-W60",
        "2025-W53",  # that year has 52
        "0000-01-01",
        "9999-12",  # nothing comes after it
        "9999-12-31",
        "\u0662\u0660\u0662\u0666-01-01",  # digits, but not ours
    ],
)
def test_other_names_say_nothing_of_time(name: str) -> None:
    assert named(name) is None


def test_a_month_is_as_long_as_it_is() -> None:
    found = [named(f"2028-{month:02d}") for month in range(1, 13)]

    lengths = [(one.end - one.start).days for one in found if one]
    assert lengths == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_what_no_clock_reaches_is_never_settled() -> None:
    period = named("9999-12-30")

    assert period is not None
    assert settled(period, Batches(settle=87_600)) is None
    assert settled(period, Batches()) == datetime(9999, 12, 31, tzinfo=UTC)


def test_a_week_begins_on_monday() -> None:
    period = named("2026-W47")

    assert period is not None
    assert period.start.date() == date(2026, 11, 16)
