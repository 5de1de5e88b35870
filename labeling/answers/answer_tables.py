"""The content of an answer file as tasks of an export, or as a table; its bytes decide, not its name."""

from __future__ import annotations

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

from labeling.questions.survey import CONTROL
from pipelines.columns.buffers import texts
from pipelines.errors import AnswersUnreadable

COLUMNS = ("prediction_id", "key", "batch", "answer", "annotator", "created")
FORMS = "a Label Studio export (JSON), or CSV, JSON Lines or Parquet with prediction_id (or key and batch) and answer"
_CSV = csv.ConvertOptions(
    column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=True, null_values=[""]
)
_DELIMITERS = (",", "\t", ";", "|")
_MARKS = (  # of encodings: at the beginning of a file, or of its first letter
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_PEOPLE = re.compile(
    r"(?:annotator|worker|labell?er|rater|coder)(?:id|name)?|(?:completed|annotated|labell?ed)by"
)
Task = dict[str, Any]
Tell = Callable[[str], None]


def content_of(path: Path, tell: Tell) -> list[Task] | pa.Table:
    """Return the tasks of an export of Label Studio, or the columns of a table that answers need.

    Args:
        path: the file.
        tell: takes what is worth a word.

    Returns:
        The tasks; or a table with some of `COLUMNS`.

    Raises:
        AnswersUnreadable: it is missing, broken, or lacks a column.
    """
    content = _read(path)
    if content.startswith(b"PAR1"):
        return _columns(path, _parquet(path, content), tell)
    text = _decoded(path, content)
    if text.lstrip()[:1] == "[":
        return _tasks(path, text)
    if text.lstrip()[:1] == "{":
        return _columns(path, _json_lines(path, text), tell)
    return _columns(path, _csv(path, text), tell)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is no whole .gz file"
        raise AnswersUnreadable(f"{path} cannot be read: {reason}", fix="check the path") from error


def _decoded(path: Path, content: bytes) -> str:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(marked)
    except UnicodeDecodeError as error:
        raise AnswersUnreadable(
            f"{path} cannot be read: byte {error.start + 1} is no {marked}",
            fix="write the file as UTF-8",
        ) from error


def _parquet(path: Path, content: bytes) -> pa.Table:
    try:
        return parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error}", fix=f"give {FORMS}") from error


def _csv(path: Path, text: str) -> pa.Table:
    parsing = csv.ParseOptions(delimiter=_delimiter(text), newlines_in_values=True)
    source = pa.BufferReader(text.encode())
    try:
        return csv.read_csv(source, parse_options=parsing, convert_options=_CSV)
    except (pa.ArrowException, OSError) as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error}", fix=f"give {FORMS}") from error


def _delimiter(text: str) -> str:
    """Return the delimiter by which the header names the columns that answers need; else a comma."""
    header = next(io.StringIO(text), "").strip()
    for delimiter in _DELIMITERS:
        if _suffices([name.strip(' "') for name in header.split(delimiter)]):
            return delimiter
    return max(_DELIMITERS, key=header.count)


def _json_lines(path: Path, text: str) -> pa.Table:
    """Read a table that has one JSON object per line: every value as text, as CSV has it."""
    try:
        rows = [json.loads(line, parse_float=str) for line in text.splitlines() if line.strip()]
        names = dict.fromkeys(name for row in rows for name in row.keys())  # noqa: SIM118
        cells = {name: texts(_cell(row.get(name)) for row in rows) for name in names}
    except (ValueError, AttributeError, TypeError) as error:
        raise no_export(path) from error
    if "answer" not in names:
        raise no_export(path)
    return pa.table(cells)


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _tasks(path: Path, text: str) -> list[Task]:
    try:
        tasks = [task | {"annotations": task["annotations"]} for task in json.loads(text)]
        foreign = [task for task in tasks if "prediction_id" not in task["data"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise no_export(path) from error
    if foreign and len(foreign) == len(tasks):
        raise AnswersUnreadable(
            f"{path}: no task has a prediction_id, so it was not exported from a project that `recheck push` "
            f"made{_other_controls(tasks)}",
            fix="export the project that `recheck push` made, or give a table with key, batch and answer",
        )
    return tasks


def _other_controls(tasks: Sequence[Task]) -> str:
    """Say how the answers are called, where that is another name than ours."""
    names = {
        region.get("from_name")
        for task in tasks
        for one in task["annotations"] or ()
        for region in one.get("result") or ()
    }
    others = sorted(str(name) for name in names - {CONTROL, None})
    return f"; its answers are called {', '.join(map(repr, others[:3]))}" if others else ""


def no_export(path: Path) -> AnswersUnreadable:
    """Make the error of a JSON file that is neither an export nor a table."""
    return AnswersUnreadable(
        f"{path} is no JSON export of Label Studio",
        fix='export the project as "JSON" (not "JSON-MIN"), or give CSV, JSON Lines or Parquet',
    )


def _columns(path: Path, table: pa.Table, tell: Tell) -> pa.Table:
    """Select the columns that answers need; who answered may be called otherwise."""
    names = Counter(table.column_names)
    if not _suffices(table.column_names):
        raise AnswersUnreadable(
            f"{path} has the columns {', '.join(table.column_names)}", fix=f"give {FORMS}"
        )
    twice = [name for name in COLUMNS if names[name] > 1]
    if twice:
        raise AnswersUnreadable(
            f"{path} has several columns {', '.join(twice)}", fix="leave one of each name"
        )
    person = "annotator" if "annotator" in names else _person(path, table.column_names)
    chosen = [name for name in COLUMNS if name in names and name != "annotator"]
    found = table.select(chosen)
    if person is None:
        return found
    if person != "annotator":
        tell(f"hint: {path.name}: column {person!r} says who answered")
    return found.append_column("annotator", table.column(person))


def _suffices(names: Sequence[str]) -> bool:
    return "answer" in names and ("prediction_id" in names or {"key", "batch"} <= set(names))


def _person(path: Path, names: Sequence[str]) -> str | None:
    """Return the column that says who answered; None where there is none."""
    named = [name for name in names if _PEOPLE.fullmatch(re.sub(r"[^a-z]", "", name.lower()))]
    if len(named) > 1:
        raise AnswersUnreadable(
            f"{path} has several columns that may say who answered: {', '.join(named)}",
            fix="call the right one annotator",
        )
    return named[0] if named else None
