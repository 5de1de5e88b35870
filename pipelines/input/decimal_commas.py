"""Numbers with a decimal comma, in columns of text."""

from __future__ import annotations

from collections.abc import Container

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import Bools, booleans, is_text, texts
from pipelines.columns.utf8 import readable
from pipelines.formats.file_rules import NOT_AVAILABLE
from pipelines.input.faults import Faults

_NUMBER = r"^\s*[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?([eE][+-]?\d+)?\s*$"
_NO_THOUSANDS = r"^\s*[+-]?(0|\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})?\s*$|^\s*[+-]?0,\d+\s*$"


def with_points(rows: pa.RecordBatch, columns: Container[str], faults: Faults) -> pa.RecordBatch:
    """Write the numbers of some columns with a decimal point.

    Args:
        rows: of a file without types (n).
        columns: that hold numbers.
        faults: takes the rows whose text is no number with a decimal comma.

    Returns:
        The rows (n): `1.234,5` is `1234.5` in these columns.
    """
    for place, name in enumerate(rows.schema.names):
        column = rows.column(place)
        if name in columns and _is_text(column.type):
            plain = readable(column.dictionary_decode() if _is_coded(column) else column)
            faults.mark(~(are_decimal_commas(plain) | _are_missing(plain)), "not_a_number", name)
            rows = rows.set_column(place, name, pointed(plain))
    return rows


def pointed(column: pa.Array) -> pa.Array:
    """Write each number with a decimal point; other texts stay: (n,).

    >>> pointed(pa.array(["3,5", "1.234,5", "x"])).to_pylist()
    ['3.5', '1234.5', 'x']
    """
    bare = pc.replace_substring(column, ".", "")
    return pc.if_else(_match(column), pc.replace_substring(bare, ",", "."), column)


def are_decimal_commas(column: pa.Array) -> Bools:
    """Return which texts are numbers with a decimal comma, or without any: (n,)."""
    return booleans(_match(column))


def shows_decimal_commas(column: pa.Array) -> bool:
    """Tell whether all texts are such numbers, and one of them can be nothing else.

    >>> [shows_decimal_commas(pa.array(some)) for some in (["3,5", "4"], ["1,234"], ["3.5", "3,5"])]
    [True, False, False]
    """
    there = column.filter(pc.invert(_words(column))).drop_null()
    if not len(there) or not pc.all(_match(there)).as_py():
        return False
    return bool(pc.any(pc.match_substring_regex(there, _NO_THOUSANDS)).as_py())


def _match(column: pa.Array) -> pa.Array:
    digits = pc.match_substring_regex(column, r"\d")
    return pc.and_(pc.match_substring_regex(column, _NUMBER), digits)


def _are_missing(column: pa.Array) -> Bools:
    return booleans(pc.or_(pc.is_null(column), pc.fill_null(_words(column), fill_value=False)))


def _words(column: pa.Array) -> pa.Array:
    """Return which texts are words such as `NA`: (n,)."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(column))
    return pc.is_in(lower, value_set=texts(sorted(NOT_AVAILABLE)))


def _is_coded(column: pa.Array) -> bool:
    return bool(kinds.is_dictionary(column.type))


def _is_text(kind: pa.DataType) -> bool:
    return is_text(kind.value_type if kinds.is_dictionary(kind) else kind)
