"""Kinds of columns, guessed from the first rows of the data, for `recheck init`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import is_text
from pipelines.columns.spelling import canonical_text
from pipelines.errors import InputUnreadable
from pipelines.input import fragments
from pipelines.input.fragments import Projection, Source

Kind = Literal["numeric", "categorical", "date", "text", "image", "identifier", "empty", "other"]
MOST_CLASSES = 20  # distinct integers that still count as classes
MOST_VALUES = 1_000  # distinct texts of a category
LOOKED_AT = 20_000  # rows per file, of the first files
_FILES = 3
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")
_PICTURE_NAME = re.compile(r".+\.(png|jpe?g|gif|bmp|webp|tiff?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column, as its first rows show it."""

    name: str
    kind: Kind
    distinct: int  # of the rows that were looked at
    rows: int
    timezone: str | None = None  # of its times, where they have one


def look(sources: Sequence[Source]) -> list[Column]:
    """Return every column of the first files that have rows, with its guessed kind.

    Raises:
        InputUnreadable: no file has rows.
    """
    found = (list(_first_rows(source)) for source in sources)
    tables = [pa.Table.from_batches(rows) for rows in islice(filter(None, found), _FILES)]
    if not any(table.num_rows for table in tables):
        raise InputUnreadable(
            f"{sources[0].path} has no rows",
            fix="name data with rows by --data: init looks at them",
        )
    table = pa.concat_tables(tables, promote_options="permissive")
    return [
        _look(name, table[name].combine_chunks(), csv=sources[0].is_csv)
        for name in table.column_names
    ]


def _first_rows(source: Source) -> Iterable[pa.RecordBatch]:
    left = LOOKED_AT
    for split in fragments.splits_of(source):
        for _, rows in fragments.read_split(split, Projection(None)):
            yield rows.slice(0, left)
            left -= min(left, rows.num_rows)
            if not left:
                return


def _look(name: str, column: pa.Array, *, csv: bool) -> Column:
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    values = column.drop_null()
    if not len(values):
        return Column(name, "empty", 0, len(column))
    if kinds.is_nested(column.type):
        return Column(name, "other", len(values), len(column))
    distinct = pc.count_distinct(values).as_py()
    kind = _kind_of_text(values, distinct) if is_text(column.type) else _kind(values, distinct)
    if csv and kind in ("categorical", "identifier", "text"):
        kind = _kind_in_csv(values, distinct) or kind
    return Column(name, kind, distinct, len(column), getattr(column.type, "tz", None))


def _kind(values: pa.Array, distinct: int) -> Kind:
    kind = values.type
    if kinds.is_boolean(kind):
        return "categorical"
    if kinds.is_integer(kind):
        return "categorical" if distinct <= MOST_CLASSES else "numeric"
    if kinds.is_floating(kind) or kinds.is_decimal(kind):
        return "numeric"
    if kinds.is_timestamp(kind) or kinds.is_date(kind):
        return "date"
    if kinds.is_binary(kind) or kinds.is_large_binary(kind):
        return "image" if values[0].as_py().startswith(_PICTURES) else "other"
    return "other"


def _kind_of_text(values: pa.Array, distinct: int) -> Kind:
    if all(_PICTURE_NAME.fullmatch(text) for text in values[:20].to_pylist()):
        return "image"
    words = pc.mean(pc.count_substring(values, " ")).as_py() + 1
    repeats = distinct <= max(MOST_CLASSES, len(values) // 2)
    if words >= 4 and not (repeats and distinct <= MOST_CLASSES):
        return "text"
    if distinct <= MOST_VALUES and repeats:
        return "categorical"
    return "text" if words >= 2 else "identifier"


def _kind_in_csv(values: pa.Array, distinct: int) -> Kind | None:
    """Return the kind of numbers and times, which CSV holds as text; None of other text."""
    for kind, family in (
        (pa.int64(), "integer"),
        (pa.float64(), "float"),
        (pa.timestamp("us", "UTC"), "date"),
        (pa.timestamp("us"), "date"),
    ):
        try:
            values.cast(kind)
        except pa.ArrowInvalid:
            continue
        if family == "integer":
            return "categorical" if distinct <= MOST_CLASSES else "numeric"
        return "numeric" if family == "float" else "date"
    return None


def classes(sources: Sequence[Source], name: str, *, most: int) -> list[str] | None:
    """Return every value of a column as text.

    Args:
        sources: the data files.
        name: of the column.
        most: values at most.

    Returns:
        The values, sorted; None where there are more.
    """
    words: set[str] = set()
    for source in sources:
        for rows in fragments.read_column(source, name):
            words |= set(canonical_text(pc.unique(rows.column(0))).to_pylist()) - {None}
            if len(words) > most:
                return None
    return sorted(words, key=_by_number)


def _by_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def name_of(folder: PurePath) -> str:
    """Make a job's name from the name of its folder.

    >>> name_of(PurePath("/jobs/Loans 2026!"))
    'Loans-2026'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.name).strip("-._")[:60] or "job"
