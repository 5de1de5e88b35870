"""The summary of one scored fragment and batch: the only thing that leaves a worker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Hashes, Int64s
from pipelines.identity.row_digests import Digest
from pipelines.scoring.predicted_classes import PredictedClasses
from pipelines.tables.table_files import WrittenFile

Reason = tuple[str, str | None]  # of a bad row, and its column


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that could not be scored."""

    key: str | None
    reason: str
    column: str | None
    source: str
    row: int  # within the file


@dataclass(frozen=True, slots=True)
class FragmentResult:
    """Counts, digests and the written file of one fragment, for one batch."""

    batch: str
    source: str
    source_number: int
    row_group: int
    digest: Digest  # of all rows, those that could not be scored included
    bad: tuple[BadRow, ...]
    ids: Hashes  # (n, 2): the predictions
    contents: Hashes  # (n, 2): digests of their rows
    positions: Int64s  # (n,): their rows within the file
    versions: tuple[str, ...]
    file: WrittenFile | None  # None where no row could be scored
    unknown: Mapping[str, int] = field(
        default_factory=dict
    )  # rows whose category is new, by feature
    more_bad: Mapping[Reason, int] = field(default_factory=dict)  # counted, and not kept
    classes: PredictedClasses = field(default_factory=PredictedClasses)

    @property
    def bad_count(self) -> int:
        """All rows that could not be scored."""
        return len(self.bad) + sum(self.more_bad.values())

    @property
    def rows_in(self) -> int:
        """All rows that were read."""
        return self.digest.count


_STREAM = pa.schema([("id", pa.binary(16)), ("content", pa.binary(16)), ("row", pa.int64())])


def encode_results(results: Sequence[FragmentResult]) -> pa.Buffer:
    """Return results as the bytes of one Arrow stream, to leave a worker."""
    notes = [
        {
            "batch": result.batch,
            "source": result.source,
            "number": result.source_number,
            "row_group": result.row_group,
            "digest": [result.digest.count, f"{result.digest.total:x}"],
            "versions": result.versions,
            "unknown": dict(result.unknown),
            "bad": [[b.key, b.reason, b.column, b.source, b.row] for b in result.bad],
            "classes": asdict(result.classes),
            "more": [[*reason, count] for reason, count in result.more_bad.items()],
            "file": astuple(result.file) if result.file else None,
        }
        for result in results
    ]
    schema = _STREAM.with_metadata({"results": json.dumps(notes)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        for result in results:
            columns = [
                _fixed(schema.field("id").type, result.ids),
                _fixed(schema.field("content").type, result.contents),
                _fixed(schema.field("row").type, result.positions),
            ]
            stream.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    return sink.getvalue()


def _fixed(kind: pa.DataType, values: Hashes | Int64s) -> pa.Array:
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, buffer])


def decode_results(content: bytes | pa.Buffer) -> list[FragmentResult]:
    """Return the results that `encode_results` was given; their arrays are views of the bytes."""
    with pa.ipc.open_stream(content) as stream:
        notes = json.loads(stream.schema.metadata[b"results"])
        batches = list(stream)
    return [_result(note, rows) for note, rows in zip(notes, batches, strict=True)]


def _result(note: dict[str, Any], rows: pa.RecordBatch) -> FragmentResult:
    count, total = note["digest"]
    return FragmentResult(
        note["batch"],
        note["source"],
        note["number"],
        note["row_group"],
        Digest(count, int(total, 16)),
        tuple(BadRow(*bad) for bad in note["bad"]),
        _words(rows.column("id"), np.uint64).reshape(-1, 2),
        _words(rows.column("content"), np.uint64).reshape(-1, 2),
        _words(rows.column("row"), np.int64),
        tuple(note["versions"]),
        WrittenFile(*note["file"]) if note["file"] else None,
        note["unknown"],
        {(reason, column): count for reason, column, count in note["more"]},
        PredictedClasses(**note["classes"]),
    )


def _words(column: pa.Array, kind: type[np.generic]) -> np.ndarray[Any, Any]:
    count = column.nbytes // np.dtype(kind).itemsize
    return np.frombuffer(column.buffers()[1], kind, count)
