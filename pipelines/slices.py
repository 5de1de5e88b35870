"""The rows of a fragment, batch by batch, as every reader gets them: checked, and with their keys."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines import rows as raw
from pipelines.batches import membership
from pipelines.columns import Int64s
from pipelines.faults import Faults
from pipelines.fragments import Piece, Projection, read_piece
from pipelines.jobs import Job
from pipelines.keys import keys_of
from pipelines.pictures import with_pictures


@dataclass(frozen=True, slots=True)
class BatchSlice:
    """The rows of one fragment that belong to one batch."""

    batch: str
    rows: pa.RecordBatch  # with their pictures; null where a text is no UTF-8
    positions: Int64s  # (n,), within the file
    keys: pa.StringArray  # (n,)
    faults: Faults  # of rows that cannot be read, named or put into a batch


def batch_slices(
    job: Job,
    piece: Piece,
    projection: Projection,
    *,
    batches: Container[str],
    digests: Mapping[str, str],
) -> Iterator[BatchSlice]:
    """Read a piece, a fragment and a batch at a time.

    Args:
        projection: the columns to read.
        batches: the ones that are wanted.
        digests: of each file, by name, for the keys of rows that have no other name.

    Raises:
        InputUnreadable, SchemaMismatch: the file cannot be used.
    """
    for first, rows in read_piece(piece, projection):
        member = membership(rows, job, piece.source.batch)
        for code, batch in enumerate(member.names):
            chosen = np.flatnonzero(member.codes == code)
            if batch not in batches or not len(chosen):
                continue
            faults, positions = Faults(), first + chosen
            own = raw.readable_rows(raw.take(rows, chosen), faults)
            own = with_pictures(own, job, piece.source.folder, faults)
            if member.unknown is not None:
                column = str(job.data.time or job.batches.column)
                faults.mark(member.unknown[chosen], "no_batch", column)
            keys = keys_of(own, job, digests[piece.source.name], positions, faults)
            yield BatchSlice(batch, own, positions, keys, faults)
