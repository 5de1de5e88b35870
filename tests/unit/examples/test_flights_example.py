"""The flights of the demo: one row a flight, whatever is joined to them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from examples.flights import prepare
from pipelines.job.job_file import load

LOCAL_HOUR = ("origin", "year", "month", "day", "hour")


@pytest.fixture(scope="module")
def flights() -> pa.Table:
    return prepare.flights(prepare.source())


@pytest.fixture(scope="module")
def weather() -> pa.Table:
    return prepare.read((prepare.source() / "weather.csv").read_bytes())


def test_the_key_names_one_flight(flights: pa.Table) -> None:
    groups = flights.group_by(list(prepare.KEY)).aggregate([])

    assert (len(groups), len(flights)) == (336_776, 336_776)


def test_a_join_on_the_local_hour_fans_out(weather: pa.Table) -> None:
    """The night that ends summer time has one hour twice, at each of three airports."""
    joined = weather.select(LOCAL_HOUR).join(weather, list(LOCAL_HOUR))

    assert len(weather) == 26_115
    assert len(joined) == 26_115 + 3 * 2


def test_a_join_that_would_fan_out_is_refused(flights: pa.Table, weather: pa.Table) -> None:
    with pytest.raises(ValueError, match="would fan out"):
        prepare.beside(flights.slice(0, 1), weather, LOCAL_HOUR, ("temp",))


def test_each_flight_has_the_weather_of_its_own_hour(flights: pa.Table) -> None:
    """The first flight of the year left Newark at 5 in the morning, at 39 °F."""
    first = flights.slice(0, 1).to_pylist()[0]

    assert (first["origin"], first["hour"], first["temp"]) == ("EWR", 5, 39.02)
    assert flights["temp"].null_count == 1_573


def test_a_flight_that_never_arrived_is_an_answer_of_its_own(flights: pa.Table) -> None:
    counts = {row["values"]: row["counts"] for row in flights["outcome"].value_counts().to_pylist()}

    assert counts == {"on time": 249_716, "late": 77_630, "cancelled or diverted": 9_430}
    assert set(counts) == set(prepare.ANSWERS)


def test_the_event_is_the_scheduled_departure_in_local_time(flights: pa.Table) -> None:
    parts = flights.select(["year", "month", "day", "hour", "minute"]).take([0, 100_000, 336_775])

    times = flights[prepare.TIME].take([0, 100_000, 336_775]).to_pylist()

    assert times == [datetime(*row.values()) for row in parts.to_pylist()]  # noqa: DTZ001
    assert flights.schema.field(prepare.TIME).type.tz is None


def test_what_is_known_only_afterwards_is_there_to_be_refused(flights: pa.Table) -> None:
    assert set(prepare.KNOWN_AFTER) <= set(flights.column_names)


def test_a_missing_tail_number_tells_the_outcome(flights: pa.Table) -> None:
    """So it counts among what is known only afterwards."""
    nameless = flights.filter(pc.is_null(flights["tailnum"]))

    assert pc.unique(nameless["outcome"]).to_pylist() == [prepare.NEVER_ARRIVED]
    assert "tailnum" in prepare.KNOWN_AFTER


def test_days_hold_their_flights_in_the_order_of_the_source(
    flights: pa.Table, tmp_path: Path
) -> None:
    some = flights.take(pa.array(range(0, 336_776, 977)))

    paths = prepare.write_days(some, tmp_path / "days")

    days = {path.stem: pq.read_table(path) for path in paths}
    day = some.filter(pc.and_(pc.equal(some["month"], 4), pc.equal(some["day"], 1)))
    assert days["2013-04-01"].equals(day)
    assert sum(map(len, days.values())) == len(some)
    assert list(days) == sorted(days)


def test_the_same_day_is_the_same_bytes(flights: pa.Table, tmp_path: Path) -> None:
    """A second `make demo` finds its input unchanged."""
    [first] = prepare.write_days(flights.slice(0, 100), tmp_path / "first")
    [second] = prepare.write_days(flights.slice(0, 100), tmp_path / "second")

    assert first.read_bytes() == second.read_bytes()


def test_the_job_file_fits_the_data(flights: pa.Table) -> None:
    """Its columns exist, and it says the same as what prepares the data."""
    job = load(Path(prepare.__file__).with_name("recheck.toml"))

    assert {*job.features.columns, *job.labeling.show, *job.key_columns} <= {*flights.column_names}
    assert (job.key_columns, job.data.time) == (prepare.KEY, prepare.TIME)
    assert (job.target.column, job.target.answers) == (prepare.TARGET, prepare.ANSWERS)
    assert (job.features.known_after, job.batches.timezone) == (
        prepare.KNOWN_AFTER,
        prepare.TIMEZONE,
    )
