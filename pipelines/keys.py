"""What a row is called within its batch."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.canonical import canonical_text
from pipelines.columns import Int64s, is_text, missing, texts
from pipelines.digests import row_digests
from pipelines.errors import SchemaMismatch
from pipelines.faults import Faults
from pipelines.hashing import hex_text
from pipelines.jobs import Job
from pipelines.rows import checked_text, is_clock, is_plain


def keys_of(
    rows: pa.RecordBatch, job: Job, file_digest: str, positions: Int64s, faults: Faults
) -> pa.StringArray:
    """The key of each row as text: (n,), empty where it is null (and marked).

    Args:
        positions: the rows' numbers within the file of that digest (n,).
    """
    if job.data.key == "content":
        return hex_text(row_digests(rows, rows.schema.names))
    if not job.key_columns:
        return texts(f"{file_digest[:16]}:{position}" for position in positions.tolist())
    parts = []
    for name in job.key_columns:
        part = key_text(checked_text(rows.column(name), name, faults), name)
        gaps = missing(part)
        if gaps is not None:
            faults.mark(gaps, "null_key", name)
            faults.keyless.update(np.flatnonzero(gaps).tolist())
            part = pc.fill_null(part, "")
        parts.append(part)
    return parts[0] if len(parts) == 1 else _json_arrays(parts)


def key_text(column: pa.Array, name: str) -> pa.StringArray:
    """What names a row, as text: text as it stands, one spelling for numbers, times as ISO 8601.

    Raises:
        SchemaMismatch: column `name` holds something that has no such spelling.

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
