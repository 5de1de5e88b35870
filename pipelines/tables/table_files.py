"""The files of a table: their partition folders, and Parquet with the same bytes for the same rows.

>>> folder(["job", "batch"], {"job": "loans", "batch": "a/b"})
'job=loans/batch=a%2Fb/'
>>> values_of("job=loans/batch=a%2Fb")
{'job': 'loans', 'batch': 'a/b'}
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.columns.buffers import bool_array, dictionary_codes

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


def folder(columns: Sequence[str], partition: Mapping[str, str]) -> str:
    """The folder of a partition, relative to the table, with a slash at the end.

    Whatever the values are, they make one level of folders each.
    """
    return "".join(f"{name}={quote(partition[name], safe='')}/" for name in columns)


def values_of(place: str) -> dict[str, str]:
    """The values that a folder's name holds."""
    return dict(_unfold(level) for level in place.split("/") if level)


def split(columns: Sequence[str], rows: pa.Table) -> Iterator[tuple[dict[str, str], pa.Table]]:
    """The rows of each partition, without the columns that its folder holds."""
    kept = [name for name in rows.schema.names if name not in columns]
    rows = rows.combine_chunks()
    coded = [dictionary_codes(rows[name].combine_chunks()) for name in columns]
    codes = np.stack([codes for codes, _ in coded], axis=1)
    for combination in np.unique(codes, axis=0):
        values = [words[code] for (_, words), code in zip(coded, combination, strict=True)]
        mask = bool_array((codes == combination).all(axis=1))
        yield dict(zip(columns, values, strict=True)), rows.filter(mask).select(kept)


def _unfold(level: str) -> tuple[str, str]:
    name, _, value = level.partition("=")
    return name, unquote(value)
