"""What a new job predicts: classes or numbers, and the answers that people may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.new_job import column_kinds
from functions.new_job.column_kinds import MOST_CLASSES, Column
from pipelines.errors import JobInvalid
from pipelines.input.fragments import Source
from pipelines.models.catalogue import TaskType

_MOST_ANSWERS = 200
Found = tuple[TaskType, list[str]]  # the task, and the answer set of classes


@dataclass(frozen=True, slots=True)
class Given:
    """What `recheck init` was told about it."""

    column: str | None  # with the truth, or with predictions made elsewhere
    answers: tuple[str, ...]
    number: bool


def task_of(given: Given, sources: Sequence[Source], known: Mapping[str, Column]) -> Found:
    """Whether classes or numbers are predicted, and the answer set.

    Raises:
        JobInvalid: nothing says so, or two things contradict each other.
    """
    if given.number and given.answers:
        raise JobInvalid(
            "--number and --answer contradict each other",
            fix="pass --number for numbers, or --answer WORD for each class",
        )
    if given.column is None:
        return _without_a_column(given)
    column = known[given.column]
    if given.number:
        return _numbers(column, sources)
    return _look(column, given.answers, sources)


def _without_a_column(given: Given) -> Found:
    """What people may answer says it."""
    if given.number:
        return "regression", []
    answers = list(dict.fromkeys(given.answers))
    if not answers:
        raise JobInvalid(
            "nothing says what is predicted",
            fix="pass --target COLUMN, --predicted COLUMN for predictions made elsewhere, or what people may answer: --answer WORD for each class, --number for numbers",
        )
    if len(answers) == 1:
        raise JobInvalid(
            f"people could answer nothing but {answers[0]!r}",
            fix="pass --answer WORD for every class that may be right, or --number for numbers",
        )
    return "classification", answers


def _numbers(column: Column, sources: Sequence[Source]) -> Found:
    """Numbers, also where they are few and look like classes."""
    few = column_kinds.classes(sources, column.name, most=MOST_CLASSES) or []
    if column.kind == "numeric" or (few and all(map(_is_integral, few))):
        return "regression", []
    raise JobInvalid(
        f"column {column.name!r} holds no numbers",
        fix="name a column of numbers, or leave out --number",
    )


def _look(column: Column, answers: Sequence[str], sources: Sequence[Source]) -> Found:
    most = MOST_CLASSES if column.kind == "numeric" else _MOST_ANSWERS
    found = column_kinds.classes(sources, column.name, most=most) or []
    if found and all(_is_integral(word) for word in found) and len(found) > MOST_CLASSES:
        found = []
    if column.kind == "numeric" and not all(_is_integral(word) for word in found):
        found = []
    if found:
        classes = list(dict.fromkeys([*found, *answers]))
        if len(classes) == 1:
            raise JobInvalid(
                f"column {column.name!r} holds nothing but {classes[0]!r}",
                fix="pass --answer WORD for each class that is not in the data yet, or --number for numbers",
            )
        return "classification", classes
    if column.kind == "numeric":
        return "regression", []
    raise JobInvalid(
        f"column {column.name!r} holds more than {_MOST_ANSWERS} different texts, too many to choose from",
        fix="name a column of classes or of numbers",
    )


def _is_integral(word: str) -> bool:
    return word.lstrip("-").isdigit()
