"""Rows of a fragment, one batch at a time: readable, with keys, prediction ids and faults."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Hashes, Int64s
from pipelines.columns.epochs import epoch_times
from pipelines.errors import SchemaMismatch
from pipelines.formats.missing_words import with_available
from pipelines.identity.ids import prediction_ids
from pipelines.identity.row_digests import identified
from pipelines.input.batches import Membership, membership
from pipelines.input.decimal_commas import with_points
from pipelines.input.faults import Faults
from pipelines.input.fragments import Projection, Source, Split, read_split
from pipelines.input.pictures import with_pictures
from pipelines.input.row_keys import keys_of
from pipelines.input.typed_rows import contents_of, readable_rows, take
from pipelines.job.rules import BatchRule, ReadingRules


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
    for first, raw in read_split(split, projection):
        rows = with_available(raw, rules.coded_numbers)
        member = members(rows, rules.batches, split.source)
        for code, batch in enumerate(member.names):
            chosen = np.flatnonzero(member.codes == code)
            if batch not in batches or not len(chosen):
                continue
            faults, positions = Faults(), first + chosen
            taken = readable_rows(take(rows, chosen), faults)
            if rules.files.decimal == "," and split.source.is_csv:
                taken = with_points(taken, rules.number_columns, faults)
            taken = with_pictures(taken, rules.pictures, split.source.folder, faults)
            if member.unknown is not None:
                faults.mark(member.unknown[chosen], "no_batch", str(rules.batches.column))
            keys = keys_of(taken, rules.key, digests[split.source.name], positions, faults)
            taken = _with_times(taken, rules)  # after the keys, which may be the same numbers
            ids = prediction_ids(rules.identity.seed, rules.identity.job, batch, keys)
            yield BatchRows(batch, taken, positions, keys, ids, faults)


def _with_times(rows: pa.RecordBatch, rules: ReadingRules) -> pa.RecordBatch:
    """Write a time that is a number as the time that it means."""
    if rules.time_unit is None or rules.time not in rows.schema.names:
        return rows
    place = rows.schema.names.index(rules.time)
    times = epoch_times(rows.column(place), rules.time_unit)
    return rows.set_column(place, rules.time, times)


def members(rows: pa.RecordBatch, rule: BatchRule, source: Source) -> Membership:
    """Find the batch of each row of a fragment; an error names the file.

    Args:
        rows: the fragment (n), with the column that the rule names.
        rule: how rows fall into batches.
        source: the file of the fragment.

    Returns:
        A batch for each row (n,).

    Raises:
        SchemaMismatch: the column that should hold times holds something else.
    """
    try:
        return membership(rows, rule, source.batch)
    except SchemaMismatch as error:
        raise error.of_file(source.name) from error
