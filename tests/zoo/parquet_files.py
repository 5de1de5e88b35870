"""Parquet files of every type, whole and broken."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.zoo.csv_files import CSV, ROWS, Make, people, saved

START = dt.datetime(2026, 1, 5)  # noqa: DTZ001 - a time without a zone is one of the animals


def table() -> pa.Table:
    """Return the people as a table."""
    return pa.Table.from_pylist(people())


def wrote(made: pa.Table, name: str = "rows.parquet", **options: Any) -> Make:
    """Return what writes a Parquet file."""

    def make(folder: Path) -> str:
        pq.write_table(made, folder / name, **options)
        return str(folder / name)

    return make


def with_column(name: str, values: Callable[[int], Any], kind: pa.DataType | None) -> Make:
    """Return what writes the people with one more column, or another one of that name."""
    column = pa.array([values(number) for number in range(ROWS)], kind)
    plain = table()
    if name in plain.column_names:
        return wrote(plain.set_column(plain.column_names.index(name), name, column))
    return wrote(plain.append_column(name, column))


def cut(folder: Path) -> str:
    """Write a file and lose its end."""
    path = Path(wrote(table())(folder))
    path.write_bytes(path.read_bytes()[:-100])
    return str(path)


def flipped(folder: Path) -> str:
    """Write a file and change bytes of its pages."""
    path = Path(wrote(table(), compression="none", use_dictionary=False)(folder))
    content = bytearray(path.read_bytes())
    content[10:60] = b"\xff" * 50
    path.write_bytes(content)
    return str(path)


def two(first: pa.Table, second: pa.Table) -> Make:
    """Return what writes two part files."""

    def make(folder: Path) -> str:
        pq.write_table(first, folder / "part-0.parquet")
        pq.write_table(second, folder / "part-1.parquet")
        return str(folder / "part-*.parquet")

    return make


def cast(name: str, kind: pa.DataType) -> pa.Table:
    """Return the people with a column of another type."""
    plain = table()
    at = plain.column_names.index(name)
    return plain.set_column(at, name, plain[name].cast(kind))


PARQUET_FILES: dict[str, tuple[Make, int | str]] = {
    "parquet": (wrote(table()), ROWS),
    "zstd": (wrote(table(), compression="zstd"), ROWS),
    "many row groups": (wrote(table(), row_group_size=7), ROWS),
    "version 1": (wrote(table(), version="1.0"), ROWS),
    "a list column": (with_column("tags", lambda n: ["a"] * (n % 3), pa.list_(pa.string())), ROWS),
    "a struct column": (with_column("place", lambda n: {"x": n, "y": "b"}, None), ROWS),
    "a map column": (
        with_column("extra", lambda n: [("a", n)], pa.map_(pa.string(), pa.int64())),
        ROWS,
    ),
    "decimals": (
        with_column("amount", lambda n: decimal.Decimal(n * 2) / 4, pa.decimal128(20, 2)),
        ROWS,
    ),
    "wide decimals": (
        with_column("amount", lambda n: decimal.Decimal(10) ** 40 + n, pa.decimal256(60, 2)),
        ROWS,
    ),
    "dictionaries": (wrote(cast("city", pa.dictionary(pa.int8(), pa.string()))), ROWS),
    "dictionary labels": (wrote(cast("label", pa.dictionary(pa.int32(), pa.string()))), ROWS),
    "dictionary keys": (wrote(cast("id", pa.dictionary(pa.int32(), pa.string()))), ROWS),
    "large text": (wrote(cast("city", pa.large_string())), ROWS),
    "text views": (wrote(cast("city", pa.string_view())), ROWS),
    "bytes": (with_column("blob", lambda n: bytes([n]), pa.binary()), ROWS),
    "bytes of a fixed size": (with_column("blob", lambda n: bytes([n]) * 4, pa.binary(4)), ROWS),
    "keys as bytes": (
        with_column("id", lambda n: b"\xff" + bytes([n]), pa.binary()),
        "schema_mismatch",
    ),
    "keys as uuid": (
        with_column("id", lambda n: uuid.UUID(int=n).bytes, pa.uuid()),
        "schema_mismatch",
    ),
    "keys as numbers": (with_column("id", lambda n: n, pa.int64()), ROWS),
    "keys as doubles": (with_column("id", lambda n: n + 0.5, pa.float64()), ROWS),
    "keys as lists": (with_column("id", lambda n: [n], None), "schema_mismatch"),
    "labels as lists": (with_column("label", lambda n: [n], None), "schema_mismatch"),
    "labels as bytes": (
        with_column("label", lambda n: b"ab"[n % 2 : n % 2 + 1], pa.binary()),
        "schema_mismatch",
    ),
    "labels as dates": (
        with_column("label", lambda _: START.date(), pa.date32()),
        "schema_mismatch",
    ),
    "only nulls": (with_column("nothing", lambda _: None, pa.null()), ROWS),
    "a null text": (with_column("nothing", lambda _: None, pa.string()), ROWS),
    "half floats": (with_column("amount", float, pa.float16()), ROWS),
    "unsigned beyond int64": (with_column("amount", lambda n: 2**63 + n, pa.uint64()), ROWS),
    "not finite": (
        with_column("amount", lambda n: [float("nan"), float("inf"), 1.0][min(n, 2)], pa.float64()),
        ROWS,
    ),
    "dates": (
        with_column("day", lambda n: (START + dt.timedelta(n)).date(), pa.date32()),
        ROWS,
    ),
    "times of a day": (with_column("at", lambda n: dt.time(n % 24), pa.time64("us")), ROWS),
    "durations": (with_column("long", dt.timedelta, pa.duration("ns")), ROWS),
    "nanoseconds": (
        with_column("at", lambda n: START + dt.timedelta(n), pa.timestamp("ns")),
        ROWS,
    ),
    "times with a zone": (
        with_column("at", lambda n: START + dt.timedelta(n), pa.timestamp("us", "Asia/Kathmandu")),
        ROWS,
    ),
    "times of an unknown zone": (
        wrote(
            table().append_column("at", pa.array(range(ROWS), pa.timestamp("us", "Mars/Olympus")))
        ),
        ROWS,
    ),
    "times out of range": (
        with_column("at", lambda n: 2**62 + n, pa.timestamp("us")),
        "estimator_refused",
    ),
    "int96": (
        wrote(
            table().append_column("at", pa.array([START] * ROWS, pa.timestamp("ns"))),
            use_deprecated_int96_timestamps=True,
        ),
        ROWS,
    ),
    "empty names": (with_column("", lambda n: n, pa.int64()), ROWS),
    "names with dots": (with_column("a.b", lambda n: n, pa.int64()), ROWS),
    "a column twice in parquet": (
        wrote(
            pa.Table.from_arrays(
                [*table().columns, table()["city"]], [*table().column_names, "city"]
            )
        ),
        "schema_mismatch",
    ),
    "names that differ by case": (with_column("Amount", lambda n: n, pa.int64()), ROWS),
    "no rows": (wrote(table().slice(0, 0)), "input_unreadable"),
    "no columns": (wrote(pa.table({})), "input_unreadable"),
    "cut off": (cut, "input_unreadable"),
    "flipped bytes": (flipped, "input_unreadable"),
    "magic alone": (saved(b"PAR1PAR1", "rows.parquet"), "input_unreadable"),
    "csv called parquet": (saved(CSV, "rows.parquet"), "input_unreadable"),
    "a feather": (saved(b"ARROW1\0\0" + bytes(100), "rows.feather"), "input_unreadable"),
    "parts of two integer types": (
        two(
            table().append_column("n", pa.array([1] * ROWS, pa.int32())),
            table()
            .set_column(0, "id", pa.array([f"s{n}" for n in range(ROWS)]))
            .append_column("n", pa.array([1] * ROWS, pa.int64())),
        ),
        2 * ROWS,
    ),
    "parts of text and numbers": (
        two(table().slice(0, 30), cast("amount", pa.string()).slice(30)),
        "schema_mismatch",
    ),
    "parts with and without a zone": (
        two(
            table().slice(0, 30).append_column("at", pa.array([START] * 30, pa.timestamp("us"))),
            table()
            .slice(30)
            .append_column("at", pa.array([START] * 30, pa.timestamp("us", "UTC"))),
        ),
        ROWS,
    ),
    "a part without rows": (two(table(), table().slice(0, 0)), ROWS),
}
