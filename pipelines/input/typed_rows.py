"""Raw rows of a file as typed columns; values that cannot be used are marked as faults.

Raw columns have whatever type the file gives them (CSV: text). A column of the
wrong family of types is an error for the whole file; a wrong value costs its row.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Int64s,
    Words,
    dictionary_codes,
    float_array,
    floats,
    int_array,
    is_text,
    missing,
)
from pipelines.columns.spelling import canonical_text
from pipelines.columns.utf8 import broken, readable
from pipelines.errors import SchemaMismatch
from pipelines.features.spec import (
    Categorical,
    Date,
    Feature,
    FeatureSpec,
    Image,
    Numeric,
    Text,
)
from pipelines.identity.row_digests import row_digests
from pipelines.input.batches import local_micros
from pipelines.input.faults import Faults
from pipelines.input.fragments import Projection
from pipelines.job.rules import ReadingRules

_NULL_WORDS = {"", "na", "n/a", "nan", "null", "none", "-nan"}


def projection(rules: ReadingRules, *, target: bool = False) -> Projection:
    """Return the columns that a job reads: all of them where a user function runs first."""
    features, theirs = rules.features.columns, rules.predictions
    cohorts = [cohort.column for cohort in rules.cohorts.values()]
    others = [*rules.key_columns, *rules.shown, rules.time, rules.batches.column, *cohorts]
    if theirs:
        others += [theirs.label, theirs.score, theirs.version, *theirs.probabilities.values()]
    if target:
        others.append(rules.target.column)
    raw = [name for name in others if name]
    coded = [name for name, feature in features.items() if isinstance(feature, Categorical)]
    codes = frozenset({*coded, *cohorts} - set(rules.key_columns))
    if rules.features.function is not None:  # it makes the features
        return Projection(None, codes, tuple(dict.fromkeys(raw)))
    names = tuple(dict.fromkeys([*features, *raw]))
    return Projection(None if rules.key == "content" else names, codes, names)


def contents_of(rows: pa.RecordBatch, key_columns: Sequence[str]) -> Words:
    """Return the digest of the content of each row, without its key: (n, 2)."""
    return row_digests(rows, [name for name in rows.schema.names if name not in key_columns])


def checked_text(column: pa.Array, name: str, faults: Faults) -> pa.Array:
    """Replace text that is no UTF-8 by null, and mark its rows.

    Args:
        column: text or anything else (n,).
        name: the name of the column, for the faults.
        faults: takes the rows.

    Returns:
        The column (n,), the same one where all of it is readable.
    """
    unread = broken(column)
    if unread is None:
        return column
    faults.mark(unread, "invalid_utf8", name)
    return readable(column)


def readable_rows(rows: pa.RecordBatch, faults: Faults) -> pa.RecordBatch:
    """Replace text that is no UTF-8 by null in every column, and mark its rows."""
    columns = [
        checked_text(column, name, faults)
        for name, column in zip(rows.schema.names, rows.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def require_numbers(schema: pa.Schema, columns: Container[str]) -> None:
    """Refuse text in columns of numbers, in a file that tells them apart.

    Raises:
        SchemaMismatch: one of these columns holds text.
    """
    for field in schema:
        kind = field.type.value_type if kinds.is_dictionary(field.type) else field.type
        if field.name in columns and is_text(kind):
            raise _mismatch(field.name, kind, "a number")


def features_of(
    rows: pa.RecordBatch, spec: FeatureSpec, timezone: str, faults: Faults
) -> pa.RecordBatch:
    """Convert the feature columns to the types that the mapper takes; mark rows with wrong values.

    Args:
        rows: raw rows (n) of a fragment.
        spec: the features.
        timezone: where the days of dates begin.
        faults: takes the rows with wrong values.

    Returns:
        The features (n), in the order of the spec.

    Raises:
        SchemaMismatch: a column is missing or of another family of types.
    """
    columns = []
    for name, feature in spec.columns.items():
        if name not in rows.schema.names:
            raise SchemaMismatch(
                f"column {name!r} is missing; there are {', '.join(rows.schema.names[:30])}",
                fix="deliver the column, or take it out of features.columns and fit again",
            )
        columns.append(_typed(rows.column(name), name, feature, timezone, faults))
    return pa.RecordBatch.from_arrays(columns, names=list(spec.columns))


def _typed(
    column: pa.Array, name: str, feature: Feature, timezone: str, faults: Faults
) -> pa.Array:
    match feature:
        case Numeric():
            return _number(column, name, feature, faults)
        case Categorical():
            return category(column, name, faults)
        case Date():
            return _date(column, name, timezone, faults)
        case Text():
            return checked_text(as_text(column, name, "text"), name, faults)
        case Image():
            return _picture(column, name)


def _number(column: pa.Array, name: str, feature: Numeric, faults: Faults) -> pa.Array:
    column = numbers(column, name, faults)
    values = floats(column)
    faults.mark(np.isinf(values), "infinite", name)
    if feature.minimum is not None:
        faults.mark(values < feature.minimum, "out_of_range", name)
    if feature.maximum is not None:
        faults.mark(values > feature.maximum, "out_of_range", name)
    return column


def numbers(column: pa.Array, name: str, faults: Faults) -> pa.DoubleArray:
    """Convert a column to float64; text, which CSV has for everything, is parsed.

    Args:
        column: raw (n,).
        name: the name of the column, for faults and errors.
        faults: takes the rows whose text is no number.

    Returns:
        The numbers (n,); null or NaN where a value is missing.

    Raises:
        SchemaMismatch: its type has nothing to do with numbers.
    """
    if kinds.is_float64(column.type):
        return column
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_text(kind):
        return _numbers_in_text(column, name, faults)
    if is_plain(kind):
        return float_array(floats(column), missing(column))
    raise _mismatch(name, kind, "a number")


def is_clock(kind: pa.DataType) -> bool:
    """Tell whether values are days, times of a day, or both."""
    return bool(kinds.is_timestamp(kind) or kinds.is_date(kind) or kinds.is_time(kind))


def is_plain(kind: pa.DataType) -> bool:
    """Tell whether values are numbers, booleans, or all null."""
    holds = (kinds.is_integer, kinds.is_floating, kinds.is_decimal, kinds.is_boolean, kinds.is_null)
    return any(one(kind) for one in holds)


def _numbers_in_text(column: pa.Array, name: str, faults: Faults) -> pa.DoubleArray:
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        codes, words = dictionary_codes(readable(column))
    parsed = [_float(word) for word in words]
    strange = np.array([*(value is None for value in parsed), False])  # the last: null
    faults.mark(strange[codes], "not_a_number", name)
    values = [np.nan if value is None else value for value in parsed]
    return float_array(np.array([*values, np.nan])[codes])


def _float(text: str) -> float | None:
    """Parse a number: NaN for a word that means missing, None for anything else."""
    if text.strip().lower() in _NULL_WORDS:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return None


def category(column: pa.Array, name: str, faults: Faults) -> pa.DictionaryArray:
    """Convert a column to dictionary-coded canonical text.

    Args:
        column: raw (n,).
        name: the name of the column, for faults and errors.
        faults: takes the rows whose text is no UTF-8.

    Returns:
        The coded texts (n,), null where a value is missing.

    Raises:
        SchemaMismatch: its type cannot be spelled.
    """
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_clock(kind):
        column = column.cast(pa.string())
    elif kinds.is_nested(kind) or not (is_text(kind) or is_plain(kind)):
        raise _mismatch(name, kind, "a category (text, whole numbers or true/false)")
    column = checked_text(column, name, faults)
    if not kinds.is_dictionary(column.type):
        column = (column if is_text(column.type) else canonical_text(column)).dictionary_encode()
    return pa.DictionaryArray.from_arrays(column.indices, canonical_text(column.dictionary))


def _date(column: pa.Array, name: str, timezone: str, faults: Faults) -> pa.Array:
    """Convert a column to wall-clock time in a timezone, without a zone."""
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if not (
        kinds.is_timestamp(kind)
        or kinds.is_date(kind)
        or kinds.is_string(kind)
        or kinds.is_large_string(kind)
    ):
        raise _mismatch(name, kind, "a time")
    micros = local_micros(column, timezone)
    gaps = micros == np.iinfo(np.int64).min
    given = missing(column)
    faults.mark(gaps if given is None else gaps & ~given, "not_a_time", name)
    buffer = pa.py_buffer(np.where(gaps, 0, micros))
    bitmap = pa.py_buffer(np.packbits(~gaps, bitorder="little")) if gaps.any() else None
    return pa.Array.from_buffers(pa.timestamp("us"), len(micros), [bitmap, buffer])


def as_text(column: pa.Array, name: str, what: str) -> pa.Array:
    """Convert a column of text, dictionary-coded or not, to plain text.

    Args:
        column: raw (n,).
        name: the name of the column, for errors.
        what: what the job file says that the column holds, for errors.

    Returns:
        The texts (n,).

    Raises:
        SchemaMismatch: the column holds no text.
    """
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kinds.is_string(column.type):
        return column
    if (
        kinds.is_large_string(column.type)
        or kinds.is_string_view(column.type)
        or kinds.is_null(column.type)
    ):
        return column.cast(pa.string())
    raise _mismatch(name, column.type, what)


def is_binary(kind: pa.DataType) -> bool:
    """Tell whether values are bytes, or all null."""
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_null(kind))


def _picture(column: pa.Array, name: str) -> pa.Array:
    if not is_binary(column.type):
        raise _mismatch(name, column.type, "a picture (bytes, or the path of a file)")
    return column.cast(pa.binary())


def take(rows: pa.RecordBatch, chosen: Int64s) -> pa.RecordBatch:
    """Take rows by number, in that order."""
    if len(chosen) == rows.num_rows:
        return rows
    columns = [take_column(column, chosen) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def take_column(column: pa.Array, chosen: Int64s) -> pa.Array:
    """Take values of a column by number, in that order."""
    return pc.take(column, int_array(chosen))


def _mismatch(name: str, kind: pa.DataType, wanted: str) -> SchemaMismatch:
    return SchemaMismatch(
        f"column {name!r} holds {kind}, the job file says it is {wanted}",
        fix="deliver it as before, or change its kind in features.columns and fit again",
    )
