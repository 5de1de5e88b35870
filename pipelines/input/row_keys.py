"""Keys of rows: the texts that tell the rows of a batch apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import Int64s, is_text, missing, texts
from pipelines.columns.spelling import canonical_text
from pipelines.errors import SchemaMismatch
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import row_digests
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import checked_text, is_clock, is_plain


def keys_of(
    rows: pa.RecordBatch,
    key: Sequence[str] | Literal["content"],
    file_digest: str,
    positions: Int64s,
    faults: Faults,
) -> pa.StringArray:
    """Return the key of each row as text.

    Args:
        rows: of one file (n).
        key: the key columns; if empty, the key is the row's position in its
            file; `content` makes it the digest of all columns.
        file_digest: SHA-256 of the file, in hexadecimal.
        positions: the rows' numbers within the file (n,).
        faults: takes the rows without a key.

    Returns:
        The keys (n,). A null in a key column counts as empty text; two or more
        columns make a JSON array.

    Raises:
        SchemaMismatch: a key column holds neither text, numbers nor times.
    """
    if key == "content":
        return hex_text(row_digests(rows, rows.schema.names))
    if not key:
        return texts(f"{file_digest[:16]}:{position}" for position in positions.tolist())
    parts = []
    for name in key:
        part = key_text(checked_text(rows.column(name), name, faults), name)
        gaps = missing(part)
        if gaps is not None:
            faults.mark(gaps, "null_key", name)
            faults.keyless.update(np.flatnonzero(gaps).tolist())
            part = pc.fill_null(part, "")
        parts.append(part)
    return parts[0] if len(parts) == 1 else _json_arrays(parts)


def key_text(column: pa.Array, name: str) -> pa.StringArray:
    """Spell a key column: text as it is, numbers in one spelling, times as ISO 8601.

    Args:
        column: of one file (n).
        name: the name of the column, for errors.

    Returns:
        The texts (n,), null where the column is null.

    Raises:
        SchemaMismatch: the column holds neither text, numbers nor times.

    >>> (
    ...     key_text(texts(["007", "7.0"]), "id").to_pylist(),
    ...     key_text(pa.array([7.0]), "id").to_pylist(),
    ... )
    (['007', '7.0'], ['7'])
    """
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_text(kind) or is_clock(kind):
        return column.cast(pa.string())
    if is_plain(kind):
        return canonical_text(column)
    raise SchemaMismatch(
        f"key column {name!r} holds {kind}", fix="use columns of text, numbers or times as the key"
    )


def _json_arrays(parts: Sequence[pa.StringArray]) -> pa.StringArray:
    lists = zip(*(part.to_pylist() for part in parts), strict=True)
    return texts(json.dumps(values, ensure_ascii=False, separators=(",", ":")) for values in lists)
