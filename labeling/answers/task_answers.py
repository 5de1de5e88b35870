"""Answers in a task of Label Studio, as its API and its exported files give the task back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from labeling.answers.answer_values import limits_of, parse_result, written
from labeling.answers.intake import Answer
from labeling.questions.survey import Survey
from labeling.questions.tasks import digest_of, prediction_of
from pipelines.columns.time_texts import parse_time

Unread = Callable[[str], None]  # takes what cannot be read, in words
_BROKEN = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def answers_of(
    task: Mapping[str, Any],
    survey: Survey,
    source: str,
    unread: Unread = lambda _reason: None,
) -> Iterator[Answer]:
    """Yield the answers in a task; what cannot be read is left out, and told.

    Label Studio may use task and annotation ids again after a deletion. An
    annotation id of ours therefore includes the time of creation, to the
    microsecond. It is the same in a pull and in an exported file.

    Args:
        task: a task with its `annotations`.
        survey: with the allowed answers, and the question of tasks that do not keep their own.
        source: source of the answers, see `Answer`.
        unread: takes the reason where the task, or an answer in it, cannot be read.

    Yields:
        One answer per annotation, skips included.
    """
    try:
        identity, digest = _whole(task["id"]), digest_of(task, survey.question)
        prediction, annotations = prediction_of(task), list(task.get("annotations") or ())
    except _BROKEN as error:
        unread(f"the task is not as Label Studio makes them ({_said(error)})")
        return
    for annotation in annotations:
        try:
            answer = _answer(annotation, identity, survey)
        except _BROKEN as error:
            unread(f"an answer is not as Label Studio makes them ({_said(error)})")
            continue
        yield Answer(prediction_id=prediction, shown_digest=digest, source=source, **answer)


def _answer(annotation: Mapping[str, Any], task: int, survey: Survey) -> dict[str, Any]:
    """Return what an annotation says, as the fields of an `Answer`."""
    created, identity = as_time(annotation["created_at"]), _whole(annotation["id"])
    limits = limits_of(survey.minimum, survey.maximum)
    text, state = parse_result(annotation.get("result"), survey.answers, limits)
    if annotation.get("was_cancelled"):
        text, state = None, "skipped"
    return {
        "annotation_id": f"ls:{task}:{identity}:{created:%Y%m%dT%H%M%S%f}",
        "annotator": _person(annotation.get("completed_by")),
        "answer": None if state == "skipped" else text,
        "state": state,
        "created": created,
        "updated": as_time(annotation["updated_at"]),
        "lead_time": _seconds(annotation.get("lead_time")),
        "reason": text if state == "skipped" else None,
    }


def task_of(answer: Answer) -> int | None:
    """Return the id of the answered task; None if the answer came from a table.

    >>> answer = Answer(
    ...     "ls:7:9:20261121T090000000000", "", "", None, None, "valid", None, None, None, ""
    ... )
    >>> task_of(answer)
    7
    """
    kind, *rest = answer.annotation_id.split(":")
    return int(rest[0]) if kind == "ls" else None


def as_time(value: object) -> datetime:
    """Return a time in UTC; text is as in data (ISO 8601 and more), and UTC if it names no zone.

    Raises:
        ValueError: the text is no time, or a time that UTC has no year for.

    >>> as_time("2026-11-21T09:00:00Z") == as_time("2026-11-21 10:00:00+01:00")
    True
    """
    time = value if isinstance(value, datetime) else parse_time(str(value))
    if time is None:
        raise ValueError(f"{value!r} is no time")
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the years 1 to 9999 in UTC") from error


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"an id is {type(value).__name__}")
    return value


def _seconds(value: object) -> float | None:
    """Return a number of seconds; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _said(error: Exception) -> str:
    """Describe what is wrong with a record, without its content: rows have no place in logs."""
    if isinstance(error, KeyError):
        return f"no {error}"
    return "too deep" if isinstance(error, RecursionError) else type(error).__name__


def _person(completed_by: object) -> str | None:
    """Return a person's id; some replies of Label Studio have a record of the person instead of the id."""
    identity = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return None if identity is None else written(str(identity))
