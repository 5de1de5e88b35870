"""Times that are written as numbers: seconds, or parts of them, since 1970 in UTC.

A number does not say its unit, so the job file does. Numbers of another unit are no
times: read in too fine a unit they would all lie in the first weeks of 1970, and
in too coarse a one beyond the year 9999.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Floats,
    Int64s,
    dictionary_codes,
    floats,
    integers,
    is_text,
    missing,
)
from pipelines.columns.utc_times import micros_of
from pipelines.columns.utf8 import readable

Unit = Literal["s", "ms", "us", "ns"]
UNITS: Final[dict[Unit, int]] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_SECOND = 1_000_000  # microseconds
_EARLIEST = micros_of(datetime(1, 1, 2, tzinfo=UTC))
_LATEST = micros_of(datetime(9999, 12, 30, tzinfo=UTC))
_FIRST_WEEKS = micros_of(datetime(1970, 3, 2, tzinfo=UTC))  # of a number in a coarser unit
_LIKELY = (micros_of(datetime(1980, 1, 1, tzinfo=UTC)), micros_of(datetime(2100, 1, 1, tzinfo=UTC)))
_WHOLE = re.compile(r"-?\d+")
_NONE = np.iinfo(np.int64).min


def epoch_times(column: pa.Array, unit: Unit) -> pa.Array:
    """Return numbers since 1970 as times in UTC; times and dates stay as they are.

    Args:
        column: whole numbers, floating ones, or text of either (n,).
        unit: of the numbers.

    Returns:
        Times of microseconds (n,); null where there is no number, or one of another unit.
    """
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_text(column.type):
        codes, words = dictionary_codes(readable(column))
        micros = np.array([*(_micros_in(word, unit) for word in words), _NONE], np.int64)[codes]
    elif kinds.is_integer(column.type):
        micros = _micros_of(integers(column.cast(pa.int64(), safe=False)), unit)
    elif kinds.is_floating(column.type) or kinds.is_decimal(column.type):
        micros = _micros_of_floats(floats(column), unit)
    else:
        return column
    gone = (micros < _EARLIEST) | (micros > _LATEST)
    gone |= (micros >= 0) & (micros < _FIRST_WEEKS)
    given = missing(column)
    gone = gone if given is None else gone | given
    buffer = pa.py_buffer(np.where(gone, 0, micros))
    bitmap = pa.py_buffer(np.packbits(~gone, bitorder="little")) if gone.any() else None
    return pa.Array.from_buffers(pa.timestamp("us", "UTC"), len(micros), [bitmap, buffer])


def likely_unit(column: pa.Array) -> Unit | None:
    """Return the unit in which every number of a column is a time from 1980 to 2100.

    None where there is none, or where a value is no whole number.

    >>> [likely_unit(pa.array([number])) for number in (1791176400, 1791176400000, 7, 20261005)]
    ['s', 'ms', None, None]
    """
    column = column.drop_null()
    if is_text(column.type):
        words = pc.utf8_trim_whitespace(readable(column))
        if not all(_WHOLE.fullmatch(word) for word in pc.unique(words).to_pylist()):
            return None
        with suppress(pa.ArrowInvalid):
            column = words.cast(pa.int64())
    if not len(column) or not kinds.is_integer(column.type):
        return None
    values = integers(column.cast(pa.int64(), safe=False))
    for unit in UNITS:
        micros = _micros_of(values, unit)
        if ((micros >= _LIKELY[0]) & (micros < _LIKELY[1])).all():
            return unit
    return None


def _micros_of(values: Int64s, unit: Unit) -> Int64s:
    """Return whole numbers as microseconds, the smallest integer where they do not fit."""
    per_second = UNITS[unit]
    if per_second > _SECOND:
        return values // (per_second // _SECOND)
    factor = _SECOND // per_second
    fits = (values >= _EARLIEST // factor) & (values <= _LATEST // factor)
    return np.where(fits, values, 0) * factor + np.where(fits, 0, _NONE)


def _micros_of_floats(values: Floats, unit: Unit) -> Int64s:
    with np.errstate(invalid="ignore", over="ignore"):
        micros = np.rint(values * (_SECOND / UNITS[unit]))
    fits = (micros >= _EARLIEST) & (micros <= _LATEST)  # no NaN does
    return np.where(fits, np.where(fits, micros, 0).astype(np.int64), _NONE)


def _micros_in(text: str, unit: Unit) -> int:
    try:
        micros = Decimal(text.strip()) * _SECOND / UNITS[unit]
        return int(micros) if _EARLIEST <= micros <= _LATEST else int(_NONE)
    except (InvalidOperation, ValueError):
        return int(_NONE)
