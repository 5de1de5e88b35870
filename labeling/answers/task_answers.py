"""Answers in a task of Label Studio, as its API and its exported files give the task back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from labeling.answers.answer_values import parse_result
from labeling.answers.intake import Answer
from labeling.questions.tasks import digest_of
from pipelines.columns.time_texts import parse_time


def answers_of(
    task: Mapping[str, Any], question: str, allowed: Sequence[str], source: str
) -> Iterator[Answer]:
    """Yield the answers in a task.

    Label Studio may use task and annotation ids again after a deletion. An
    annotation id of ours therefore includes the time of creation, to the
    microsecond. It is the same in a pull and in an exported file.

    Args:
        task: a task with its `annotations`.
        question: the job's question, for tasks that do not keep their own.
        allowed: the allowed answers; if empty, any number is allowed.
        source: source of the answers, see `Answer`.

    Yields:
        One answer per annotation, skips included.
    """
    digest = digest_of(task, question)
    for annotation in task.get("annotations") or ():
        created = as_time(annotation["created_at"])
        skipped = bool(annotation.get("was_cancelled"))
        text, state = parse_result(annotation.get("result"), allowed)
        yield Answer(
            annotation_id=f"ls:{task['id']}:{annotation['id']}:{created:%Y%m%dT%H%M%S%f}",
            prediction_id=str(task["data"].get("prediction_id", "")),
            shown_digest=digest,
            annotator=_person(annotation.get("completed_by")),
            answer=None if skipped else text,
            state="skipped" if skipped else state,
            created=created,
            updated=as_time(annotation["updated_at"]),
            lead_time=annotation.get("lead_time"),
            source=source,
        )


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
        ValueError: the text is no time.

    >>> as_time("2026-11-21T09:00:00Z") == as_time("2026-11-21 10:00:00+01:00")
    True
    """
    time = value if isinstance(value, datetime) else parse_time(str(value))
    if time is None:
        raise ValueError(f"{value!r} is no time")
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _person(completed_by: object) -> str | None:
    """Return a person's id; some replies of Label Studio have a record of the person instead of the id."""
    identity = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return None if identity is None else str(identity)
