"""Filters, look-ups and groups over Arrow tables, against plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.relations import (
    group_codes,
    known_by,
    last_of_each,
    microseconds,
    newest,
    places,
    records,
    where_in,
)

_START = datetime(2026, 11, 20, tzinfo=UTC)
_KEYS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None])), max_size=8)


def _at(minute: int) -> datetime:
    return _START + timedelta(minutes=minute)


def _table(keys: list[tuple[str, str | None]]) -> pa.Table:
    schema = pa.schema([("one", pa.string()), ("two", pa.string())])
    return pa.Table.from_pylist([{"one": one, "two": two} for one, two in keys], schema=schema)


def test_only_what_was_known_then_is_kept_that_moment_included() -> None:
    known = pa.array([_at(0), _at(1), _at(2)], pa.timestamp("us", "UTC"))
    rows = pa.table({"row": [0, 1, 2], "known_at": known})

    assert known_by(rows, _at(1)).column("row").to_pylist() == [0, 1]
    assert known_by(rows, _at(1) - timedelta(microseconds=1)).column("row").to_pylist() == [0]
    assert known_by(rows, None) is rows


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_rows_are_kept_by_any_of_several_texts(kind: pa.DataType) -> None:
    """A row without a text is never kept; no text keeps no row."""
    chunks = pa.chunked_array([["b", None], ["a", "c", "b"]], kind)
    rows = pa.table({"text": chunks, "row": [0, 1, 2, 3, 4]})

    assert where_in(rows, "text", "b", "c").column("row").to_pylist() == [0, 3, 4]
    assert where_in(rows, "text").num_rows == 0


def test_newest_keeps_the_last_draw_of_the_last_series() -> None:
    rows = pa.table({"key": ["x"] * 3, "series": [1, 2, 2], "draw_no": [9, 2, 3], "row": [0, 1, 2]})

    assert newest(rows, ["key"]).column("row").to_pylist() == [2]


@given(_KEYS)
def test_newest_keeps_one_row_of_each_key(keys: list[tuple[str, str | None]]) -> None:
    rows = _table(keys).append_column("series", [[1] * len(keys)])
    rows = rows.append_column("draw_no", [list(range(len(keys)))])

    kept = newest(rows, ["one", "two"])

    assert {(row["one"], row["two"]): row["draw_no"] for row in kept.to_pylist()} == {
        key: at for at, key in enumerate(keys)
    }
    assert kept.num_rows == len(set(keys))


def test_records_hold_python_values_and_times_in_utc() -> None:
    """A time keeps its microseconds; a time of another zone is the same moment in UTC."""
    there = pa.array([_at(0) + timedelta(microseconds=1), None], pa.timestamp("us", "Asia/Tokyo"))

    made = records(pa.table({"text": ["a", None], "number": [1.5, 2.0], "time": there}))

    assert made == [
        {"text": "a", "number": 1.5, "time": _at(0) + timedelta(microseconds=1)},
        {"text": None, "number": 2.0, "time": None},
    ]
    assert made[0]["time"].tzinfo is UTC


def test_a_table_without_rows_has_no_records() -> None:
    assert records(_table([])) == []


@given(_KEYS)
def test_rows_of_one_key_are_one_group(keys: list[tuple[str, str | None]]) -> None:
    groups = group_codes(_table(keys), ["one", "two"]).tolist()

    assert len(set(zip(keys, groups, strict=True))) == len(set(keys)) == len(set(groups))
    assert set(groups) == set(range(len(set(keys))))


@given(_KEYS)
def test_places_finds_keys_in_another_table(keys: list[tuple[str, str | None]]) -> None:
    among = _table([("a", "x"), ("b", "x"), ("b", None)])

    rows = places(_table(keys), among, ["one", "two"])

    expected = {("a", "x"): 0, ("b", "x"): 1, ("b", None): 2}
    assert rows.tolist() == [expected.get(key, -1) for key in keys]


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), max_size=12))
def test_the_last_row_of_each_group_has_the_largest_sort_key(
    rows: list[tuple[int, int, int]],
) -> None:
    """Of equal rows the later one is last."""
    groups, first, second = np.array(rows, dtype=np.int64).reshape(-1, 3).T

    last = last_of_each(groups, [first, second]).to_pylist()

    expected = {row[0]: (row[1:], at) for at, row in sorted(enumerate(rows), key=lambda at: at[1])}
    assert last == [at for _, (_, at) in sorted(expected.items())]


def test_times_are_read_as_microseconds() -> None:
    table = pa.table({"time": pa.array([_at(0), None], pa.timestamp("us", "UTC"))})

    assert microseconds(table, "time").tolist() == [int(_START.timestamp()) * 10**6, 0]
