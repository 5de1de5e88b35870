"""Long values that a Parquet file holds once and repeats: a few kilobytes can stand for any amount.

A dictionary page holds each value once, and rows refer to it. So before rows are
read, their size is computed from the lengths of the values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as kinds

from pipelines.columns.buffers import integers

MOST_BYTES = 2**30  # of one column of the rows that are read at once


def immense_column(
    file: pq.ParquetFile, path: str, row_group: int, names: Sequence[str], rows: int
) -> str | None:
    """Find a column whose values, written out, would not fit into memory.

    Args:
        file: a Parquet file, whose description is not read again.
        path: its path.
        row_group: which of its row groups.
        names: the columns that are wanted.
        rows: how many are read at once.

    Returns:
        The name of such a column; None where there is none.
    """
    schema = file.schema_arrow
    texts = [field.name for field in schema if field.name in names and _is_bytes(field.type)]
    if not texts:
        return None
    with pq.ParquetFile(
        path, metadata=file.metadata, memory_map=True, read_dictionary=texts
    ) as coded:
        one = next(coded.iter_batches(1, [row_group], texts, use_threads=False), None)
        if one is None:
            return None
        # no more than the dictionaries was read to know these
        suspects = [name for name in texts if _longest(one.column(name)) * rows > MOST_BYTES]
        return next((name for name in suspects if _is_immense(coded, row_group, name, rows)), None)


def _is_immense(coded: pq.ParquetFile, row_group: int, name: str, rows: int) -> bool:
    parts = coded.iter_batches(rows, [row_group], [name], use_threads=False)
    return any(_written_out(part.column(0)) > MOST_BYTES for part in parts)


def _longest(column: pa.Array) -> int:
    """Return the length of the longest value of a dictionary; 0 where the column has none."""
    if not kinds.is_dictionary(column.type) or not len(column.dictionary):
        return 0
    return int(pc.max(pc.binary_length(column.dictionary)).as_py() or 0)


def _written_out(column: pa.Array) -> int:
    """Return the bytes that coded values take once each row has its own."""
    counts = np.bincount(integers(column.indices.drop_null().cast(pa.int64())), minlength=1)
    lengths = integers(pc.fill_null(pc.binary_length(column.dictionary), 0).cast(pa.int64()))
    return int((counts[: len(lengths)] * lengths[: len(counts)]).sum())


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (kinds.is_string, kinds.is_binary, kinds.is_large_string, kinds.is_large_binary)
    kind = kind.value_type if kinds.is_dictionary(kind) else kind
    return any(test(kind) for test in tests)
