"""What a new job predicts: classes or numbers, and the answers that people may give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from functions.new_job.class_counts import counted, in_order, variants
from functions.new_job.column_kinds import MOST_CLASSES, Column
from functions.new_job.rare_class import FEW
from pipelines.columns.spelling import canonical
from pipelines.errors import JobInvalid
from pipelines.input.fragments import Source
from pipelines.models.catalogue import TaskType

_MOST = 200  # answers that people can choose from
_SPELLINGS = 10  # of an answer, on average, that are told as such
_NAMED = 5  # classes in a note, of many


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """The task of a new job, and of classes those that people may answer with."""

    task: TaskType
    answers: list[str] = field(default_factory=list)
    stands_for: Mapping[str, str] = field(default_factory=dict)  # other spellings of an answer
    refusals: Mapping[str, int] = field(default_factory=dict)  # texts that are no class, with rows
    rarest: tuple[str, float] | None = None  # of the answers that occur, with its share
    notes: Sequence[str] = ()  # what of the classes needs a look


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """The options of `recheck init` that name the task."""

    column: str | None  # with the truth, or with predictions made elsewhere
    answers: tuple[str, ...]
    number: bool
    is_predicted: bool = False  # another system wrote the column, which may hold anything


def task_of(
    options: TaskOptions, sources: Sequence[Source], columns: Mapping[str, Column]
) -> TaskChoice:
    """Return the task of a new job.

    Args:
        options: the options of `recheck init`.
        sources: the data files.
        columns: the columns of the data by name.

    Returns:
        The task, and the classes that people may answer with: none for numbers.

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
    return _look(column, options, sources)


def _without_a_column(options: TaskOptions) -> TaskChoice:
    """Return the task that the options name, where no column holds it."""
    if options.number:
        return TaskChoice("regression")
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
    return TaskChoice("classification", answers)


def _numbers(column: Column) -> TaskChoice:
    """Return the task of a column of numbers, also where they look like classes."""
    if column.is_number or column.kind in ("numeric", "empty"):
        return TaskChoice("regression")
    raise JobInvalid(
        f"column {column.name!r} holds no numbers",
        fix="name a column of numbers, or leave out --number",
    )


def _look(column: Column, options: TaskOptions, sources: Sequence[Source]) -> TaskChoice:
    """Return the task of a column: --answer makes classes of numbers, too."""
    is_guess = column.kind == "numeric" and not options.answers
    most = MOST_CLASSES if is_guess else _MOST * _SPELLINGS
    counts = counted(sources, column.name, most=most, is_predicted=options.is_predicted)
    if is_guess and not (counts and counts.classes and all(map(_is_integral, counts.classes))):
        return TaskChoice("regression")
    said = [str(canonical(answer)) for answer in options.answers]
    others = variants(counts.classes, said) if counts and options.is_predicted else {}
    if counts is None or len(counts.classes) - len(others) > _MOST:
        raise JobInvalid(
            f"column {column.name!r} holds more than {_MOST} different values, too many to choose from",
            fix="name a column of classes, or pass --number for numbers"
            if column.is_number
            else "name a column of classes or of numbers",
        )
    words = [word for word in in_order(counts.classes) if word not in others]
    classes = list(dict.fromkeys([*words, *said]))
    if len(classes) <= 1:
        holds = f"nothing but {classes[0]!r}" if counts.classes else "no value"
        raise JobInvalid(
            f"column {column.name!r} holds {holds}",
            fix="pass --answer WORD for each class that is not in the data yet, or --number for numbers",
        )
    rows = _rows_by_answer(counts.classes, others)
    name, least = min(rows.items(), key=lambda pair: (pair[1], pair[0]), default=(None, 0))
    return TaskChoice(
        "classification",
        classes,
        others,
        dict(counts.refusals),
        (name, least / rows.total()) if name is not None else None,
        _notes(rows, options),
    )


def _rows_by_answer(counts: Counter[str], others: Mapping[str, str]) -> Counter[str]:
    rows = Counter[str]()
    for word, count in counts.items():
        rows[others.get(word, word)] += count
    return rows


def _notes(rows: Counter[str], options: TaskOptions) -> list[str]:
    """Say which classes are so rare that they may be none, and which differ by their spelling alone."""
    said, total = {str(canonical(answer)) for answer in options.answers}, rows.total()
    few = [word for word, count in rows.items() if count < FEW * total and word not in said]
    notes = []
    if few:
        names = ", ".join(f"{word!r} ({rows[word]})" for word in in_order(few)[:_NAMED])
        more = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
        way_out = (
            "say by predictions.map what they stand for"
            if options.is_predicted
            else "mend the data, or take them out of target.answers"
        )
        notes.append(
            f"classes with less than 0.1 % of the {total} rows: {names}{more}; if they are none, {way_out}"
        )
    if not options.is_predicted and (alike := variants(rows, [])):
        pairs = ", ".join(f"{one!r} and {other!r}" for one, other in list(alike.items())[:_NAMED])
        notes.append(
            f"classes that differ by spelling alone: {pairs}; if they are one, mend the data"
        )
    return notes


def _is_integral(word: str) -> bool:
    return word.lstrip("-").isdigit()
