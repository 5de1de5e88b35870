"""The canonical spelling of labels, targets and answers.

A class may be the integer 3 in the training data, 3.0 in a column with gaps,
"3" in Label Studio and "3.0" in a file of answers. All are compared in the text
that this module makes of them.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import bool_array, float_array, floats, is_text, texts
from pipelines.errors import SchemaMismatch

_WITH_POINT = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")  # an integer, written as a float
_TRUTHS = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "-0": "0"}


_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*")
_MARKS = re.compile(
    r"[\s_.,;:!?\"'`\u00b4\u2018\u2019\u201c-\u201e()\[\]{}]+|(?<=\w)[-\u2013\u2014](?=\w)"
)


def bare(label: str) -> str:
    """Return a label without case, blanks and punctuation; a number stays as it is.

    Signs that make another class stay: `C++` is not `C`, nor `A-` an `A`.

    >>> [bare(label) for label in (" Not-Spam. ", "**Good**", "A-", "-1")]
    ['notspam', 'good', 'a-', '-1']
    """
    if _NUMBER.fullmatch(label):
        return label.strip()
    text = normalize("NFKC", label).casefold()
    text = text.strip().strip("*") if text.strip().startswith("*") else text
    return _MARKS.sub("", text)


def canonical(value: object) -> str | None:
    """Return the canonical text of a label, a target or an answer.

    Integral numbers lose their point (below 1e16, where Python writes one),
    truth values are lower case, text is in Unicode's normal form C; nothing is
    stripped, and `007` stays. A missing value (None, NaN) is None. The canonical
    text of a canonical text is itself.

    Raises:
        TypeError: the value is neither text, a number nor a truth value.

    >>> [canonical(value) for value in (3.0, "3.0", 3, -0.0, 0.5, True, "007", None)]
    ['3', '3', '3', '0', '0.5', 'true', '007', None]
    """
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case Decimal():
            return None if value.is_nan() else _text(f"{value.normalize():f}")
        case str():
            return _text(value)
    raise TypeError(f"a label is text, a number or a truth value, not {type(value).__name__}")


def canonical_text(column: pa.Array) -> pa.StringArray:
    """Return the canonical text of every value of a column: (n,), null where missing.

    Raises:
        SchemaMismatch: the column holds dates, lists or bytes; make it text,
            numbers or truth values where it is written.
    """
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_dictionary(column.type) and not is_text(kind):
        column = column.dictionary_decode()
    if kinds.is_floating(kind):
        return _float_text(column)
    if kinds.is_integer(kind) or kinds.is_boolean(kind) or kinds.is_null(kind):
        return column.cast(pa.string())
    if kinds.is_decimal(kind):
        return texts(canonical(value) for value in column.to_pylist())
    if is_text(kind):
        return _distinct_text(column)
    raise SchemaMismatch(
        f"labels of type {kind} have no canonical text",
        fix="write the column as text, numbers or true/false",
    )


def _number(value: float) -> str | None:
    if math.isnan(value):
        return None
    return _text(repr(value))


def _text(value: str) -> str:
    value = normalize("NFC", value)
    integral = _WITH_POINT.fullmatch(value)
    if integral is not None:
        value = integral[1]
    return _TRUTHS.get(value, value)


def _distinct_text(column: pa.Array) -> pa.StringArray:
    if not kinds.is_dictionary(column.type):
        column = column.dictionary_encode()
    spelled = [value and _text(value) for value in column.dictionary.to_pylist()]
    return texts(spelled).take(column.indices)


def _float_text(column: pa.Array) -> pa.StringArray:
    """Spell floats: Arrow finds the same digits as Python, but writes exponents differently."""
    values = floats(column)
    gaps, size = np.isnan(values), np.abs(values)
    same = ((size >= 1e-4) & (size < 1e10)) | gaps
    text = float_array(values, gaps).cast(pa.string())
    if same.all():
        return text
    differing = texts(_number(value) for value in values[~same].tolist())
    return pc.replace_with_mask(text, bool_array(~same), differing)
