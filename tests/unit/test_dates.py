"""Calendar parts, against Python's datetime."""

# ruff: noqa: DTZ001  clocks without a zone are what this is about

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dates import COUNT, FIRST, circle, local_times, part_values
from pipelines.features import DatePart

_PARTS = {
    "year": lambda time: time.year,
    "month": lambda time: time.month,
    "day": lambda time: time.day,
    "weekday": lambda time: time.weekday(),
    "yearday": lambda time: time.timetuple().tm_yday,
    "hour": lambda time: time.hour,
    "minute": lambda time: time.minute,
}
_ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kolkata",
     "Pacific/Apia", "Africa/Monrovia", "Africa/Casablanca"]
)  # fmt: skip
_MOMENTS = st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))


@given(st.lists(_MOMENTS, max_size=10), _ZONES)
def test_parts_are_those_of_the_local_clock(moments: list[dt.datetime], zone: str) -> None:
    """Summer time, half hours, and a day that Samoa left out."""
    local = local_times(pa.array(moments, pa.timestamp("us", tz="UTC")), zone)

    clocks = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    for part, value in _PARTS.items():
        assert part_values(local, part).tolist() == [value(clock) for clock in clocks]  # type: ignore[arg-type]


@pytest.mark.parametrize(("second", "hour"), [(-1, 1), (0, 3)])
def test_the_clock_changes_at_the_very_second(second: int, hour: int) -> None:
    """New York's clocks went from 1:59 to 3:00 on 10 March 2013, 7:00 UTC."""
    change = dt.datetime(2013, 3, 10, 7, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    column = pa.array([change], pa.timestamp("s", tz="UTC"))

    local = local_times(column, "America/New_York")

    assert part_values(local, "hour").tolist() == [hour]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_unit_is_the_same_time(unit: str) -> None:
    column = pa.array([dt.datetime(1969, 12, 31, 23, 59, 58)], pa.timestamp(unit))

    assert local_times(column, "UTC").tolist() == [-2_000_000]


def test_a_time_without_a_zone_and_a_date_stand_as_they_are() -> None:
    """Both are on the local clock already: a zone moves neither to the day before."""
    day = dt.datetime(2013, 7, 4)
    columns = [pa.array([day], kind) for kind in (pa.timestamp("us"), pa.date32(), pa.date64())]

    for column in columns:
        assert part_values(local_times(column, "America/New_York"), "day").tolist() == [4]


def test_many_days_and_few_days_are_converted_alike() -> None:
    """A table of all days between, or of those that occur: the same offsets."""
    near = np.arange(1000, dtype=np.int64) * 3_600_000_000
    far = np.append(near, [2**61 // 1000, -(2**60) // 1000])
    zoned = pa.timestamp("us", tz="UTC")

    dense = local_times(pa.array(near).cast(zoned), "Europe/Berlin")
    sparse = local_times(pa.array(far).cast(zoned), "Europe/Berlin")

    assert np.array_equal(dense, sparse[:-2])


def test_times_beyond_pythons_calendar_have_parts() -> None:
    """Year 290000 is not refused, and counted as 9999."""
    ends = pa.array([2**63 - 1, -(2**63)], pa.int64()).cast(pa.timestamp("us"))

    local = local_times(ends, "UTC")

    assert part_values(local, "year").tolist() == [9999, 1]
    assert all(1 <= day <= 31 for day in part_values(local, "day"))


@pytest.mark.parametrize("part", _PARTS)
def test_the_circle_closes(part: DatePart) -> None:
    """As many points as values, all on the circle, the last beside the first."""
    sine, cosine = circle(part)

    assert len(sine) == COUNT[part]
    assert np.allclose(sine**2 + cosine**2, 1)
    assert (sine[0], cosine[0]) == (0.0, 1.0)
    assert FIRST[part] in (0, 1)
