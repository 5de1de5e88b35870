"""Answer files: exports of Label Studio, and tables in CSV, JSON Lines or Parquet.

A table has `prediction_id`, or `key` and `batch`; `answer`; and perhaps
`annotator` and `created` (ISO 8601, UTC where it names no zone). Keys are
spelled as scoring spells them: the text `2.0` is not the key `2`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from labeling.answers.answer_tables import FORMS, TIME, Tell, content_of, is_task
from labeling.answers.answer_values import AnswerState, limits_of, parse_answer
from labeling.answers.contradictions import one_of_each
from labeling.answers.intake import FILE, Answer
from labeling.answers.set_aside import SetAside
from labeling.answers.task_answers import answers_of, as_time
from labeling.questions.survey import Survey
from pipelines.columns.buffers import texts, without_views
from pipelines.columns.spelling import canonical_text
from pipelines.columns.utf8 import broken, readable
from pipelines.errors import AnswersUnreadable, SchemaMismatch
from pipelines.formats.file_rules import NOT_AVAILABLE, is_number
from pipelines.identity.keyed_hash import subkey
from pipelines.input.decimal_commas import pointed
from pipelines.input.row_keys import key_text

_NAMES = ("prediction_id", "key", "batch")
_MISSING = ("NULL", "\\N")  # besides nothing, as in data
Note = Callable[[int, str], None]  # takes a row that cannot be read, from 0, and the reason
Identify = Callable[[str, Sequence[str]], Sequence[str]]  # batch, keys -> prediction ids


def _quiet(message: str) -> None:
    del message


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What answers to a job's question look like."""

    survey: Survey  # the allowed answers, and the question of tasks that do not keep their own
    missing: Sequence[str] = ()  # words that mean no answer, as `data.missing` lists them
    decimal: str = "."  # of numbers, as `data.decimal` has it
    time: str | None = None  # the column whose time tells the batch, where batches are periods
    batch_of: Callable[[pa.Array], Sequence[str | None]] | None = None  # of such times

    def is_missing(self, text: str) -> bool:
        """Tell whether a text means no answer; `NA` and the like do among numbers."""
        if text in self.missing or text in _MISSING:
            return True
        return text.strip().lower() in NOT_AVAILABLE and all(map(is_number, self.survey.answers))


def read_answers(
    path: Path,
    form: AnswerForm,
    identify: Identify,
    aside: SetAside | None = None,
    tell: Tell = _quiet,
) -> list[Answer]:
    """Read every answer in a file; its content tells its format, its name does not.

    A row is identified by its prediction, annotator and time: a later file with
    another answer for the same corrects it, the same file again changes nothing.

    Args:
        path: the file.
        form: what answers look like.
        identify: returns the prediction ids of the keys of one batch.
        aside: takes the rows and tasks that cannot be read; the others are read.
        tell: takes what is worth a word.

    Returns:
        The answers, in the order of the file.

    Raises:
        AnswersUnreadable: it is missing, broken, lacks a column, contradicts
            itself or has nothing that can be read; the fix says what a file
            looks like.
    """
    unread = SetAside()
    answers = _read(path, form, identify, unread, tell)
    if unread.named and not answers:
        raise AnswersUnreadable(
            f"{unread.named[0]}; all {len(unread.named)} answers cannot be read",
            fix=f"give {FORMS}",
        )
    if aside is not None:
        aside.reasons.update(unread.reasons)
    return answers


def _read(
    path: Path, form: AnswerForm, identify: Identify, unread: SetAside, tell: Tell
) -> list[Answer]:
    content = content_of(path, unread, tell, form.time)
    if isinstance(content, list):
        return _exported(path, content, form, unread)
    rows = _Rows(path, form, unread)
    answers = list(rows.answers(content, identify))
    return one_of_each(answers, str(path), rows.names, tell)


def _exported(path: Path, tasks: Sequence[Any], form: AnswerForm, unread: SetAside) -> list[Answer]:
    answers: list[Answer] = []
    for number, task in enumerate(tasks, start=1):
        note = partial(unread.note, f"{path}, task {number}")
        if is_task(task):
            answers += answers_of(task, form.survey, FILE, note)
        else:
            note("it is no task with annotations")
    return answers


@dataclass(slots=True)
class _Rows:
    """The rows of a table of answers; those that cannot be read are set aside."""

    path: Path
    form: AnswerForm
    unread: SetAside
    names: dict[str, str] = field(default_factory=dict)  # prediction id -> what the file calls it
    strange: set[int] = field(default_factory=set)  # rows that were set aside

    def note(self, row: int, reason: str) -> None:
        """Set a row aside."""
        self.unread.note(f"{self.path}, row {row + 1}", reason)
        self.strange.add(row)

    def answers(self, table: pa.Table, identify: Identify) -> Iterator[Answer]:
        """Yield one answer per row."""
        columns = {
            name: self._batches(table[name])
            if name == TIME
            else _cells(self.path, name, table[name], self.note)
            for name in table.column_names
        }
        columns.setdefault("batch", columns.pop(TIME, []))
        ids = columns.get("prediction_id")
        if ids is None:
            ids = _identified(columns["key"], columns["batch"], identify)
            calls = zip(ids, columns["key"], columns["batch"], strict=True)
            self.names.update((str(one), f"{key} of batch {batch}") for one, key, batch in calls)
        nothing: list[Any] = [None] * len(ids)
        people, times = (columns.get(name, nothing) for name in ("annotator", "created"))
        for number, (identity, text) in enumerate(zip(ids, columns["answer"], strict=True)):
            created = self._time(number, self._stated(times[number]))
            if number not in self.strange:
                answer, person = self._number(self._stated(text)), self._stated(people[number])
                yield _answer(identity or "", answer, person, created, self.form)

    def _batches(self, times: pa.ChunkedArray) -> list[Any]:
        """Return the batch of each time, None where a value is none; such a row is set aside."""
        if self.form.batch_of is None:
            raise TypeError("a column of times needs what tells their batches")
        whole = without_views(times.combine_chunks())
        whole = whole.view(pa.string()) if pa.types.is_binary(whole.type) else whole
        found = list(self.form.batch_of(whole))
        for row, batch in enumerate(found):
            if batch is None:
                self.note(row, f"{self.form.time} is no time that can be read")
        return found

    def _time(self, row: int, value: object) -> datetime | None:
        try:
            return None if value is None else as_time(value)
        except ValueError:
            self.note(row, f"created is {value!r}; times are written 2026-11-21T09:30:00Z")
            return None

    def _number(self, text: Any) -> Any:
        """Return a number with a decimal point; classes stay as they are."""
        if self.form.decimal == "." or self.form.survey.answers or not isinstance(text, str):
            return text
        return pointed(texts([text]))[0].as_py()

    def _stated(self, value: Any) -> Any:
        """Return a value; None for a word that means nothing."""
        return None if isinstance(value, str) and self.form.is_missing(value) else value


def _answer(
    identity: str,
    text: str | None,
    person: str | None,
    created: datetime | None,
    form: AnswerForm,
) -> Answer:
    state: AnswerState = "skipped"
    if text is not None:
        survey = form.survey
        limits = limits_of(survey.minimum, survey.maximum)
        text, state = parse_answer(text, survey.answers, limits)
    when = created.isoformat() if created else ""
    return Answer(
        annotation_id=f"file:{subkey('answer', identity, person or '', when).hex()}",
        prediction_id=identity,
        shown_digest=None,
        annotator=person,
        answer=None if state == "skipped" else text,
        state=state,
        created=created,
        updated=created,
        lead_time=None,
        source=FILE,
        reason=text if state == "skipped" else None,
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
            fix=f"give {FORMS}",
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
