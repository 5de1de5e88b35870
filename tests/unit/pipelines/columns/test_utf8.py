"""Bytes that are no text, found before anything decodes them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.utf8 import broken, readable

VALUES = st.lists(st.one_of(st.none(), st.binary(max_size=4), st.just("é".encode())), max_size=12)


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("raw", [pa.binary(), pa.large_binary()], ids=str)
@given(values=VALUES, first=st.integers(0, 3), coded=st.booleans())
def test_what_python_cannot_decode_is_broken(
    raw: pa.DataType, values: list[bytes | None], first: int, *, coded: bool
) -> None:
    """Python's decoder is the judge, for columns that are coded, cut, or hold nulls."""
    kind = pa.large_string() if raw == pa.large_binary() else pa.string()
    column = pa.array(values, raw)
    if coded:
        words = column.dictionary_encode()
        column = pa.DictionaryArray.from_arrays(words.indices, words.dictionary.view(kind))
    else:
        column = column.view(kind)
    own = values[first:]

    found = broken(column.slice(first))

    wanted = [value is not None and _text(value) is None for value in own]
    assert (found is not None and found.any()) == any(wanted)
    assert found is None or found.tolist() == wanted
    assert readable(column.slice(first)).to_pylist() == [_text(value) for value in own]


@pytest.mark.parametrize("column", [pa.array([1, None]), pa.array([b"\xff"]), pa.nulls(2)], ids=str)
def test_what_holds_no_text_is_not_broken(column: pa.Array) -> None:
    assert broken(column) is None
    assert readable(column) is column
