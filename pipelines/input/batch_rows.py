"""Rows of a fragment, one batch at a time: readable, with keys, prediction ids and faults."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import Hashes, Int64s, is_text, missing, texts
from pipelines.columns.spelling import canonical_text
from pipelines.errors import SchemaMismatch
from pipelines.identity.ids import prediction_ids
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import identified, row_digests
from pipelines.input.batches import membership
from pipelines.input.faults import Faults
from pipelines.input.fragments import Projection, Split, read_split
from pipelines.input.pictures import with_pictures
from pipelines.input.typed_columns import checked_text, is_clock, is_plain
from pipelines.input.typed_rows import contents_of, readable_rows, take
from pipelines.job.rules import ReadingRules


@dataclass(frozen=True, slots=True)
class BatchRows:
    """The rows of one fragment that belong to one batch."""

    batch: str
    rows: pa.RecordBatch  # with their pictures; null where a text is no UTF-8
    positions: Int64s  # (n,), within the file
    keys: pa.StringArray  # (n,)
    ids: Hashes  # (n, 2), of their predictions
    faults: Faults  # of rows that cannot be read, named or put into a batch

    def digests(self, key_columns: Sequence[str]) -> Hashes:
        """Return the digest of each row, its prediction id included: (n, 2)."""
        return identified(contents_of(self.rows, key_columns), self.ids)


def batches_of(
    rules: ReadingRules,
    split: Split,
    projection: Projection,
    *,
    batches: Container[str],
    digests: Mapping[str, str],
) -> Iterator[BatchRows]:
    """Read a split, a fragment and a batch at a time.

    Args:
        rules: how the rows are read.
        split: what is read.
        projection: the columns to read.
        batches: the batches that are wanted; rows of others are left out.
        digests: SHA-256 of each file, by name, for the keys of rows that have no other name.

    Yields:
        The rows of each fragment and wanted batch, where there are any.

    Raises:
        InputUnreadable, SchemaMismatch: the file cannot be used.
    """
    for first, rows in read_split(split, projection):
        member = membership(rows, rules.batches, split.source.batch)
        for code, batch in enumerate(member.names):
            chosen = np.flatnonzero(member.codes == code)
            if batch not in batches or not len(chosen):
                continue
            faults, positions = Faults(), first + chosen
            taken = readable_rows(take(rows, chosen), faults)
            taken = with_pictures(taken, rules.pictures, split.source.folder, faults)
            if member.unknown is not None:
                faults.mark(member.unknown[chosen], "no_batch", str(rules.batches.column))
            keys = keys_of(taken, rules.key, digests[split.source.name], positions, faults)
            ids = prediction_ids(rules.identity.seed, rules.identity.job, batch, keys)
            yield BatchRows(batch, taken, positions, keys, ids, faults)


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
        key: the columns of the key; none for a key by position; or the row's content.
        file_digest: SHA-256 of the file, in hexadecimal.
        positions: the rows' numbers within the file (n,).
        faults: takes the rows without a key.

    Returns:
        The keys (n,), empty where a column of the key is null or no text.

    Raises:
        SchemaMismatch: a column of the key holds what cannot be spelled.
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
    """Spell a column of the key: text as it is, numbers in one spelling, times as ISO 8601.

    Args:
        column: of one file (n).
        name: the name of the column, for errors.

    Returns:
        The texts (n,), null where the column is.

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
