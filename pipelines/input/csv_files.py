"""CSV files, read as text: a value that is no number costs its row later, not the file.

Arrow's reader takes a quote that nobody closed for the beginning of a long
value, and swallows the rows that follow without an error. So wherever a value
runs over several lines, the quotes of the file are checked strictly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from pipelines.columns.buffers import Int64s, byte_view
from pipelines.errors import InputUnreadable
from pipelines.job.file_rules import DEFAULT, FIRST, FileRules

ENDINGS = (".csv", ".csv.gz", ".tsv")
_BLOCK = 32 << 20  # bytes; also the longest row that a file may hold
_LONGEST = 2**31 - 1  # characters of one value, for the strict check
_SURELY_ROWS = 4  # with so many columns, lines of text rarely have as many delimiters as rows
_WAY_OUT = "close the quotes, or double the quotes inside values; or deliver Parquet"


def header(path: str) -> list[str]:
    """Return the names of the columns.

    Raises:
        pyarrow.ArrowInvalid, OSError: it is no CSV file.
    """
    with pc.open_csv(path, _blocks(), _dialect(path)) as reader:
        names: list[str] = reader.schema.names
        return names


def read(
    path: str, name: str, columns: Sequence[str], rules: FileRules = DEFAULT
) -> Iterator[pa.RecordBatch]:
    """Read the rows in blocks of any size, as text; null where a field is a word for nothing.

    Bytes that are no UTF-8 are let through.

    Args:
        path: of the file.
        name: of the file, for errors.
        columns: the columns to read; each must be in the file once.
        rules: say which words are missing values.

    Yields:
        Blocks with these columns, in the order of the file.

    Raises:
        InputUnreadable: quotes are broken, or a row is longer than 32 MB.
        pyarrow.ArrowInvalid, OSError: it is no CSV file.
    """
    convert = pc.ConvertOptions(
        column_types=dict.fromkeys(header(path), pa.binary()),
        null_values=list(rules.missing_words),
        strings_can_be_null=True,
        quoted_strings_can_be_null=rules.number != FIRST,
    )
    first, is_sure = 0, False
    for block in _blocks_of(path, name, convert):
        runs = [column for column in block.columns if len(_over_lines(column))]
        if runs and not is_sure:
            _require_closed_quotes(path, name)
            is_sure = True
        for column in runs:
            _refuse_swallowed_rows(column, name, first, block.num_columns, _delimiter(path))
        yield _as_text(block.select(list(columns)))
        first += block.num_rows


def _blocks_of(path: str, name: str, convert: pc.ConvertOptions) -> Iterator[pa.RecordBatch]:
    try:
        with pc.open_csv(path, _blocks(), _dialect(path), convert) as reader:
            yield from reader
    except pa.ArrowInvalid as error:
        if "straddl" in str(error) or "out of sync" in str(error):
            raise InputUnreadable(
                f"{name}: a row is longer than {_BLOCK >> 20} MB, or a quote is not closed",
                fix=_WAY_OUT,
            ) from error
        raise


def _over_lines(column: pa.Array) -> Int64s:
    """Return the rows whose value holds a line break."""
    offsets, data = byte_view(column)
    breaks = np.flatnonzero(data[offsets[0] : offsets[-1]] == ord("\n")) + offsets[0]
    found: Int64s = np.unique(np.searchsorted(offsets, breaks, side="right") - 1)
    return found


def _require_closed_quotes(path: str, name: str) -> None:
    """Require a delimiter or a line's end after each closing quote, and every quote closed."""
    csv.field_size_limit(_LONGEST)
    with pa.input_stream(path, compression="detect") as stream:
        lines = io.TextIOWrapper(stream, encoding="latin-1", newline="")  # any byte is a letter
        reader = csv.reader(lines, delimiter=_delimiter(path), strict=True)
        try:
            for _ in reader:
                pass
        except csv.Error as error:
            raise InputUnreadable(
                f"{name}: broken quotes up to line {reader.line_num}: {error}", fix=_WAY_OUT
            ) from error


def _refuse_swallowed_rows(
    column: pa.Array, name: str, first: int, width: int, delimiter: str
) -> None:
    """Refuse a value whose lines look like rows: two stray quotes may have paired up."""
    if width < _SURELY_ROWS:
        return
    offsets, data = byte_view(column)
    for row in _over_lines(column):
        value = bytes(data[offsets[row] : offsets[row + 1]])
        between = value.split(b"\n")[1:-1]
        if between and all(line.count(delimiter.encode()) == width - 1 for line in between):
            raise InputUnreadable(
                f"{name}: a quoted value of row {first + row + 1} runs over "
                f"{len(between)} lines that look like rows of their own",
                fix=_WAY_OUT,
            )


def _as_text(block: pa.RecordBatch) -> pa.RecordBatch:
    """View binary columns as text, unchecked: a bad byte costs its row later, not the file."""
    columns = [c.view(pa.string()) if pa.types.is_binary(c.type) else c for c in block.columns]
    return pa.RecordBatch.from_arrays(columns, names=block.schema.names)


def _blocks() -> pc.ReadOptions:
    return pc.ReadOptions(use_threads=False, block_size=_BLOCK)


def _delimiter(path: str) -> str:
    return "\t" if path.lower().endswith(".tsv") else ","


def _dialect(path: str) -> pc.ParseOptions:
    return pc.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True)
