"""Times as microseconds and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.utc_times import EPOCH, micros_of, time_of

_TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]))


@given(_TIMES)
def test_a_time_comes_back_to_the_microsecond(moment: datetime) -> None:
    """Also beyond what a float of seconds can hold, and before 1970."""
    try:
        moment.astimezone(UTC)
    except OverflowError:  # the first hours of year 1 and the last of 9999
        moment = EPOCH

    assert time_of(micros_of(moment)) == moment


def test_a_time_reads_as_utc() -> None:
    assert time_of(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
