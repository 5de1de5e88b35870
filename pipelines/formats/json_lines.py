"""JSON Lines: one object a line, read as text like CSV; null, NaN and what is left out are missing.

Numbers and truth values become the text that Python writes of them; lists and
objects stay JSON. An empty text is a value.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from pipelines.errors import InputUnreadable
from pipelines.formats.file_rules import DEFAULT, FileRules
from pipelines.formats.text_streams import TIGHTEST, is_packed, opened

ENDINGS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_ROWS = 8_192  # of a block
_BUFFER = 1 << 20  # bytes
Row = dict[str, Any]


def header(path: str, name: str, rules: FileRules = DEFAULT) -> list[str]:
    """Return the names of all objects, in the order in which they appear.

    Args:
        path: of the file.
        name: of the file, for errors.
        rules: how its text is written.

    Returns:
        The names.

    Raises:
        InputUnreadable: a line is no object.
    """
    return list(dict.fromkeys(key for row in _rows(path, name, rules) for key in row))


def most_rows(path: str, size: int) -> int:
    """Return the most rows that a file of so many bytes can have."""
    return size * (TIGHTEST if is_packed(path) else 1) // len("{}\n") + 1


def read(
    path: str, name: str, columns: Sequence[str], rules: FileRules = DEFAULT
) -> Iterator[tuple[pa.RecordBatch, set[str]]]:
    """Read the rows in blocks, as text.

    Args:
        path: of the file.
        name: of the file, for errors.
        columns: the columns to read.
        rules: how its text is written.

    Yields:
        Blocks with these columns, and the names that their rows have.

    Raises:
        InputUnreadable: a line is no object.
    """
    rows = _rows(path, name, rules)
    while block := list(islice(rows, _ROWS)):
        cells = [pa.array([_cell(row.get(one)) for row in block], pa.binary()) for one in columns]
        texts = [column.view(pa.string()) for column in cells]
        yield (
            pa.RecordBatch.from_arrays(texts, names=list(columns)),
            {key for row in block for key in row},
        )


def _rows(path: str, name: str, rules: FileRules) -> Iterator[Row]:
    with opened(path, name, rules.encoding, _ignore) as stream:
        buffer = io.BufferedReader(_Raw(stream), _BUFFER)
        # a byte that is no UTF-8 costs its row later, not the file
        lines = io.TextIOWrapper(buffer, "utf-8", errors="surrogateescape", newline="\n")
        for number, line in enumerate(lines, 1):
            text = line.lstrip("\ufeff").strip() if number == 1 else line.strip()
            if text:
                yield _row(text, name, number)


def _row(text: str, name: str, number: int) -> Row:
    try:
        row = json.loads(text, parse_constant=_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        what = getattr(error, "msg", None) or str(error)
        raise _broken(name, number, what) from error
    if not isinstance(row, dict):
        raise _broken(name, number, "no object")
    return row


def _broken(name: str, number: int, what: str) -> InputUnreadable:
    return InputUnreadable(
        f"{name}: line {number} is no JSON object: {what}",
        fix="write one object a line, as JSON Lines has it; or deliver CSV or Parquet",
    )


def _object(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a name stands twice")
    return row


def _constant(word: str) -> str | None:
    return None if word == "NaN" else word


def _cell(value: Any) -> bytes | None:
    """Return a value as text; a lone half of a character is no UTF-8, as in any other file."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _ignore(block: bytes) -> None:
    del block


class _Raw(io.RawIOBase):
    """A stream of bytes as Python's own readers take it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)
