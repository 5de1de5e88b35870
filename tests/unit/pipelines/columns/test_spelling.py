"""One spelling for labels, targets and answers, by value and by column."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.spelling import canonical, canonical_text
from pipelines.errors import SchemaMismatch

NUMBERS = st.one_of(st.floats(), st.integers(-(2**53), 2**53).map(float), st.floats(-1e16, 1e16))
TEXTS = st.one_of(st.text(max_size=6), st.sampled_from(["3.0", "True", "-0.00", "007", "1.50"]))


@pytest.mark.parametrize(
    "value, expected",
    [
        (3.0, "3"),
        (np.float32(3), "3"),
        (np.int64(3), "3"),
        ("3.0", "3"),
        ("-3.00", "-3"),
        (-0.0, "0"),
        ("-0.0", "0"),
        (0.1, "0.1"),
        (1e10, "10000000000"),
        (1e300, "1e+300"),
        (math.inf, "inf"),
        (True, "true"),
        (np.False_, "false"),
        ("True", "true"),
        ("FALSE", "false"),
        ("e\u0301", "\u00e9"),
        (" late ", " late "),
        ("007", "007"),
        ("007.0", "007.0"),
        ("1.50", "1.50"),
        ("\u0663.0", "\u0663.0"),
        ("", ""),
        (None, None),
        (math.nan, None),
    ],
)
def test_spells_one_value(value: object, expected: str | None) -> None:
    assert canonical(value) == expected


@pytest.mark.parametrize("value", [b"late", ["late"], dt.date(2026, 11, 20)])
def test_other_values_are_no_labels(value: object) -> None:
    with pytest.raises(TypeError, match="a label is text, a number or a truth value"):
        canonical(value)


@given(st.one_of(TEXTS, NUMBERS, st.booleans(), st.integers()))
def test_a_second_time_changes_nothing(value: object) -> None:
    once = canonical(value)

    assert canonical(once) == once
    assert once is None or once == normalize("NFC", once)


@given(st.one_of(NUMBERS, st.integers(-(2**40), 2**40), st.booleans()))
def test_a_number_and_its_own_text_are_one_label(value: object) -> None:
    """What a CSV file writes for a label is that label."""
    spelled = canonical(value)

    assert spelled is None or canonical(str(value)) == spelled


@pytest.mark.parametrize(
    "kind, values",
    [
        (pa.float64(), st.one_of(st.none(), NUMBERS)),
        (pa.float32(), st.one_of(st.none(), st.floats(width=32))),
        (pa.string(), st.one_of(st.none(), TEXTS)),
        (pa.large_string(), st.one_of(st.none(), TEXTS)),
        (pa.int64(), st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))),
        (pa.bool_(), st.one_of(st.none(), st.booleans())),
    ],
    ids=str,
)
@given(data=st.data())
def test_a_column_is_its_values(kind: pa.DataType, values: Any, data: st.DataObject) -> None:
    """Plain, sliced or as a dictionary."""
    column = pa.array(data.draw(st.lists(values, max_size=20)), kind)
    start = data.draw(st.integers(0, len(column)))

    expected = [canonical(value) for value in column.to_pylist()]

    assert canonical_text(column).to_pylist() == expected
    assert canonical_text(column.slice(start)).to_pylist() == expected[start:]
    assert canonical_text(column.dictionary_encode()).to_pylist() == expected
    assert canonical_text(column).type == pa.string()


def test_a_column_of_nothing_is_all_missing() -> None:
    assert canonical_text(pa.nulls(2)).to_pylist() == [None, None]


@pytest.mark.parametrize("column", [pa.array([dt.date(2026, 11, 20)]), pa.array([[1]])], ids=str)
def test_a_column_of_another_kind_is_refused_with_the_way_out(column: pa.Array) -> None:
    with pytest.raises(SchemaMismatch, match="have no canonical text\n  fix: write the column"):
        canonical_text(column)


def test_decimals_are_numbers() -> None:
    column = pa.array([Decimal("3.00"), Decimal("1.50"), None])

    assert canonical_text(column).to_pylist() == ["3", "1.5", None]
    assert [canonical(value) for value in column.to_pylist()] == ["3", "1.5", None]
