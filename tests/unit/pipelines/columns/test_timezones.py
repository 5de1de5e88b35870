"""Moments on the clocks of timezones, against Python's datetime."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.timezones import utc_offsets

_ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kolkata",
     "Pacific/Apia", "Africa/Monrovia", "Africa/Casablanca"]
)  # fmt: skip
_FIRST, _LAST = dt.datetime(1900, 1, 2), dt.datetime(2100, 1, 1)  # noqa: DTZ001
_MOMENTS = st.datetimes(_FIRST, _LAST, timezones=st.just(dt.UTC))
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def micros(moments: list[dt.datetime]) -> np.ndarray:
    ticks = [(moment - _EPOCH) // dt.timedelta(microseconds=1) for moment in moments]
    return np.array(ticks, dtype=np.int64)


@given(st.lists(_MOMENTS, max_size=10), _ZONES)
def test_offsets_are_those_of_the_zone(moments: list[dt.datetime], zone: str) -> None:
    """Summer time (also after 2037), half hours, and a day that Samoa left out."""
    found = utc_offsets(micros(moments), zone)

    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments]
    assert found.tolist() == [
        one // dt.timedelta(microseconds=1) for one in offsets if one is not None
    ]


@pytest.mark.parametrize(("second", "hours"), [(-1, -5), (0, -4)])
def test_the_clock_changes_at_the_very_second(second: int, hours: int) -> None:
    """New York's clocks went from 1:59 to 3:00 on 10 March 2013, 7:00 UTC."""
    change = dt.datetime(2013, 3, 10, 7, tzinfo=dt.UTC) + dt.timedelta(seconds=second)

    assert utc_offsets(micros([change]), "America/New_York").tolist() == [hours * 3_600_000_000]


def test_many_days_and_few_days_are_converted_alike() -> None:
    """A table of all days between, or of those that occur: the same offsets."""
    near = np.arange(1000, dtype=np.int64) * 3_600_000_000
    far = np.append(near, [2**61 // 1000, -(2**60) // 1000])

    dense, sparse = (utc_offsets(moments, "Europe/Berlin") for moments in (near, far))

    assert np.array_equal(dense, sparse[:-2])
