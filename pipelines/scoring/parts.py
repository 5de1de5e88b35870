"""What one fragment gave to one batch: the only thing that leaves a worker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Hashes, Int64s
from pipelines.identity.row_digests import Digest
from pipelines.tables.table_files import WrittenFile


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
    """What one fragment gave to one batch."""

    batch: str
    source: str
    source_number: int
    row_group: int
    digest: Digest  # of all rows
    bad: tuple[BadRow, ...]
    ids: Hashes  # (n, 2): the predictions
    contents: Hashes  # (n, 2): digests of their rows
    positions: Int64s  # (n,): their rows within the file
    versions: tuple[str, ...]
    file: WrittenFile | None  # None where no row could be scored

    @property
    def rows_in(self) -> int:
        """All rows that were read."""
        return self.digest.count


def duplicates(parts: Sequence[FragmentResult]) -> dict[tuple[str, int], str]:
    """Rows that share a key with another row of their batch, and why each is left out.

    Of identical copies the first in the order of (file, row) stays; differing
    copies are all left out.

    Args:
        parts: of one batch.
    """
    if sum(len(part.ids) for part in parts) < 2:
        return {}
    ordered = np.concatenate([part.ids[:, 0] for part in parts])
    ordered.sort()
    twins = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twins):
        return {}
    return _judged(
        sorted(
            parts,
            key=lambda part: (
                part.source_number,
                int(part.positions[0]) if len(part.positions) else 0,
            ),
        ),
        twins,
    )


def _judged(
    parts: Sequence[FragmentResult], twins: np.ndarray[Any, np.dtype[np.uint64]]
) -> dict[tuple[str, int], str]:
    copies: dict[bytes, list[tuple[str, int, bytes]]] = {}
    for part in parts:
        for place in np.flatnonzero(np.isin(part.ids[:, 0], twins)):
            row = (part.source, int(part.positions[place]), part.contents[place].tobytes())
            copies.setdefault(part.ids[place].tobytes(), []).append(row)
    left_out: dict[tuple[str, int], str] = {}
    for same in copies.values():
        if len({content for *_, content in same}) > 1:
            left_out |= {(source, row): "duplicate_key" for source, row, _ in same}
        else:
            left_out |= {(source, row): "duplicate_row" for source, row, _ in same[1:]}
    return left_out


_STREAM = pa.schema([("id", pa.binary(16)), ("content", pa.binary(16)), ("row", pa.int64())])


def write_parts(path: Path, parts: Sequence[FragmentResult]) -> None:
    """Write parts as one Arrow stream, to leave a worker; `read_parts` reads it back.

    Raises:
        OSError: as the file system says.
    """
    notes = [
        {
            "batch": part.batch,
            "source": part.source,
            "number": part.source_number,
            "row_group": part.row_group,
            "digest": [part.digest.count, f"{part.digest.total:x}"],
            "versions": part.versions,
            "bad": [[b.key, b.reason, b.column, b.source, b.row] for b in part.bad],
            "file": [part.file.path, part.file.size, part.file.rows] if part.file else None,
        }
        for part in parts
    ]
    schema = _STREAM.with_metadata({"parts": json.dumps(notes)})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for part in parts:
            columns = [
                _fixed(schema.field("id").type, part.ids),
                _fixed(schema.field("content").type, part.contents),
                _fixed(schema.field("row").type, part.positions),
            ]
            stream.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _fixed(kind: pa.DataType, values: Hashes | Int64s) -> pa.Array:
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, buffer])


def read_parts(path: Path) -> list[FragmentResult]:
    """What `write_parts` wrote, as a view of the file: it is read where it is looked at.

    Raises:
        OSError: as the file system says.
    """
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        notes = json.loads(stream.schema.metadata[b"parts"])
        batches = list(stream)
    return [_part(note, rows) for note, rows in zip(notes, batches, strict=True)]


def _part(note: dict[str, Any], rows: pa.RecordBatch) -> FragmentResult:
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
    )


def _words(column: pa.Array, kind: type[np.generic]) -> np.ndarray[Any, Any]:
    count = column.nbytes // np.dtype(kind).itemsize
    return np.frombuffer(column.buffers()[1], kind, count)
