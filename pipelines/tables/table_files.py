"""The files of a table: their partition folders, and Parquet with the same bytes for the same rows.

>>> folder(["job", "batch"], {"job": "loans", "batch": "a/b"})
'job=loans/batch=a%2Fb/'
>>> values_of("job=loans/batch=a%2Fb")
{'job': 'loans', 'batch': 'a/b'}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.columns.buffers import bool_array, coded_texts, dictionary_codes
from pipelines.tables.schemas import table_of

# zstd would halve identifiers, and take as long as all other columns together.
_RANDOM = ("prediction_id", "score", "class_score")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file that lies in a table's folder and is not yet published."""

    path: str  # relative to the table's folder, with partition folders
    size: int  # bytes
    rows: int
    digest: str | None = None  # SHA-256 of its bytes, where they are at hand

    @property
    def name(self) -> str:
        """The name, without its folder."""
        return self.path.rpartition("/")[2]


def parquet_of(rows: pa.RecordBatch | pa.Table) -> pa.Buffer:
    """Return rows as the bytes of a Parquet file, always the same for the same rows."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, **_writing(rows.schema)) as writer:
        writer.write(rows)
    return sink.getvalue()


def digest_of(content: bytes | pa.Buffer) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read(file: pa.NativeFile, wanted: pa.Schema, values: Mapping[str, str]) -> pa.Table:
    """Read columns of a Parquet file.

    Args:
        file: opened, of any release: a column that it lacks is null.
        wanted: names and types of the columns.
        values: of the partition columns, which stand in the file's path.

    Returns:
        The rows, in order, with exactly the wanted columns.
    """
    with pq.ParquetFile(file) as parquet:
        there = [name for name in wanted.names if name in parquet.schema_arrow.names]
        table = parquet.read(there)
    absent = set(wanted.names) - set(there) - set(values)
    nothing = table_of(wanted, [{}] * table.num_rows) if absent else table
    columns = [
        coded_texts(np.zeros(table.num_rows), [values[field.name]]).dictionary_decode()
        if field.name in values
        else (nothing if field.name in absent else table)[field.name].cast(field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)


def stored(file: pa.NativeFile) -> pa.Table:
    """Return the rows of a Parquet file, with the columns that it has."""
    with pq.ParquetFile(file) as parquet:
        return parquet.read()


def first_row(file: pa.NativeFile, wanted: pa.Schema) -> pa.Table:
    """Return columns of the first row of a file that has them; of an empty file, no row."""
    with pq.ParquetFile(file) as parquet:
        batches = list(islice(parquet.iter_batches(1, columns=wanted.names), 1))
    return pa.Table.from_batches(batches, wanted) if batches else table_of(wanted, [])


def _writing(schema: pa.Schema) -> dict[str, object]:
    """Return options per column: dictionaries, statistics and compression only where they gain something."""
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
    """Return the columns as Parquet names them: a map is two."""
    maps = [field.name for field in schema if pa.types.is_map(field.type)]
    inner = [f"{name}.key_value.{part}" for name in maps for part in ("key", "value")]
    return [*(name for name in schema.names if name not in maps), *inner]


def folder(columns: Sequence[str], partition: Mapping[str, str]) -> str:
    """Return the folder of a partition, relative to the table, with a slash at the end.

    Whatever the values are, they make one level of folders each. Without the
    values of the last columns, it is the folder of all partitions that share
    the first ones.
    """
    there = [name for name in columns if name in partition]
    if there != list(columns[: len(there)]):
        raise ValueError(f"a partition is named by {', '.join(columns)}, in this order")
    return "".join(f"{name}={quote(partition[name], safe='')}/" for name in there)


def values_of(place: str) -> dict[str, str]:
    """Return the values of the partition columns that a folder's name holds."""
    return dict(_unfold(level) for level in place.split("/") if level)


def split(columns: Sequence[str], rows: pa.Table) -> Iterator[tuple[dict[str, str], pa.Table]]:
    """Yield each partition and its rows, without the columns that its folder holds."""
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
