"""One Parquet file: written whole or not at all, and always with the same bytes for the same rows."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# zstd would halve identifiers, and take as long as all other columns together.
_RANDOM = ("prediction_id", "score")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file that lies in a table's folder and is not yet published."""

    path: str  # relative to the table's folder, with partition folders
    size: int  # bytes
    rows: int


def write(path: Path, rows: pa.RecordBatch | pa.Table) -> int:
    """Write rows as a file, in one step; return its size in bytes.

    Raises:
        OSError, pyarrow.ArrowException: as the file system says.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        with pq.ParquetWriter(scratch, rows.schema, **_writing(rows.schema)) as writer:
            writer.write(rows)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path.stat().st_size


def _writing(schema: pa.Schema) -> dict[str, object]:
    """Options per column: dictionaries, statistics and compression only where they gain something."""
    plain = {*_RANDOM, "key", "value"}
    leaves = _leaves(schema)
    coded = [name for name in leaves if name not in plain]
    return {
        "compression": {name: "none" if name in _RANDOM else "zstd" for name in leaves},
        "store_schema": False,
        "use_dictionary": coded or False,
        "write_statistics": False,  # files are found by the log, not by their minima
    }


def _leaves(schema: pa.Schema) -> list[str]:
    """The columns as Parquet names them: a map is two."""
    maps = [field.name for field in schema if pa.types.is_map(field.type)]
    inner = [f"{name}.key_value.{part}" for name in maps for part in ("key", "value")]
    return [*(name for name in schema.names if name not in maps), *inner]
