"""Numbers as times, against Python's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.epochs import UNITS, Unit, epoch_times, likely_unit

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001


def number(moment: datetime, unit: Unit) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * UNITS[unit] // 1_000_000


def told(values: list[Any], unit: Unit, kind: pa.DataType | None = None) -> list[Any]:
    return epoch_times(pa.array(values, kind), unit).to_pylist()


@pytest.mark.parametrize("unit", list(UNITS))
@given(moment=MOMENTS)
def test_a_number_is_the_time_that_its_unit_says(unit: Unit, moment: datetime) -> None:
    """As whole numbers, as text and as the floats that a library makes of gaps."""
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    value = number(moment, unit)

    assert told([value, None], unit) == [moment, None]
    assert told([str(value), None], unit) == [moment, None]
    [of_float, nothing] = told([float(value), None], unit)
    assert abs(of_float - moment) <= timedelta(microseconds=1)  # of nanoseconds, a float holds 256
    assert nothing is None


@pytest.mark.parametrize("unit", list(UNITS))
@pytest.mark.parametrize("other", list(UNITS))
def test_a_number_of_another_unit_is_no_time(unit: Unit, other: Unit) -> None:
    """It is never read as a week of 1970, nor as the year 58,000."""
    found = told([number(NOON, other)], unit)

    assert found == ([NOON] if unit == other else [None])


@pytest.mark.parametrize("text", ["", "x", "1e400", "NaN", "12:00", "٣"])
def test_what_is_no_number_is_no_time(text: str) -> None:
    assert told([text], "s") == [None]


def test_parts_of_a_second_count() -> None:
    assert told(["1791201600.25"], "s") == [NOON + timedelta(seconds=0.25)]


def test_a_time_stays_what_it_is() -> None:
    """Files of one job need not agree about the type."""
    assert told([NOON], "ms", pa.timestamp("s", "UTC")) == [NOON]


@pytest.mark.parametrize("unit", list(UNITS))
def test_the_unit_is_seen_in_the_numbers(unit: Unit) -> None:
    values = [number(NOON + timedelta(days=day), unit) for day in range(3)]

    assert likely_unit(pa.array([*values, None])) == unit
    assert likely_unit(pa.array([f" {value}" for value in values])) == unit


@pytest.mark.parametrize(
    "values",
    [[1, 2, 3], [20261005], [1791201600, 1791201600000], ["x"], [1791201600.5], [None], ["12", "x"]],
)  # fmt: skip
def test_other_numbers_have_no_unit(values: list[Any]) -> None:
    """Counts, dates written as numbers, and numbers of several units."""
    assert likely_unit(pa.array(values)) is None
