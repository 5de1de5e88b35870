"""How the values of new data are written, from a look at the first file: delimiter, encoding, decimal mark."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from functions.new_job.first_rows import first_values
from pipelines.columns.buffers import is_text
from pipelines.columns.utf8 import readable
from pipelines.formats.csv_files import usual_delimiter
from pipelines.formats.file_rules import FileRules
from pipelines.input.decimal_commas import shows_decimal_commas
from pipelines.input.fragments import Source, first_bytes

_LOOKED_AT = 1 << 20  # bytes
_LINES = 50
_DELIMITERS = (",", ";", "\t", "|")
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_POINTED = r"^\s*[+-]?\d+\.(\d{1,2}|\d{4,})\s*$"  # a number that has a decimal point


def as_written(sources: Sequence[Source]) -> list[Source]:
    """Return the files with the rules by which their values are to be read.

    Args:
        sources: the data files.

    Returns:
        The same files; those with types stay as they are.

    Raises:
        InputUnreadable, SchemaMismatch: they cannot be read.
    """
    first = next((one for one in sources if one.is_untyped and one.size), None)
    if first is None:
        return list(sources)
    content = first_bytes(first, _LOOKED_AT)
    encoding = _encoding(content)
    delimiter = _delimiter(first, content.decode(encoding or "utf-8", "replace"))
    rules = FileRules(delimiter=delimiter, encoding=encoding)
    found = [replace(one, rules=rules) for one in sources]
    if first.is_csv and _has_decimal_commas(found):
        return [replace(one, rules=replace(rules, decimal=",")) for one in found]
    return found


def _encoding(content: bytes) -> str | None:
    """Return the encoding of a text; None for UTF-8, also where a few bytes of it are broken."""
    for mark, name in _WIDE.items():
        if content.startswith(mark):
            return name
    if content[1:2] == b"\x00" or content[:1] == b"\x00":
        return "utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"
    text = content.decode("utf-8", "surrogateescape")
    stray = sum("\udc80" <= letter <= "\udcff" for letter in text[:-3])
    if not stray or any(letter > "\x7f" and not "\ud800" <= letter <= "\udfff" for letter in text):
        return None
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "cp1252"


def _delimiter(source: Source, text: str) -> str | None:
    """Return the delimiter that gives every line as many values as the header; None for the usual one."""
    if not source.is_csv:
        return None
    usual = usual_delimiter(source.path)
    widths = {one: _width(text, one) for one in sorted(_DELIMITERS, key=lambda one: one != usual)}
    best = max(widths, key=lambda one: widths[one])
    return None if best == usual or widths[best] < 2 else best


def _width(text: str, delimiter: str) -> int:
    """Return how many values all of the first lines have; 0 where they differ."""
    whole = text if len(text) < _LOOKED_AT // 4 else text.rpartition("\n")[0]
    widths = set()
    try:
        for number, row in enumerate(
            csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter)
        ):
            if number == _LINES:
                break
            if row:
                widths.add(len(row))
    except csv.Error:
        return 0
    return widths.pop() if len(widths) == 1 else 0


def _has_decimal_commas(sources: Sequence[Source]) -> bool:
    """Tell whether a column is of numbers with a decimal comma, and none of numbers with a point."""
    columns = [
        readable(one.values).drop_null()
        for one in first_values(sources)
        if is_text(one.values.type)
    ]
    texts = [column for column in columns if len(column)]
    return any(map(shows_decimal_commas, texts)) and not any(map(_has_points, texts))


def _has_points(column: pa.Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(column, _POINTED)).as_py())
