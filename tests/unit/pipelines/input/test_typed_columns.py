"""A raw column as numbers or as categories: one meaning, whatever the file's type."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input.faults import Faults
from pipelines.input.typed_columns import category, numbers


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, None], pa.int8()),
        pa.array([1, 2, None], pa.uint64()),
        pa.array([1, 2, None], pa.float32()),
        pa.array([Decimal("1.0"), Decimal(2), None]),
        pa.array(["1", "2.0", None]),
        pa.array(["1", "2.0", None], pa.large_string()),
        pa.array(["1", "2", None]).dictionary_encode(),
        pa.array([1, 2, None]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_every_type_of_number_is_that_number(column: pa.Array) -> None:
    """From CSV or Parquet, the same; null stays missing."""
    found = numbers(column, "x", Faults())

    assert found.type == pa.float64()
    assert found.to_pylist()[:2] == [1.0, 2.0]
    assert found.to_pylist()[2] is None or found.to_pylist()[2] != found.to_pylist()[2]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_a_number_written_as_text_is_the_same_to_the_last_bit(values: list[float]) -> None:
    """Also beside a text that is no number, which takes another way."""
    texts = [repr(value) for value in values]

    assert numbers(pa.array(texts), "x", Faults()).to_pylist() == values
    assert numbers(pa.array([*texts, "x"]), "x", Faults()).to_pylist()[:-1] == values


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array(["a", None, ""]), ["a", None, ""]),
        (pa.array([3, None]), ["3", None]),
        (pa.array([3.0, float("nan")]), ["3", None]),
        (pa.array(["3.0", "3"]), ["3", "3"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["True", "FALSE"]), ["true", "false"]),
        (pa.array([date(2026, 1, 5)]), ["2026-01-05"]),
        (pa.array([Decimal("1.50")]), ["1.5"]),
        (pa.array(["e\u0301"]), ["é"]),
        (pa.nulls(2), [None, None]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array([3, 3]).dictionary_encode(), ["3", "3"]),
    ],
    ids=str,
)
def test_a_category_has_one_spelling(column: pa.Array, wanted: list[str | None]) -> None:
    """However the file holds it: else a model would not know what it was trained on."""
    assert category(column, "x", Faults()).to_pylist() == wanted
