"""Data files and their fragments: at most 65,536 consecutive rows, fixed by the file alone.

A fragment never depends on engine, worker or batch. So everything that is
computed from it, and the name of the file that is written for it, is the same
everywhere. A Parquet file is cut within its row groups, a CSV file from its
first row on.
"""

from __future__ import annotations

import glob
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import InputUnreadable
from pipelines.formats import csv_files, json_lines
from pipelines.formats.file_rules import DEFAULT, FileRules
from pipelines.formats.text_streams import head
from pipelines.input.file_readers import csv_rows, json_rows, row_group, told, way_out
from pipelines.input.path_patterns import fixed_part, glob_of, matcher

FRAGMENT_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Source:
    """One data file."""

    path: str
    name: str  # as the job finds it: relative to the fixed part of the pattern
    number: int  # in the order of names, from 0
    number_in_batch: int  # among the files of its batch; those of other batches come and go
    batch: str | None  # the value of {batch} in its path
    size: int  # bytes
    rules: FileRules = DEFAULT  # how its values are written
    is_spare: bool = False  # it has no byte, beside others that have: a part without rows

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return Path(self.path).parent

    @property
    def is_untyped(self) -> bool:
        """Whether all values of the file are text: CSV and JSON Lines know no types, or not ours."""
        return self.is_csv or self.is_json

    @property
    def is_csv(self) -> bool:
        """Whether the file is CSV, which has no types."""
        return self.path.lower().endswith(csv_files.ENDINGS)

    @property
    def is_json(self) -> bool:
        """Whether the file is JSON Lines."""
        return self.path.lower().endswith(json_lines.ENDINGS)

    @property
    def format(self) -> str:
        """The name of its format."""
        return "CSV" if self.is_csv else "JSON Lines" if self.is_json else "Parquet"


@dataclass(frozen=True, slots=True)
class Split:
    """The part of a file that a worker reads at once: a row group, or a whole CSV file."""

    source: Source
    row_group: int
    first_row: int  # within the file
    rows: int | None  # None for CSV, whose rows are not counted

    def by(self, rules: FileRules) -> Split:
        """Return the same split, to be read by other rules."""
        return replace(self, source=replace(self.source, rules=rules))

    def holds(self, source: str, row: int) -> bool:
        """Tell whether this split reads a row of a file, both named as `quarantine` names them."""
        within = self.rows is None or self.first_row <= row < self.first_row + self.rows
        return source == self.source.name and within


@dataclass(frozen=True, slots=True)
class Projection:
    """The columns to read (None: all), and those that come dictionary-coded from Parquet."""

    columns: tuple[str, ...] | None
    coded: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()  # must be there, also where all columns are read


def find_sources(pattern: str, folder: Path, rules: FileRules = DEFAULT) -> list[Source]:
    """Find the files of a path, or of a pattern with `*` and `{batch}`, sorted by name.

    Args:
        pattern: the path or pattern.
        folder: where a relative one starts.
        rules: how values are written in the files.

    Returns:
        The files.

    Raises:
        InputUnreadable: there is none.
    """
    full = pattern if Path(pattern).is_absolute() else str(folder / pattern)
    if _is_file(full):  # a file whose name holds a `*` is no pattern
        return [Source(full, Path(full).name, 0, 0, None, Path(full).stat().st_size, rules)]
    names, fixed = matcher(full), fixed_part(full)
    sources: list[Source] = []
    seen: Counter[str | None] = Counter()
    for path in sorted(glob.glob(glob_of(full), recursive=True)):  # noqa: PTH207  # absolute patterns
        match = names.fullmatch(path)
        if match and Path(path).is_file():
            batch = match.groupdict().get("batch")
            name, size = path.removeprefix(fixed), Path(path).stat().st_size
            sources.append(Source(path, name, len(sources), seen[batch], batch, size, rules))
            seen[batch] += 1
    if not sources:
        raise InputUnreadable(
            f"no file at {pattern}",
            fix="correct data.path in the job file; relative paths start at its folder",
        )
    return _with_spare_parts(sources)


def _with_spare_parts(sources: Sequence[Source]) -> list[Source]:
    """Mark the files without a byte that stand beside others of their batch, as Spark writes them."""
    full = {source.batch for source in sources if source.size}
    return [replace(one, is_spare=not one.size and one.batch in full) for one in sources]


def _is_file(path: str) -> bool:
    """Tell whether there is a file; a name that no file can have has none."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def file_tag(source: Source) -> str:
    """Return the size and the time of change of a file; empty where it is gone."""
    try:
        stat = Path(source.path).stat()
    except OSError:
        return ""
    return f"{stat.st_size:x}-{stat.st_mtime_ns:x}"


def file_digest(source: Source) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    with _reading(source), Path(source.path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_bytes(source: Source, size: int) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises:
        InputUnreadable: it cannot be read, or not be unpacked.
    """
    with _reading(source):
        return head(source.path, size)


def splits_of(source: Source) -> list[Split]:
    """Return the splits of a file, in its order.

    Raises:
        InputUnreadable: the file is empty, truncated or not of its format.
    """
    if source.is_spare:
        return []
    _require_content(source)
    if source.is_untyped:
        return [Split(source, 0, 0, None)]
    with _reading(source):
        metadata = pq.ParquetFile(source.path).metadata
        counts = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    starts = [sum(counts[:i]) for i in range(len(counts))]
    return [Split(source, i, starts[i], count) for i, count in enumerate(counts)]


def most_rows(split: Split) -> int:
    """Return the most rows that a split can have; of text, by the size of its file."""
    if split.rows is not None:
        return split.rows
    source = split.source
    if not source.is_untyped:  # it cannot be read, which is told when its rows are
        return 0
    with _reading(source):
        if source.is_json:
            return json_lines.most_rows(source.path, source.size)
        return csv_files.most_rows(source.path, source.size, source.rules)


def read_split(split: Split, projection: Projection) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the fragments of a split as (number of the first row in the file, rows).

    Raises:
        InputUnreadable: the file is truncated, has broken quotes, or changed
            while it was read.
        SchemaMismatch: a column is missing.
    """
    _require_content(split.source)
    with _reading(split.source):
        if split.source.is_untyped:
            read = csv_rows if split.source.is_csv else json_rows
            yield from _cut(read(split.source, projection), 0)
        else:
            yield from _cut(row_group(split, projection, FRAGMENT_ROWS), split.first_row)


def read_column(source: Source, column: str) -> Iterator[pa.RecordBatch]:
    """Yield one column of a file, without reading the others."""
    for split in splits_of(source):
        for _, rows in read_split(split, Projection((column,))):
            yield rows


def _cut(blocks: Iterator[pa.RecordBatch], first: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Regroup rows into fragments of exactly FRAGMENT_ROWS; the last one may be shorter."""
    held: list[pa.RecordBatch] = []
    count = 0
    for block in blocks:
        rest = block
        while count + rest.num_rows >= FRAGMENT_ROWS:
            head = rest.slice(0, FRAGMENT_ROWS - count)
            yield first, _joined([*held, head])
            first += FRAGMENT_ROWS
            rest = rest.slice(head.num_rows)
            held, count = [], 0
        if rest.num_rows:
            held.append(rest)
            count += rest.num_rows
    if count:
        yield first, _joined(held)


def _joined(parts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    if len(parts) == 1:
        return parts[0]
    table = pa.Table.from_batches(parts).unify_dictionaries().combine_chunks()
    columns = [column.combine_chunks() for column in table.columns]
    columns = [c.chunk(0) if isinstance(c, pa.ChunkedArray) else c for c in columns]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _require_content(source: Source) -> None:
    if source.size == 0:
        raise InputUnreadable(
            f"{source.name}: the file is empty", fix="write it again, or take it away"
        )


@contextmanager
def _reading(source: Source) -> Iterator[None]:
    """Translate the errors of a reader about a bad file into ours."""
    try:
        yield
    except PermissionError as error:
        raise InputUnreadable(
            f"{source.name}: this user may not read the file",
            fix="give this user the right to read it",
        ) from error
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InputUnreadable(
            f"{source.name}: not a whole {source.format} file: {told(error)}",
            fix=way_out(source, error),
        ) from error
