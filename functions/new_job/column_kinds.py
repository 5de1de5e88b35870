"""Kinds of columns, guessed from the first rows of the data, for `recheck init`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from functions.new_job.first_rows import FILES, FirstValues
from pipelines.columns.buffers import integers, is_text, texts
from pipelines.columns.epochs import Unit, likely_unit
from pipelines.columns.time_texts import parse_time
from pipelines.columns.utf8 import readable
from pipelines.formats.file_rules import NOT_AVAILABLE

Kind = Literal["numeric", "categorical", "date", "text", "image", "identifier", "empty", "other"]
_MATTERS = ("numeric", "categorical", "date", "text", "image")
_FEW = 10  # rows of which nobody can tell whether a column numbers them
MOST_CLASSES = 20  # distinct integers that still count as classes
MOST_VALUES = 1_000  # distinct texts of a category
_LEADING_ZERO = r"^\s*[+-]?0[0-9]"  # of codes such as 007 and 007.1
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
    is_number: bool = False  # every value can be read as a number
    unavailable: frozenset[str] = frozenset()  # words such as NA among its texts
    epoch: Unit | None = None  # the unit of numbers that look like times since 1970
    is_everywhere: bool = True  # each of the files that were looked at has it

    @property
    def matters(self) -> bool:
        """Whether it can be a feature, and people can judge a row by it."""
        return self.kind in _MATTERS and self.is_everywhere

    @property
    def why_not(self) -> str:
        """Why it is no feature, in words."""
        if self.kind in _MATTERS:
            return "not every file has it"
        reasons = {"identifier": "it looks like an identifier", "empty": "it is empty"}
        return reasons.get(self.kind, "its type has no feature")


def missing_words(columns: Collection[Column]) -> list[str]:
    """Return words such as `NA` that stand among numbers of a few values, and in no text; sorted."""
    words = {w for c in columns if c.kind == "categorical" and c.is_number for w in c.unavailable}
    return sorted(words - {w for c in columns if not c.is_number for w in c.unavailable})


def look(first: Sequence[FirstValues]) -> list[Column]:
    """Return every column of the first files that have rows, with its guessed kind."""
    return [replace(_look(one), is_everywhere=one.is_everywhere) for one in first]


def _look(first: FirstValues) -> Column:
    values, name, rows = _readable(first.values).drop_null(), first.name, len(first.values)
    if not len(values):
        return Column(name, "empty", 0, rows)
    if is_text(values.type):
        return _look_at_texts(first, values)
    if kinds.is_nested(values.type):
        return Column(name, "other", len(values), rows)
    distinct = pc.count_distinct(values).as_py()
    kind = "identifier" if _counts_rows(values, rows) else _kind(values, distinct)
    is_number = kind == "numeric" or kinds.is_integer(values.type)
    unit = likely_unit(values) if is_number else None
    return Column(name, kind, distinct, rows, first.timezone, is_number, epoch=unit)


def _look_at_texts(first: FirstValues, values: pa.Array) -> Column:
    there, unavailable = _available(values)
    is_number = _can_be(there, pa.float64())
    distinct = pc.count_distinct(there if is_number else values).as_py()
    if first.is_untyped and is_number and not _are_codes(there):
        kind = _kind_of_numbers(there, distinct, len(first.values))
    else:
        kind = _kind_of_text(values, distinct)
        if first.is_untyped and kind != "image" and _are_times(values):
            kind = "date"
    unit = likely_unit(there) if first.is_untyped and is_number else None
    rows = len(first.values)
    return Column(first.name, kind, distinct, rows, first.timezone, is_number, unavailable, unit)


def _available(values: pa.Array) -> tuple[pa.Array, frozenset[str]]:
    """Return the texts without words such as `NA`, and those words; all of them, if all are such words."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    is_word = pc.is_in(lower, value_set=texts(sorted(NOT_AVAILABLE - {""})))
    there = values.filter(pc.invert(is_word))
    if len(there) in (0, len(values)):
        return values, frozenset()
    return there, frozenset(pc.unique(values.filter(is_word)).to_pylist())


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


def _kind_of_numbers(values: pa.Array, distinct: int, rows: int) -> Kind:
    """Return the kind of numbers that are written as text."""
    if not _can_be(values, pa.int64()):
        return "numeric"
    if _counts_rows(values.cast(pa.int64()), rows):
        return "identifier"
    return "categorical" if distinct <= MOST_CLASSES else "numeric"


def _counts_rows(values: pa.Array, rows: int) -> bool:
    """Tell whether whole numbers go up by one from row to row, in each file anew: they say nothing."""
    if len(values) < max(rows, _FEW) or not _fits_signed(values):
        return False
    numbers = integers(values)
    goes_on = np.diff(numbers) == 1
    begins = (numbers[1:] == numbers[0]) & (numbers[0] in (0, 1)) & ~goes_on
    return bool((goes_on | begins).all()) and int(begins.sum()) < FILES


def _fits_signed(values: pa.Array) -> bool:
    """Tell whether values are integers of at most 63 bits; hashes of 64 bits number no rows."""
    if not kinds.is_uint64(values.type):
        return bool(kinds.is_integer(values.type))
    return bool(pc.max(values).as_py() <= np.iinfo(np.int64).max)


def _are_codes(values: pa.Array) -> bool:
    """Tell whether a text begins with a zero that no number has, as 007 and 007.1 do."""
    return bool(pc.any(pc.match_substring_regex(values, _LEADING_ZERO)).as_py())


def _are_times(values: pa.Array) -> bool:
    """Tell whether every text is a time: the first one, before all are looked at."""
    return parse_time(values[0].as_py()) is not None and all(
        parse_time(text) for text in pc.unique(values).to_pylist()
    )


def _can_be(values: pa.Array, kind: pa.DataType) -> bool:
    """Tell whether every text is a value of a type."""
    with suppress(pa.ArrowInvalid):
        values.cast(kind)
        return True
    return False


def _readable(column: pa.Array) -> pa.Array:
    return readable(column) if is_text(column.type) else column


def name_of(folder: PurePath) -> str:
    """Make a job's name from the name of its folder.

    >>> name_of(PurePath("/jobs/Loans 2026!"))
    'Loans-2026'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.name).strip("-._")[:60] or "job"
