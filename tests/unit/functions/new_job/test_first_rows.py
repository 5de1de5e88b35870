"""The first values of a column are put together whatever types its files have."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.new_job.column_kinds import look
from functions.new_job.first_rows import first_values
from pipelines.input.fragments import Source, find_sources

NOW = datetime(2026, 10, 1, 5)  # noqa: DTZ001 - as a file without a zone has it
COLUMNS = {
    "int64": pa.array([1, 2]),
    "int8": pa.array([1, 2], pa.int8()),
    "uint64": pa.array([1, 2**63], pa.uint64()),
    "float": pa.array([0.5, None]),
    "bool": pa.array([True, False]),
    "text": pa.array(["a", "b"]),
    "large text": pa.array(["a", "b"], pa.large_string()),
    "text view": pa.array(["a", "b"], pa.string_view()),
    "category": pa.array(["a", "b"]).dictionary_encode(),
    "decimal": pa.array([Decimal("1.25"), None]),
    "naive": pa.array([NOW, None], pa.timestamp("ns")),
    "utc": pa.array([NOW.replace(tzinfo=UTC)], pa.timestamp("us", "UTC")),
    "zone": pa.array([NOW], pa.timestamp("ms", "Europe/Berlin")),
    "date": pa.array([date(2026, 10, 1)]),
    "bytes": pa.array([b"\x89PNG", b"\xff"]),
    "list": pa.array([[1], None]),
    "struct": pa.array([{"a": 1}]),
    "null": pa.nulls(2),
}


def of_files(folder: Path, *columns: pa.Array) -> list[Source]:
    for number, column in enumerate(columns):
        pq.write_table(pa.table({"x": column}), folder / f"{number}.parquet")
    return find_sources("*.parquet", folder)


@pytest.mark.parametrize(("first", "second"), list(permutations(COLUMNS, 2)))
def test_two_files_of_any_types_are_looked_at(tmp_path: Path, first: str, second: str) -> None:
    sources = of_files(tmp_path, COLUMNS[first], COLUMNS[second])

    [column] = first_values(sources)

    assert len(column.values) == len(COLUMNS[first]) + len(COLUMNS[second])
    assert len(look(first_values(sources))) == 1


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("int64", "float", "numeric"),
        ("naive", "utc", "date"),
        ("utc", "zone", "date"),
        ("naive", "date", "date"),
        ("text", "category", "categorical"),
        ("null", "date", "date"),
    ],
)
def test_types_of_one_family_are_one_kind(tmp_path: Path, one: str, other: str, kind: str) -> None:
    [column] = look(first_values(of_files(tmp_path, COLUMNS[one], COLUMNS[other])))

    assert column.kind == kind


def test_numbers_in_one_file_and_their_texts_in_another_are_numbers(tmp_path: Path) -> None:
    numbers = pa.array(range(0, 80, 2))

    [column] = look(first_values(of_files(tmp_path, numbers, numbers.cast(pa.string()))))

    assert (column.kind, column.distinct) == ("numeric", 40)


def test_a_column_that_a_file_does_not_have_is_missing_there(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "y": ["a"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [2, 3]}), tmp_path / "b.parquet")

    found = {one.name: one.values.to_pylist() for one in first_values(find_sources("*", tmp_path))}

    assert found == {"x": [1, 2, 3], "y": ["a", None, None]}
