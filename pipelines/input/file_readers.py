"""The rows of one file in each format: Parquet, CSV and JSON Lines; what a file lacks is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.columns.buffers import without_views
from pipelines.errors import InputUnreadable, SchemaMismatch
from pipelines.formats import csv_files, json_lines
from pipelines.formats.file_rules import FIRST, FileRules
from pipelines.formats.missing_words import without_words
from pipelines.formats.text_streams import head
from pipelines.input.declared_values import immense_column

if TYPE_CHECKING:
    from pipelines.input.fragments import Projection, Source, Split


def row_group(split: Split, projection: Projection, size: int) -> Iterator[pa.RecordBatch]:
    """Read a row group of a Parquet file.

    Args:
        split: the row group.
        projection: the columns to read.
        size: rows of a block at most.

    Yields:
        Its rows in blocks.

    Raises:
        SchemaMismatch: a column is missing.
    """
    coded = sorted(projection.coded)
    file = pq.ParquetFile(split.source.path, memory_map=True, read_dictionary=coded)
    present = file.schema_arrow.names
    names = (
        _named(split.source, present) if projection.columns is None else list(projection.columns)
    )
    _require(split.source, [*names, *projection.required], present)
    immense = immense_column(file, split.source.path, split.row_group, names, size)
    if immense is not None:
        raise InputUnreadable(
            f"{split.source.name}: the values of column {immense!r} are few, and so long that "
            f"{size} rows of them would not fit into memory",
            fix="look at that column; deliver shorter values, or take it out of the job file",
        )
    utc, groups = _int96(file, split.source.rules), [split.row_group]
    for rows in file.iter_batches(size, groups, columns=names, use_threads=False):
        columns = [_as_meant(split.source.rules, rows.column(name), name in utc) for name in names]
        yield pa.RecordBatch.from_arrays(columns, names=names)


def _named(source: Source, present: Sequence[str]) -> list[str]:
    """Return the columns that have a name: an index or an empty column of a spreadsheet has none."""
    if source.rules.number == FIRST:
        return list(present)
    return [name for name in present if name.strip()]


def _int96(file: pq.ParquetFile, rules: FileRules) -> set[str]:
    """Return the columns of the old type INT96, in which Spark writes times of UTC without saying so."""
    if rules.number == FIRST:
        return set()
    columns = (file.schema.column(place) for place in range(len(file.schema)))
    return {column.path for column in columns if column.physical_type == "INT96"}


def _as_meant(rules: FileRules, column: pa.Array, is_int96: bool) -> pa.Array:  # noqa: FBT001
    column = without_words(without_views(column), rules.missing)
    return column.view(pa.timestamp("ns", "UTC")) if is_int96 else column


def csv_rows(source: Source, projection: Projection) -> Iterator[pa.RecordBatch]:
    """Read a CSV file.

    Raises:
        SchemaMismatch: a column is missing.
    """
    present = csv_files.header(source.path, source.rules)
    names = _named(source, present) if projection.columns is None else list(projection.columns)
    _require(source, [*names, *projection.required], present)
    return csv_files.read(source.path, source.name, names, source.rules)


def json_rows(source: Source, projection: Projection) -> Iterator[pa.RecordBatch]:
    """Read a file of JSON Lines.

    Raises:
        SchemaMismatch: no row has a column.
    """
    path, name, rules = source.path, source.name, source.rules
    names = projection.columns
    columns = _named(source, json_lines.header(path, name, rules)) if names is None else list(names)
    seen: set[str] = set()
    for rows, there in json_lines.read(path, name, columns, rules):
        seen |= there
        cells = [without_words(column, rules.missing) for column in rows.columns]
        yield pa.RecordBatch.from_arrays(cells, names=columns)
    if seen:  # a name that no row has
        _require(source, [*columns, *projection.required], sorted(seen))


def _require(source: Source, names: Sequence[str], present: Sequence[str]) -> None:
    absent = [name for name in dict.fromkeys(names) if name not in present]
    if absent:
        raise SchemaMismatch(
            f"{source.name}: column {', '.join(map(repr, absent))} is missing; it has {', '.join(map(repr, present[:30]))}",
            fix=_other_delimiter(source)
            or "deliver the column, or take it out of the job file and fit again",
        )
    twice = [name for name in dict.fromkeys(names) if present.count(name) > 1]
    if twice:
        raise SchemaMismatch(
            f"{source.name}: several columns are called {', '.join(map(repr, twice))}",
            fix="give each column a name of its own",
        )


def _other_delimiter(source: Source) -> str | None:
    """Return the way out where another delimiter stands in the first line more often."""
    if not source.is_csv:
        return None
    line = (
        head(source.path, 1 << 16)
        .partition(b"\n")[0]
        .decode(source.rules.encoding or "latin-1", "replace")
    )
    ours = source.rules.delimiter or csv_files.usual_delimiter(source.path)
    likely = max((ours, ",", ";", "\t", "|"), key=line.count)
    if likely == ours:
        return None
    shown = "\\t" if likely == "\t" else likely
    return f'its values seem to be parted by another delimiter: set data.delimiter = "{shown}"'


def way_out(source: Source, error: BaseException) -> str:
    """Return what to do about a file that a reader cannot take."""
    other = _other_delimiter(source) if "columns, got" in str(error) else _other_format(source)
    return other or (
        "write the file again (truncated, broken quotes, or another format?), then run the same command"
    )


def _other_format(source: Source) -> str | None:
    """Return the way out where a file without an ending of ours is no Parquet."""
    if source.is_untyped or source.path.lower().endswith((".parquet", ".pq")):
        return None
    first = head(source.path, 4)
    if first == b"PAR1":
        return None
    if first.startswith(b"PK"):
        return "export the sheet as CSV (or write Parquet), and name that file"
    known = ", ".join((*csv_files.ENDINGS, *json_lines.ENDINGS))
    return f"give the file an ending that says what it is: {known}; all others are Parquet"


def told(error: BaseException) -> str:
    """Return the first line of a reader's message, without the row that it quotes: rows may be private."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"(Expected \d+ columns, got \d+): .*", r"\1", first)[:300]
