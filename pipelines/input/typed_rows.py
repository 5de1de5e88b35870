"""Raw rows of a file as the typed features of a job; rows with unusable values are marked as faults."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import Int64s, Words, floats, int_array, is_text
from pipelines.columns.spooled_bytes import IN_MEMORY, spooled
from pipelines.errors import SchemaMismatch
from pipelines.features.spec import Categorical, Date, Feature, FeatureSpec, Image, Numeric, Text
from pipelines.identity.row_digests import row_digests
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import (
    as_text,
    category,
    checked_text,
    dates,
    mismatch,
    numbers,
    pictures,
)


def contents_of(rows: pa.RecordBatch, key_columns: Sequence[str]) -> Words:
    """Return the digest of the content of each row, without its key: (n, 2)."""
    return row_digests(rows, [name for name in rows.schema.names if name not in key_columns])


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
            raise mismatch(field.name, kind, "a number")


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
            return dates(column, name, timezone, faults)
        case Text():
            return checked_text(as_text(column, name, "text"), name, faults)
        case Image():
            return pictures(column, name)


def _number(column: pa.Array, name: str, feature: Numeric, faults: Faults) -> pa.Array:
    column = numbers(column, name, faults)
    values = floats(column)
    faults.mark(np.isinf(values), "infinite", name)
    if feature.minimum is not None:
        faults.mark(values < feature.minimum, "out_of_range", name)
    if feature.maximum is not None:
        faults.mark(values > feature.maximum, "out_of_range", name)
    return column


def take(rows: pa.RecordBatch, chosen: Int64s) -> pa.RecordBatch:
    """Take rows by number, in that order."""
    if len(chosen) == rows.num_rows:
        return rows
    columns = [take_column(column, chosen) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def take_column(column: pa.Array, chosen: Int64s) -> pa.Array:
    """Take values of a column by number, in that order; many large ones lie in a file, not in the memory."""
    if (
        kinds.is_binary(column.type) or kinds.is_large_binary(column.type)
    ) and column.nbytes > IN_MEMORY:
        return spooled(column[row].as_py() for row in chosen.tolist())
    return pc.take(column, int_array(chosen))
