"""Calendar parts, against Python's datetime."""

# ruff: noqa: DTZ001  clocks without a zone are what this is about

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.features.calendar_parts import COUNT, FIRST, circle, local_times, part_values
from pipelines.features.spec import DatePart

_PARTS = {
    "year": lambda time: time.year,
    "month": lambda time: time.month,
    "day": lambda time: time.day,
    "weekday": lambda time: time.weekday(),
    "yearday": lambda time: time.timetuple().tm_yday,
    "hour": lambda time: time.hour,
    "minute": lambda time: time.minute,
}
_MOMENTS = st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2100, 1, 1))


@given(st.lists(_MOMENTS, max_size=10))
def test_parts_are_those_of_the_clock_on_the_wall(moments: list[dt.datetime]) -> None:
    local = local_times(pa.array(moments, pa.timestamp("us")))

    for part, value in _PARTS.items():
        assert part_values(local, part).tolist() == [value(moment) for moment in moments]  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_unit_is_the_same_time(unit: str) -> None:
    column = pa.array([dt.datetime(1969, 12, 31, 23, 59, 58)], pa.timestamp(unit))

    assert local_times(column).tolist() == [-2_000_000]


def test_a_date_is_the_day_of_its_midnight() -> None:
    day = dt.datetime(2013, 7, 4)
    columns = [pa.array([day], kind) for kind in (pa.timestamp("us"), pa.date32(), pa.date64())]

    for column in columns:
        assert part_values(local_times(column), "day").tolist() == [4]


def test_times_beyond_pythons_calendar_have_parts() -> None:
    """Year 290000 is not refused, and counted as 9999."""
    ends = pa.array([2**63 - 1, -(2**63)], pa.int64()).cast(pa.timestamp("us"))

    local = local_times(ends)

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
