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
        return _numbers(column, sources)
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


def _numbers(column: Column, sources: Sequence[Source]) -> TaskChoice:
    """Return the task of a column of numbers, even of few whole numbers, which `_look` takes for classes."""
    few = column_kinds.classes(sources, column.name, most=MOST_CLASSES) or []
    if column.kind == "numeric" or (few and all(map(_is_integral, few))):
        return "regression", []
    raise JobInvalid(
        f"column {column.name!r} holds no numbers",
        fix="name a column of numbers, or leave out --number",
    )


def _look(column: Column, answers: Sequence[str], sources: Sequence[Source]) -> TaskChoice:
    """Tell the task from the values of a column: few whole numbers, and texts, are classes."""
    most = MOST_CLASSES if column.kind == "numeric" else _MOST_ANSWERS
    words = column_kinds.classes(sources, column.name, most=most) or []
    if words and all(_is_integral(word) for word in words) and len(words) > MOST_CLASSES:
        words = []
    if column.kind == "numeric" and not all(_is_integral(word) for word in words):
        words = []
    if words:
        classes = list(dict.fromkeys([*words, *answers]))
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
