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
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from labeling.answers.answer_values import AnswerState, parse_answer
from labeling.answers.intake import FILE, Answer
from labeling.answers.task_answers import answers_of, as_time
from pipelines.columns.buffers import without_views
from pipelines.columns.spelling import canonical_text
from pipelines.errors import AnswersUnreadable, SchemaMismatch
from pipelines.identity.keyed_hash import subkey
from pipelines.input.row_keys import key_text

COLUMNS = ("prediction_id", "key", "batch", "answer", "annotator", "created")
_NAMES = ("prediction_id", "key", "batch")
Identify = Callable[[str, Sequence[str]], Sequence[str]]  # batch, keys -> prediction ids
_CSV = csv.ConvertOptions(
    column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=True, null_values=[""]
)
_QUOTED = csv.ParseOptions(newlines_in_values=True)
_FORMS = "a Label Studio export (JSON), or CSV or Parquet with prediction_id (or key and batch) and answer"


def read_answers(
    path: Path, question: str, allowed: Sequence[str], identify: Identify
) -> list[Answer]:
    """Read every answer in a file; its content tells its format, its name does not.

    A row is identified by its prediction, annotator and time: a later file with
    another answer for the same corrects it, the same file again changes nothing.

    Args:
        path: the file.
        question: the job's, for exported tasks that do not keep their own.
        allowed: the classes that people may answer with; if empty, answers are numbers.
        identify: returns the prediction ids of the keys of one batch.

    Returns:
        The answers, in the order of the file.

    Raises:
        AnswersUnreadable: it is missing, broken, or lacks a column; the fix
            says what a file looks like.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AnswersUnreadable(
            f"{path} cannot be read: {error.strerror}", fix="check the path"
        ) from error
    if content.lstrip()[:1] in (b"[", b"{"):
        return _export(path, content, question, allowed)
    return list(_rows(path, _table(path, content), allowed, identify))


def _export(path: Path, content: bytes, question: str, allowed: Sequence[str]) -> list[Answer]:
    try:
        tasks = [task | {"annotations": task["annotations"]} for task in json.loads(content)]
        return [answer for task in tasks for answer in answers_of(task, question, allowed, FILE)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnswersUnreadable(
            f"{path} is no JSON export of Label Studio",
            fix='export the project as "JSON" (not "JSON-MIN"), or give CSV or Parquet',
        ) from error


def _table(path: Path, content: bytes) -> pa.Table:
    source = pa.BufferReader(content)
    try:
        if content.startswith(b"PAR1"):
            table = parquet.read_table(source)
        else:
            table = csv.read_csv(source, parse_options=_QUOTED, convert_options=_CSV)
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
    path: Path, table: pa.Table, allowed: Sequence[str], identify: Identify
) -> Iterator[Answer]:
    columns = {name: _cells(path, name, table.column(name)) for name in table.column_names}
    ids = columns.get("prediction_id")
    if ids is None:
        ids = _identified(columns["key"], columns["batch"], identify)
    nothing: list[Any] = [None] * len(ids)
    people, times = columns.get("annotator", nothing), columns.get("created", nothing)
    for number, (identity, text) in enumerate(zip(ids, columns["answer"], strict=True)):
        created = _time(path, number, times[number])
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


def _cells(path: Path, name: str, column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column: times as such, everything else as text."""
    try:
        if name == "created" and pa.types.is_temporal(column.type):
            return _times(column)
        whole = without_views(column.combine_chunks())
        spelled = key_text(whole, name) if name in _NAMES else canonical_text(whole)
        return list(spelled.to_pylist())
    except (SchemaMismatch, pa.ArrowException, ValueError, OverflowError) as error:
        raise AnswersUnreadable(
            f"{path}: column {name!r} holds {column.type} values that cannot be read",
            fix=f"give {_FORMS}",
        ) from error


def _times(column: pa.ChunkedArray) -> list[datetime | None]:
    is_finer = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
    moments = column.cast(pa.timestamp("us", tz="UTC"), safe=not is_finer)
    return list(moments.to_pylist())


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


def _time(path: Path, number: int, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        return as_time(value)
    except ValueError as error:
        raise AnswersUnreadable(
            f"{path}, row {number + 1}: created is {value!r}",
            fix="write times as 2026-11-21T09:30:00Z",
        ) from error
