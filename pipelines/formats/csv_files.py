"""CSV files, read as text: a value that is no number costs its row later, not the file.

Arrow's reader takes a quote that nobody closed for the beginning of a long
value, and swallows the rows that follow without an error. So wherever a quote stands
in a strange place, the quotes of the whole file are checked strictly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from pipelines.columns.buffers import Int64s, byte_view
from pipelines.errors import InputUnreadable
from pipelines.formats.csv_quotes import QuoteWatch
from pipelines.formats.file_rules import DEFAULT, FIRST, FileRules
from pipelines.formats.text_streams import TIGHTEST, is_packed, opened

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_BLOCK = 32 << 20  # bytes; also the longest row that a file may hold
_SURELY_ROWS = 4  # with so many columns, lines of text rarely have as many delimiters as rows
_WAY_OUT = "close the quotes, or double the quotes inside values; or deliver Parquet"
_ESCAPED = '; quotes inside values have a backslash before them (\\")'
_DOUBLED = (
    'double the quotes inside values, as in Spark .option("escape", "\\""); or deliver Parquet'
)


def header(path: str, rules: FileRules = DEFAULT) -> list[str]:
    """Return the names of the columns.

    Raises:
        InputUnreadable: its quotes are broken, or it is of another encoding.
        pyarrow.ArrowInvalid, OSError: it is no CSV file.
    """
    with _File(path, Path(path).name, rules).reader() as reader:
        names: list[str] = reader.schema.names
        return names


def most_rows(path: str, size: int, rules: FileRules = DEFAULT) -> int:
    """Return the most rows that a file of so many bytes can have.

    Args:
        path: of the file.
        size: of the file, in bytes.
        rules: how its values are written.

    Returns:
        A number that it cannot exceed.

    Raises:
        pyarrow.ArrowInvalid, OSError: it is no CSV file.
    """
    shortest = max(len(header(path, rules)), 2)  # bytes: delimiters and the end of the line
    return size * (TIGHTEST if is_packed(path) else 1) // shortest + 1


def read(
    path: str, name: str, columns: Sequence[str], rules: FileRules = DEFAULT
) -> Iterator[pa.RecordBatch]:
    """Read the rows in blocks of any size, as text; null where a field is a word for nothing.

    Bytes that are no UTF-8 are let through.

    Args:
        path: of the file.
        name: of the file, for errors.
        columns: the columns to read; each must be in the file once.
        rules: how its values are written, and which of them are missing.

    Yields:
        Blocks with these columns, in the order of the file.

    Raises:
        InputUnreadable: quotes are broken, a row is longer than 32 MB, or the
            file is of another encoding.
        pyarrow.ArrowInvalid, OSError: it is no CSV file.
    """
    convert = pc.ConvertOptions(
        column_types=dict.fromkeys(header(path, rules), pa.binary()),
        null_values=list(rules.missing_words),
        strings_can_be_null=True,
        quoted_strings_can_be_null=rules.number != FIRST,
    )
    file = _File(path, name, rules)
    first = 0
    with file.reader(convert) as blocks:
        for block in blocks:
            runs = [column for column in block.columns if len(_over_lines(column))]
            file.require_closed_quotes(has_runs=bool(runs))
            for column in runs:
                _refuse_swallowed_rows(column, name, first, block.num_columns, file.delimiter)
            yield _as_text(block.select(list(columns)))
            first += block.num_rows
    file.watch.end()
    file.require_closed_quotes(has_runs=False)


class _File:
    """A CSV file that is read, with an eye on its quotes."""

    def __init__(self, path: str, name: str, rules: FileRules) -> None:
        self.path, self.name, self.rules = path, name, rules
        self.delimiter = _delimiter(path, rules)
        self.watch = QuoteWatch(self.delimiter)
        self._is_sure = False  # the quotes of the whole file were checked

    @contextmanager
    def reader(self, convert: pc.ConvertOptions | None = None) -> Iterator[pc.CSVStreamingReader]:
        """Open Arrow's reader; by the first rules, over the file itself."""
        dialect = pc.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)
        with ExitStack() as open_until_the_end:
            enter = open_until_the_end.enter_context
            try:
                source = self.path
                if self.rules.number != FIRST or is_packed(self.path):
                    encoding = self.rules.encoding
                    source = enter(opened(self.path, self.name, encoding, self.watch.look))
                yield enter(pc.open_csv(source, _blocks(), dialect, convert))
            except pa.ArrowInvalid as error:
                self.require_closed_quotes(has_runs=False)  # they may be the reason
                if "straddl" in str(error) or "out of sync" in str(error):
                    raise InputUnreadable(
                        f"{self.name}: a row is longer than {_BLOCK >> 20} MB, or a quote is not closed",
                        fix=_WAY_OUT,
                    ) from error
                raise

    def require_closed_quotes(self, *, has_runs: bool) -> None:
        """Check the quotes of the whole file strictly, once, where something makes it necessary.

        By the first rules, that is a value over several lines; then also a quote in
        a strange place.
        """
        is_strange = self.watch.has_seen_strange and self.rules.number != FIRST
        if not self._is_sure and (is_strange or (has_runs and self.rules.number == FIRST)):
            _require_closed_quotes(self.path, self.name, self.rules)
            self._is_sure = True


def _over_lines(column: pa.Array) -> Int64s:
    """Return the rows whose value holds a line break."""
    offsets, data = byte_view(column)
    breaks = np.flatnonzero(data[offsets[0] : offsets[-1]] == ord("\n")) + offsets[0]
    found: Int64s = np.unique(np.searchsorted(offsets, breaks, side="right") - 1)
    return found


def _require_closed_quotes(path: str, name: str, rules: FileRules) -> None:
    """Require a delimiter or a line's end after each closing quote, and every quote closed."""
    csv.field_size_limit(_BLOCK)
    encoding = rules.encoding or "latin-1"  # any byte is a letter
    with pa.input_stream(path, compression="detect") as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        reader = csv.reader(_lines(text, name), delimiter=_delimiter(path, rules), strict=True)
        try:
            for _ in reader:
                pass
        except csv.Error as error:
            has_escapes = rules.number != FIRST and _has_escapes(path, rules)
            raise InputUnreadable(
                f"{name}: broken quotes up to line {reader.line_num}: {error}"
                + (_ESCAPED if has_escapes else ""),
                fix=_DOUBLED if has_escapes else _WAY_OUT,
            ) from error


def _lines(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    """Yield the lines of a file, none of them longer than a row may be."""
    while line := text.readline(_BLOCK):
        if len(line) == _BLOCK:
            raise InputUnreadable(f"{name}: a line is longer than {_BLOCK >> 20} MB", fix=_WAY_OUT)
        yield line


def _has_escapes(path: str, rules: FileRules) -> bool:
    """Tell whether a line has a quote behind a backslash, as Spark writes quotes inside values."""
    with pa.input_stream(path, compression="detect") as stream:
        lines = io.TextIOWrapper(stream, encoding=rules.encoding or "latin-1", newline="")
        return any('\\"' in line for line in lines)


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


def usual_delimiter(path: str) -> str:
    r"""Return what stands between values where the job file says nothing else.

    >>> usual_delimiter("a.csv.gz"), usual_delimiter("a.tsv")
    (',', '\t')
    """
    return "\t" if path.lower().endswith((".tsv", ".tsv.gz")) else ","


def _delimiter(path: str, rules: FileRules) -> str:
    return rules.delimiter or usual_delimiter(path)
