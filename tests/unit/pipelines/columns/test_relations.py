from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.relations import known_by, newest, places

_START = datetime(2026, 11, 20, tzinfo=UTC)


def test_only_what_was_known_then_counts_that_moment_included() -> None:
    moments = [_START + timedelta(minutes=minute) for minute in range(3)]
    rows = pa.table({"row": [0, 1, 2], "known_at": pa.array(moments, pa.timestamp("us", "UTC"))})

    assert known_by(rows, moments[1]).column("row").to_pylist() == [0, 1]


def test_newest_keeps_the_last_draw_of_the_last_series() -> None:
    rows = pa.table({"key": ["x"] * 3, "series": [1, 2, 2], "draw_no": [9, 2, 3], "row": [0, 1, 2]})

    assert newest(rows, ["key"]).column("row").to_pylist() == [2]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None])), max_size=8))
def test_places_finds_keys_in_another_table(keys: list[tuple[str, str | None]]) -> None:
    kinds = pa.schema([("one", pa.string()), ("two", pa.string())])
    rows = pa.table([pa.array(part, pa.string()) for part in _columns(keys)], schema=kinds)
    among = pa.table({"one": ["a", "b", "b"], "two": ["x", "x", None]}, schema=kinds)

    found = places(rows, among, ["one", "two"])

    expected = {("a", "x"): 0, ("b", "x"): 1, ("b", None): 2}
    assert found.tolist() == [expected.get(key, -1) for key in keys]


def _columns(keys: list[tuple[str, str | None]]) -> list[list[str | None]]:
    return [[key[place] for key in keys] for place in range(2)]
