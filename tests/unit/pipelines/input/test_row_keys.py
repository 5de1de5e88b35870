"""Keys: text as it stands, one spelling for numbers, JSON for several columns."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SchemaMismatch
from pipelines.input.faults import Faults
from pipelines.input.row_keys import keys_of

DIGEST = "0123456789abcdef" * 4
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def keys(faults: Faults | None = None, **columns: pa.Array) -> list[str]:
    rows = pa.record_batch(columns)
    places = np.arange(rows.num_rows)
    found: list[str] = keys_of(
        rows, list(columns), DIGEST, places, Faults() if faults is None else faults
    ).to_pylist()
    return found


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array(["007", " x ", "3.0", "é", ""]), ["007", " x ", "3.0", "é", ""]),
        (pa.array(["007", "b"]).dictionary_encode(), ["007", "b"]),
        (pa.array(["007"], pa.large_string()), ["007"]),
        (pa.array([7, -1]), ["7", "-1"]),
        (pa.array([7.0, 0.5, 2.0**60]), ["7", "0.5", "1.152921504606847e+18"]),
        (pa.array([True]), ["true"]),
        (pa.array([Decimal("7.00")]), ["7"]),
        (pa.array([date(2026, 1, 5)]), ["2026-01-05"]),
        (pa.array([1_767_596_400], pa.timestamp("s")), ["2026-01-05 07:00:00"]),
    ],
    ids=str,
)
def test_a_key_is_text(column: pa.Array, wanted: list[str]) -> None:
    """Text stays as it is, and a number is spelled as a person would."""
    assert keys(k=column) == wanted


@given(st.lists(st.tuples(KEYS, KEYS), min_size=1, max_size=5))
def test_several_columns_make_a_json_array(pairs: list[tuple[str, str]]) -> None:
    """So `a` + `bc` is not `ab` + `c`."""
    a, b = (pa.array([pair[place] for pair in pairs], pa.string()) for place in (0, 1))

    found = keys(a=a, b=b)

    assert [tuple(json.loads(key)) for key in found] == pairs
    assert len(set(found)) == len(set(pairs))


def test_numbers_in_an_array_are_texts_too() -> None:
    """One file may hold them as integers, the next, from CSV, as text."""
    assert keys(a=pa.array([2013]), b=pa.array(["UA"])) == ['["2013","UA"]']


@pytest.mark.parametrize(
    "column", [pa.array(["a", None]), pa.array([1.0, float("nan")]), pa.array([1, None])], ids=str
)
def test_a_key_that_is_missing_marks_its_row(column: pa.Array) -> None:
    faults = Faults()

    assert keys(faults, k=column)[1] == ""
    assert faults.reasons == {1: ("null_key", "k")}


def test_a_part_that_is_missing_is_enough() -> None:
    faults = Faults()

    keys(faults, a=pa.array(["x", "y"]), b=pa.array([None, 1]))

    assert faults.reasons == {0: ("null_key", "b")}


@pytest.mark.parametrize("coded", [False, True])
def test_a_key_that_is_no_text_marks_its_row(*, coded: bool) -> None:
    """Also beside a null, and where the column is coded."""
    faults = Faults()
    column = pa.array([b"a", b"\xff", None], pa.binary()).view(pa.string())

    found = keys(faults, k=column.dictionary_encode() if coded else column)

    assert found == ["a", "", ""]
    assert {row: reason for row, (reason, _) in faults.reasons.items()} == {
        1: "invalid_utf8",
        2: "null_key",
    }


def test_without_a_key_a_row_is_its_place_in_its_file() -> None:
    """Its true place, also where rows of other batches lie between."""
    rows = pa.record_batch({"x": pa.array([1, 2])})

    found = keys_of(rows, (), DIGEST, np.array([5, 9]), Faults())

    assert found.to_pylist() == ["0123456789abcdef:5", "0123456789abcdef:9"]


def test_the_content_of_a_row_can_be_its_key() -> None:
    """Equal rows have one key, wherever they stand, however their words are coded."""
    rows = pa.record_batch({"x": [1, 2, 1], "y": ["a", "a", "a"]})
    coded = pa.record_batch({"x": rows["x"], "y": rows["y"].dictionary_encode()})

    found = keys_of(rows, "content", DIGEST, np.arange(3), Faults()).to_pylist()

    assert found[0] == found[2] != found[1]
    assert keys_of(coded, "content", "", np.arange(3), Faults()).to_pylist() == found


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array([b"x"])], ids=str)
def test_what_has_no_spelling_is_no_key(column: pa.Array) -> None:
    with pytest.raises(SchemaMismatch, match="key column 'k' holds"):
        keys(k=column)
