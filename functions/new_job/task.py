"""What a new job predicts: classes or numbers, and the answers that people may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.new_job import column_kinds
from functions.new_job.column_kinds import MOST_CLASSES, Column
from pipelines.columns.spelling import canonical
from pipelines.errors import JobInvalid
from pipelines.input.fragments import Source
from pipelines.models.catalogue import TaskType

_MOST = 200  # answers that people can choose from
TaskChoice = tuple[TaskType, list[str]]  # the task, and the answer set of classes


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """The options of `recheck init` that name the task."""

    column: str | None  # with the truth, or with predictions made elsewhere
    answers: tuple[str, ...]
    number: bool


def task_of(
    options: TaskOptions, sources: Sequence[Source], columns: Mapping[str, Column]
) -> TaskChoice:
    """Return the task of a new job, and the classes that people may answer with.

    Args:
        options: the options of `recheck init`.
        sources: the data files.
        columns: the columns of the data by name.

    Returns:
        The task, and the classes: none for numbers.

    Raises:
        JobInvalid: neither an option nor a column shows the task, or they contradict each other.
    """
    if options.number and options.answers:
        raise JobInvalid(
            "--number and --answer contradict each other",
            fix="pass --number for numbers, or --answer WORD for each class",
        )
    if options.column is None:
        return _without_a_column(options)
    column = columns[options.column]
    if options.number:
        return _numbers(column)
    return _look(column, options.answers, sources)


def _without_a_column(options: TaskOptions) -> TaskChoice:
    """Return the task that the options name, where no column holds it."""
    if options.number:
        return "regression", []
    answers = list(dict.fromkeys(options.answers))
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


def _numbers(column: Column) -> TaskChoice:
    """Return the task of a column of numbers, also where they look like classes."""
    if column.is_number or column.kind in ("numeric", "empty"):
        return "regression", []
    raise JobInvalid(
        f"column {column.name!r} holds no numbers",
        fix="name a column of numbers, or leave out --number",
    )


def _look(column: Column, answers: Sequence[str], sources: Sequence[Source]) -> TaskChoice:
    """Return the task of a column: --answer makes classes of numbers, too."""
    is_guess = column.kind == "numeric" and not answers
    words = column_kinds.classes(sources, column.name, most=MOST_CLASSES if is_guess else _MOST)
    if is_guess and not (words and all(map(_is_integral, words))):
        return "regression", []
    if words is None:
        raise JobInvalid(
            f"column {column.name!r} holds more than {_MOST} different values, too many to choose from",
            fix="name a column of classes, or pass --number for numbers"
            if column.is_number
            else "name a column of classes or of numbers",
        )
    classes = list(dict.fromkeys([*words, *(str(canonical(answer)) for answer in answers)]))
    if len(classes) > 1:
        return "classification", classes
    holds = f"nothing but {classes[0]!r}" if words else "no value"
    raise JobInvalid(
        f"column {column.name!r} holds {holds}",
        fix="pass --answer WORD for each class that is not in the data yet, or --number for numbers",
    )


def _is_integral(word: str) -> bool:
    return word.lstrip("-").isdigit()
