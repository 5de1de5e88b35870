"""Commit times: the present, and always later than the last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infra import clock

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds have none


@given(st.lists(MOMENTS, min_size=1, max_size=8))
def test_commit_times_ascend_whatever_the_clock_does(clocks: list[datetime]) -> None:
    """A clock that is set back, or stands still, orders nothing anew."""
    last, times = None, []
    for present in clocks:
        last = clock.after(last, present)
        times.append(last)

    assert all(one < other for one, other in pairwise(times))
    assert all(time >= present for time, present in zip(times, clocks, strict=True))


def test_the_present_is_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)
