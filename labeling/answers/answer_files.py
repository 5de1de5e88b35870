"""Answer files: exports of Label Studio, and tables in CSV or Parquet.

A table has `prediction_id`, or `key` and `batch`; `answer`; and perhaps
`annotator` and `created` (ISO 8601, UTC where it names no zone). Keys are
spelled as scoring spells them: the text `2.0` is not the key `2`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from labeling.answers.answer_values import AnswerState, parse_answer
from labeling.answers.intake import FILE, Answer
from labeling.answers.set_aside import SetAside
from labeling.answers.task_answers import answers_of, as_time
from pipelines.columns.buffers import without_views
from pipelines.columns.spelling import canonical_text
from pipelines.columns.utf8 import broken, readable
from pipelines.errors import AnswersUnreadable, SchemaMismatch
from pipelines.identity.keyed_hash import subkey
from pipelines.input.row_keys import key_text

COLUMNS = ("prediction_id", "key", "batch", "answer", "annotator", "created")
_MOST_BYTES = 2**30  # of a file: an export may hold its pictures
_MOST_ROWS = 10_000_000  # a small Parquet file may declare any number
_NAMES = ("prediction_id", "key", "batch")
Note = Callable[[int, str], None]  # takes a row that cannot be read, from 0, and the reason
Identify = Callable[[str, Sequence[str]], Sequence[str]]  # batch, keys -> prediction ids
_CSV = csv.ConvertOptions(
    column_types=dict.fromkeys(COLUMNS, pa.binary()), strings_can_be_null=True, null_values=[""]
)
_IN_ORDER = csv.ReadOptions(use_threads=False)  # so that a row that is no row has its number
_FORMS = "a Label Studio export (JSON), or CSV or Parquet with prediction_id (or key and batch) and answer"


def read_answers(
    path: Path,
    question: str,
    allowed: Sequence[str],
    identify: Identify,
    aside: SetAside | None = None,
) -> list[Answer]:
    """Read every answer in a file; its content tells its format, its name does not.

    A row is identified by its prediction, annotator and time: a later file with
    another answer for the same corrects it, the same file again changes nothing.

    Args:
        path: the file.
        question: the job's, for exported tasks that do not keep their own.
        allowed: the classes that people may answer with; if empty, answers are numbers.
        identify: returns the prediction ids of the keys of one batch.
        aside: takes the rows and tasks that cannot be read; the others are read.

    Returns:
        The answers, in the order of the file.

    Raises:
        AnswersUnreadable: it is missing, broken, lacks a column or has nothing
            that can be read; the fix says what a file looks like.
    """
    unread = SetAside()
    answers = _read(path, question, allowed, identify, unread)
    if unread.named and not answers:
        raise AnswersUnreadable(
            f"{unread.named[0]}; all {len(unread.named)} answers cannot be read",
            fix=f"give {_FORMS}",
        )
    if aside is not None:
        aside.reasons.update(unread.reasons)
    return answers


def _read(
    path: Path, question: str, allowed: Sequence[str], identify: Identify, unread: SetAside
) -> list[Answer]:
    try:
        with path.open("rb") as file:  # perhaps a pipe, which says no size
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise AnswersUnreadable(
            f"{path} cannot be read: {error.strerror}", fix="check the path"
        ) from error
    if len(content) > _MOST_BYTES:
        raise _too_large(path, f"bytes than {_MOST_BYTES:,}")
    if content.lstrip()[:1] in (b"[", b"{"):
        return _export(path, content, question, allowed, unread)
    table = _table(path, content, unread)
    return list(_rows(path, table, allowed, identify, unread))


def _export(
    path: Path, content: bytes, question: str, allowed: Sequence[str], unread: SetAside
) -> list[Answer]:
    try:
        tasks = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_export(path) from error
    if not isinstance(tasks, list) or (tasks and not any(map(_is_task, tasks))):
        raise _no_export(path)
    answers: list[Answer] = []
    for number, task in enumerate(tasks, start=1):
        note = partial(unread.note, f"{path}, task {number}")
        if _is_task(task):
            answers += answers_of(task, question, allowed, FILE, note)
        else:
            note("it is no task with annotations")
    return answers


def _too_large(path: Path, what: str) -> AnswersUnreadable:
    return AnswersUnreadable(f"{path} has more {what}", fix="cut it into several files")


def _is_task(task: object) -> bool:
    return isinstance(task, dict) and isinstance(task.get("annotations"), list)


def _no_export(path: Path) -> AnswersUnreadable:
    return AnswersUnreadable(
        f"{path} is no JSON export of Label Studio",
        fix='export the project as "JSON" (not "JSON-MIN"), or give CSV or Parquet',
    )


def _table(path: Path, content: bytes, unread: SetAside) -> pa.Table:
    def skip(row: csv.InvalidRow) -> str:
        words = f"it has {row.actual_columns} values, and the file {row.expected_columns} columns"
        unread.note(f"{path}, line {row.number}", words)
        return "skip"

    source = pa.BufferReader(content)
    try:
        if content.startswith(b"PAR1"):
            declared = parquet.ParquetFile(source).metadata.num_rows
            if declared > _MOST_ROWS:
                raise _too_large(path, f"rows than {_MOST_ROWS:,}")
            table = parquet.read_table(source)
        else:
            rows = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip)
            table = csv.read_csv(source, _IN_ORDER, rows, _CSV)
    except (pa.ArrowException, OSError) as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error}", fix=f"give {_FORMS}") from error
    names = Counter(table.column_names)
    if "answer" not in names or not ("prediction_id" in names or {"key", "batch"} <= names.keys()):
        raise AnswersUnreadable(
            f"{path} has the columns {', '.join(table.column_names)}", fix=f"give {_FORMS}"
        )
    twice = [name for name in COLUMNS if names[name] > 1]
    if twice:
        raise AnswersUnreadable(
            f"{path} has several columns {', '.join(twice)}", fix="leave one of each name"
        )
    return table.select([name for name in COLUMNS if name in names])


def _rows(
    path: Path, table: pa.Table, allowed: Sequence[str], identify: Identify, unread: SetAside
) -> Iterator[Answer]:
    def note(row: int, reason: str) -> None:
        unread.note(f"{path}, row {row + 1}", reason)
        strange.add(row)

    strange: set[int] = set()
    columns = {name: _cells(path, name, table.column(name), note) for name in table.column_names}
    ids = columns.get("prediction_id")
    if ids is None:
        ids = _identified(columns["key"], columns["batch"], identify)
    nothing: list[Any] = [None] * len(ids)
    people, times = columns.get("annotator", nothing), columns.get("created", nothing)
    for number, (identity, text) in enumerate(zip(ids, columns["answer"], strict=True)):
        try:
            created = None if times[number] is None else as_time(times[number])
        except ValueError:
            note(number, f"created is {times[number]!r}; times are written 2026-11-21T09:30:00Z")
        if number not in strange:
            yield _answer(identity or "", text, people[number], created, allowed)


def _answer(
    identity: str,
    text: object,
    person: str | None,
    created: datetime | None,
    allowed: Sequence[str],
) -> Answer:
    state: AnswerState
    answer, state = (None, "skipped") if text is None else parse_answer(text, allowed)
    when = created.isoformat() if created else ""
    return Answer(
        annotation_id=f"file:{subkey('answer', identity, person or '', when).hex()}",
        prediction_id=identity,
        shown_digest=None,
        annotator=person,
        answer=answer,
        state=state,
        created=created,
        updated=created,
        lead_time=None,
        source=FILE,
    )


def _cells(path: Path, name: str, column: pa.ChunkedArray, note: Note) -> list[Any]:
    """Return the values of a column: times as such, everything else as text."""
    try:
        if name == "created" and pa.types.is_temporal(column.type):
            return _times(column, note)
        whole = _readable(name, without_views(column.combine_chunks()), note)
        spelled = key_text(whole, name) if name in _NAMES else canonical_text(whole)
        return list(spelled.to_pylist())
    except (SchemaMismatch, pa.ArrowException, ValueError, OverflowError) as error:
        raise AnswersUnreadable(
            f"{path}: column {name!r} holds {column.type} values that cannot be read",
            fix=f"give {_FORMS}",
        ) from error


def _readable(name: str, column: pa.Array, note: Note) -> pa.Array:
    """Return bytes as text, null where they are none."""
    if pa.types.is_binary(column.type):
        column = column.view(pa.string())
    unread = broken(column)
    if unread is None:
        return column
    for row in np.flatnonzero(unread).tolist():
        note(row, f"{name} is no UTF-8")
    return readable(column)


def _times(column: pa.ChunkedArray, note: Note) -> list[datetime | None]:
    """Return moments, None where one is missing or lies outside the years that Python knows."""
    try:
        is_finer = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        moments = column.cast(pa.timestamp("us", tz="UTC"), safe=not is_finer)
        return list(moments.to_pylist())
    except (pa.ArrowInvalid, ValueError, OverflowError):
        if len(column) == 1:
            note(0, "created lies outside the years 1 to 9999")
            return [None]
    cells = (column.slice(row, 1) for row in range(len(column)))
    return [_times(cell, partial(_at, note, row))[0] for row, cell in enumerate(cells)]


def _at(note: Note, row: int, _first: int, reason: str) -> None:
    note(row, reason)


def _identified(
    keys: Sequence[str | None], batches: Sequence[str | None], identify: Identify
) -> list[str | None]:
    rows: dict[str, list[int]] = {}
    for row, (key, batch) in enumerate(zip(keys, batches, strict=True)):
        if key is not None and batch is not None:
            rows.setdefault(batch, []).append(row)
    ids: list[str | None] = [None] * len(keys)
    for batch, here in rows.items():
        for row, identity in zip(here, identify(batch, [str(keys[i]) for i in here]), strict=True):
            ids[row] = identity
    return ids
