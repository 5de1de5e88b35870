"""Arrow columns as numpy arrays, checked against pyarrow's own Python values."""

from __future__ import annotations

import datetime as dt
import math
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns import buffers

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=20)
FLOATS = st.lists(st.one_of(st.none(), st.floats()), max_size=20)


def _cuts(data: st.DataObject, column: pa.Array) -> pa.Array:
    start = data.draw(st.integers(0, len(column)))
    return column.slice(start, data.draw(st.integers(0, len(column) - start)))


@given(FLOATS, st.data())
def test_floats_are_the_values_with_nan_for_null(values: list[float | None], data: Any) -> None:
    """Any slice of a float column keeps its bits; null becomes NaN."""
    column = _cuts(data, pa.array(values, pa.float64()))

    seen = buffers.floats(column)

    expected = [math.nan if value is None else value for value in column.to_pylist()]
    assert np.array_equal(seen, np.array(expected, dtype=np.float64), equal_nan=True)


def test_floats_share_the_buffer_of_a_column_without_nulls() -> None:
    """Nothing is copied where nothing must change."""
    column = pa.array([1.0, 2.0, 3.0])

    assert np.shares_memory(buffers.floats(column), buffers.floats(column.slice(1)))


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.float32(), pa.bool_(), pa.int64()])
def test_floats_read_every_kind_of_number(kind: pa.DataType) -> None:
    """Integers, short floats and truth values count as numbers."""
    column = pa.array([1, None, 0], pa.int64()).cast(kind)

    assert np.array_equal(buffers.floats(column), [1.0, math.nan, 0.0], equal_nan=True)


def test_a_column_of_nulls_alone_has_no_number() -> None:
    """The null type has no buffers at all."""
    assert np.isnan(buffers.floats(pa.nulls(3))).all()


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=20), st.data())
def test_integers_are_exact_with_zero_for_null(values: list[int | None], data: Any) -> None:
    """No detour through floats: 2**63 - 1 stays what it is."""
    column = _cuts(data, pa.array(values, pa.int64()))

    assert buffers.integers(column).tolist() == [value or 0 for value in column.to_pylist()]


def test_times_are_read_as_they_are_stored() -> None:
    """A timestamp is its number of units, a date its number of days."""
    moment = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
    column = pa.array([moment, None], pa.timestamp("us", tz="UTC"))

    assert buffers.integers(column).tolist() == [86_400_000_000, 0]
    assert buffers.integers(column.cast(pa.date32())).tolist() == [1, 0]


@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=40), st.data())
def test_truth_values_survive_any_slice(values: list[bool | None], data: Any) -> None:
    """Bits are packed eight to a byte, and a slice may begin inside one."""
    column = _cuts(data, pa.array(values, pa.bool_()))
    gaps = buffers.missing(column)

    assert buffers.booleans(column).tolist() == [bool(value) for value in column.to_pylist()]
    assert (gaps is not None) == (None in column.to_pylist())


@given(TEXTS, st.data(), st.sampled_from([pa.string(), pa.large_string()]))
def test_codes_point_to_the_texts(values: list[str | None], data: Any, kind: Any) -> None:
    """Plain and dictionary columns give each row's text, -1 for null."""
    plain = _cuts(data, pa.array(values, kind))
    coded = _cuts(data, pa.array(values, kind).dictionary_encode())

    for column in (plain, coded):
        codes, names = buffers.dictionary_codes(column)
        assert [None if code < 0 else names[code] for code in codes] == column.to_pylist()
        assert len(set(names)) == len(names)


def test_nulls_and_repeats_inside_a_dictionary_are_seen_through() -> None:
    """Arrow allows both; a count by code would be wrong with either."""
    column = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 3, None], pa.int8()), pa.array(["a", None, "a", "b"])
    )

    codes, names = buffers.dictionary_codes(column)

    assert names == ["a", "b"]
    assert codes.tolist() == [0, -1, 0, 1, -1]


@given(TEXTS, st.data(), st.sampled_from([pa.string(), pa.large_string(), pa.binary()]))
def test_bytes_are_those_of_each_row(values: list[str | None], data: Any, kind: Any) -> None:
    """Offsets point into the data, whatever the slice."""
    encoded = [None if value is None else value.encode() for value in values]
    column = _cuts(data, pa.array(encoded, pa.binary()).cast(kind))

    offsets, content = buffers.byte_view(column)

    rows = [content[a:b].tobytes() for a, b in pairwise(offsets)]
    assert rows == [value or b"" for value in column.cast(pa.binary()).to_pylist()]


def test_byte_view_reads_dictionaries_and_fixed_width() -> None:
    """Both are decoded; anything else is refused by name."""
    assert buffers.byte_view(buffers.coded_texts([1, 0], ["a", "bc"]))[0].tolist() == [0, 2, 3]
    assert buffers.byte_view(pa.array([b"ab", b"cd"], pa.binary(2)))[0].tolist() == [0, 2, 4]
    with pytest.raises(TypeError, match="not double"):
        buffers.byte_view(pa.array([1.0]))


@given(TEXTS)
def test_texts_make_the_column_that_pyarrow_makes(values: list[str | None]) -> None:
    """Our way around pandas gives an equal and valid array."""
    column = buffers.texts(values)

    column.validate(full=True)
    assert column.equals(pa.array(values, pa.string()))


@given(FLOATS)
def test_numbers_and_their_masks_make_the_column_that_pyarrow_makes(values: list[Any]) -> None:
    """A True in the mask is a null, for floats, integers, times and truth values."""
    gaps = np.array([value is None for value in values], dtype=np.bool_)
    numbers = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
    whole = np.arange(len(values))
    makers = [
        (buffers.float_array, pa.float64(), numbers),
        (buffers.int_array, pa.int64(), whole),
        (buffers.time_array, pa.timestamp("us", tz="UTC"), whole),
        (buffers.bool_array, pa.bool_(), numbers > 0),
    ]

    for make, kind, given_values in makers:
        column = make(given_values, gaps)
        column.validate(full=True)
        expected = pa.array(given_values, mask=gaps).cast(kind)
        assert str(column) == str(expected)  # NaN is not equal to itself


def test_text_of_more_than_two_gibibytes_is_refused() -> None:
    """Its 32-bit offsets would wrap around silently."""
    with pytest.raises(OverflowError, match="2 GiB"):
        buffers.text_array(np.array([0, 2**31]), np.zeros(0, np.uint8))


_EVERY_CALL = """
import sys
import numpy as np
import pyarrow as pa
from pipelines.columns import buffers as c

gaps = np.array([False, True])
text, coded = c.texts(["a", None]), c.coded_texts([0, -1], ["a"])
numbers, whole = c.float_array([1.0, 2.0], gaps), c.int_array([1, 2], gaps)
times, flags = c.time_array([1, 2], gaps), c.bool_array([True, False], gaps)
for column in (text, coded, coded.dictionary_decode()):
    c.dictionary_codes(column), c.byte_view(column), c.missing(column)
for column in (numbers, whole, flags, pa.nulls(2)):
    c.floats(column)
for column in (whole, times, times.cast(pa.date32())):
    c.integers(column)
c.booleans(flags), c.text_array(*c.byte_view(text))
pa.record_batch([text, numbers], names=["text", "number"])
assert "pandas" not in sys.modules, "pandas was imported"
"""


def test_no_call_imports_pandas() -> None:
    """A cold start has no second to spare."""
    done = subprocess.run(
        [sys.executable, "-c", _EVERY_CALL], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
