"""The content of an answer file as tasks of an export, or as a table; its bytes decide, not its name."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from labeling.answers.set_aside import SetAside
from labeling.questions.survey import CONTROL
from pipelines.columns.buffers import texts
from pipelines.errors import AnswersUnreadable

COLUMNS = ("prediction_id", "key", "batch", "answer", "annotator", "created")
TIME = "time"  # tells the batch of a row, where batches are periods
FORMS = "a Label Studio export (JSON), or CSV, JSON Lines or Parquet with prediction_id (or key and batch) and answer"
_CSV = csv.ConvertOptions(
    column_types=dict.fromkeys(COLUMNS, pa.binary()), strings_can_be_null=True, null_values=[""]
)
_IN_ORDER = csv.ReadOptions(use_threads=False)  # so that a row that is no row has its number
_MOST_BYTES = 2**30  # of a file: an export may hold its pictures
_MOST_ROWS = 10_000_000  # a small Parquet file may declare any number
_DELIMITERS = (",", "\t", ";", "|")
_PEOPLE = re.compile(
    r"(?:annotator|worker|labell?er|rater|coder)(?:id|name)?|(?:completed|annotated|labell?ed)by"
)
Task = dict[str, Any]
Tell = Callable[[str], None]


def content_of(
    path: Path, unread: SetAside, tell: Tell, time: str | None = None
) -> list[Task] | pa.Table:
    """Return the tasks of an export of Label Studio, or the columns of a table that answers need.

    Args:
        path: the file.
        unread: takes the lines that are no rows.
        tell: takes what is worth a word.
        time: the column whose time tells the batch, where no column names it.

    Returns:
        The tasks; or a table with some of `COLUMNS`, and `TIME` where it tells the batch.

    Raises:
        AnswersUnreadable: it is missing, broken, or lacks a column.
    """
    content = _read(path)
    if content.startswith(b"PAR1"):
        return _columns(path, _parquet(path, content), tell, time)
    text = _as_utf8(path, content)
    begin = text.lstrip()[:1]
    if begin == b"[":
        return _tasks(path, text)
    if begin == b"{":
        return _columns(path, _json_lines(path, text), tell, time)
    return _columns(path, _csv(path, text, unread, time), tell, time)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:  # perhaps a pipe, which says no size
            content = file.read(_MOST_BYTES + 1)
        if content.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is no whole .gz file"
        raise AnswersUnreadable(f"{path} cannot be read: {reason}", fix="check the path") from error
    if len(content) > _MOST_BYTES:
        raise _too_large(path, f"bytes than {_MOST_BYTES:,}")
    return content


def _too_large(path: Path, what: str) -> AnswersUnreadable:
    return AnswersUnreadable(f"{path} has more {what}", fix="cut it into several files")


def _as_utf8(path: Path, content: bytes) -> bytes:
    """Return the text of a file as UTF-8; bytes of it that are none stay, and cost their row."""
    if content.startswith(codecs.BOM_UTF8):
        return content.removeprefix(codecs.BOM_UTF8)
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content
    try:
        return content.decode("utf-16").encode()
    except UnicodeError as error:
        raise AnswersUnreadable(
            f"{path} cannot be read: it begins as UTF-16 and is none", fix="write the file as UTF-8"
        ) from error


def _parquet(path: Path, content: bytes) -> pa.Table:
    source = pa.BufferReader(content)
    try:
        declared = parquet.ParquetFile(source).metadata.num_rows
        if declared > _MOST_ROWS:
            raise _too_large(path, f"rows than {_MOST_ROWS:,}")
        return parquet.read_table(source)
    except (pa.ArrowException, OSError) as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error}", fix=f"give {FORMS}") from error


def _csv(path: Path, text: bytes, unread: SetAside, time: str | None) -> pa.Table:
    def skip(row: csv.InvalidRow) -> str:
        words = f"it has {row.actual_columns} values, and the file {row.expected_columns} columns"
        unread.note(f"{path}, line {row.number}", words)
        return "skip"

    parsing = csv.ParseOptions(
        delimiter=_delimiter(text, time), newlines_in_values=True, invalid_row_handler=skip
    )
    try:
        return csv.read_csv(pa.BufferReader(text), _IN_ORDER, parsing, _CSV)
    except (pa.ArrowException, OSError) as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error}", fix=f"give {FORMS}") from error


def _delimiter(text: bytes, time: str | None) -> str:
    """Return the delimiter by which the header names the columns that answers need; else a comma."""
    header = text.partition(b"\n")[0].decode("latin-1").strip()
    for delimiter in _DELIMITERS:
        if _suffices([name.strip(' "') for name in header.split(delimiter)], time):
            return delimiter
    return max(_DELIMITERS, key=header.count)


def _json_lines(path: Path, text: bytes) -> pa.Table:
    """Read a table that has one JSON object per line: every value as text, as CSV has it."""
    try:
        rows = [json.loads(line, parse_float=str) for line in text.split(b"\n") if line.strip()]
        names = dict.fromkeys(name for row in rows for name in row.keys())  # noqa: SIM118
        cells = {name: texts(_cell(row.get(name)) for row in rows) for name in names}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise no_export(path) from error
    if "answer" not in names:
        raise no_export(path)
    return pa.table(cells)


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def is_task(task: object) -> bool:
    """Tell whether an element of an export is a task with annotations."""
    return isinstance(task, dict) and isinstance(task.get("annotations"), list)


def _tasks(path: Path, text: bytes) -> list[Any]:
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise no_export(path) from error
    whole = [task for task in tasks if is_task(task)]
    if tasks and not whole:
        raise no_export(path)
    foreign = [task for task in whole if isinstance(task.get("data"), dict)]
    if foreign and not any("prediction_id" in task["data"] for task in foreign):
        raise AnswersUnreadable(
            f"{path}: no task has a prediction_id, so it was not exported from a project that `recheck push` "
            f"made{_other_controls(whole)}",
            fix="export the project that `recheck push` made, or give a table with key, batch and answer",
        )
    found: list[Any] = tasks
    return found


def _other_controls(tasks: Sequence[Task]) -> str:
    """Say how the answers are called, where that is another name than ours."""
    names = {
        region.get("from_name")
        for task in tasks
        for one in task["annotations"]
        if isinstance(one, dict) and isinstance(one.get("result"), list)
        for region in one["result"]
        if isinstance(region, dict)
    }
    others = sorted(name for name in names if isinstance(name, str) and name != CONTROL)
    return f"; its answers are called {', '.join(map(repr, others[:3]))}" if others else ""


def no_export(path: Path) -> AnswersUnreadable:
    """Make the error of a JSON file that is neither an export nor a table."""
    return AnswersUnreadable(
        f"{path} is no JSON export of Label Studio",
        fix='export the project as "JSON" (not "JSON-MIN"), or give CSV, JSON Lines or Parquet',
    )


def _columns(path: Path, table: pa.Table, tell: Tell, time: str | None) -> pa.Table:
    """Select the columns that answers need; who answered may be called otherwise."""
    names = Counter(table.column_names)
    if not _suffices(table.column_names, time):
        raise AnswersUnreadable(
            f"{path} has the columns {', '.join(table.column_names)}", fix=f"give {FORMS}"
        )
    twice = [name for name in (*COLUMNS, *([time] if time else [])) if names[name] > 1]
    if twice:
        raise AnswersUnreadable(
            f"{path} has several columns {', '.join(twice)}", fix="leave one of each name"
        )
    person = "annotator" if "annotator" in names else _person(path, table.column_names)
    chosen = [name for name in COLUMNS if name in names and name != "annotator"]
    found = table.select(chosen)
    if time in names and not {"prediction_id", "batch"} & set(names):
        found = found.append_column(TIME, table.column(time))
    if person is None:
        return found
    if person != "annotator":
        tell(f"hint: {path.name}: column {person!r} says who answered")
    return found.append_column("annotator", table.column(person))


def _suffices(names: Sequence[str], time: str | None) -> bool:
    has_batch = "batch" in names or (time is not None and time in names)
    return "answer" in names and ("prediction_id" in names or ("key" in names and has_batch))


def _person(path: Path, names: Sequence[str]) -> str | None:
    """Return the column that says who answered; None where there is none."""
    named = [name for name in names if _PEOPLE.fullmatch(re.sub(r"[^a-z]", "", name.lower()))]
    if len(named) > 1:
        raise AnswersUnreadable(
            f"{path} has several columns that may say who answered: {', '.join(named)}",
            fix="call the right one annotator",
        )
    return named[0] if named else None
