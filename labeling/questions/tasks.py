"""The task that asks a question: an opaque id and the row as people see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.questions.links import LINKS, links_html
from labeling.questions.shown import shown_digest
from labeling.questions.survey import Survey

_BESIDE = ("prediction_id", LINKS)  # keys of a task's data that are no part of its question


@dataclass(frozen=True, slots=True)
class Task:
    """One question as Label Studio gets it.

    `annotators` is how many people are to answer it.
    """

    prediction_id: str
    shown_digest: str
    content: Mapping[str, Any]
    annotators: int = 1


def make_task(survey: Survey, prediction_id: str, shown: str, annotators: int = 1) -> Task:
    """Return the task of one drawn prediction.

    Its `meta`, which people do not see, keeps the question as it was asked:
    when the job file asks something else later, answers to this task stay
    answers to this question. It also identifies the task without its data.

    Args:
        survey: what the job asks.
        prediction_id: 32 hexadecimal digits.
        shown: what people see of the row, as `labeling.questions.shown` writes it.
        annotators: how many people are to answer.

    Returns:
        The task. Its data are the opaque prediction id and the row as people
        see it, perhaps with its links, and nothing else.
    """
    digest = shown_digest(survey.question, shown)
    named = {"prediction_id": prediction_id}
    links = {LINKS: links_html(shown, survey.columns, survey.links)} if survey.links else {}
    content = {
        "data": named | json.loads(shown) | links,
        "meta": named | {"shown_digest": digest, "question": survey.question},
    }
    return Task(prediction_id, digest, content, annotators)


def digest_of(task: Mapping[str, Any], question: str) -> str:
    """Return the identity of the question that a task holds, from the task alone.

    Args:
        task: as Label Studio gives it back, with `data` and perhaps `meta`.
        question: used where the task does not keep its own.

    >>> from labeling.questions.shown import ShownColumn
    >>> survey = Survey("Late?", ("yes", "no"), (ShownColumn("carrier", "tabular"),))
    >>> task = make_task(survey, "0" * 32, '{"row":{"carrier":"AA"}}')
    >>> digest_of(task.content, "Early?") == task.shown_digest
    True
    """
    shown = {key: value for key, value in task["data"].items() if key not in _BESIDE}
    meta = task.get("meta")
    asked = meta.get("question") if isinstance(meta, Mapping) else None
    return shown_digest(asked if asked and isinstance(asked, str) else question, json.dumps(shown))


def prediction_of(task: Mapping[str, Any]) -> str:
    """Return the prediction that a task asks about; empty where its data name none.

    >>> prediction_of({"data": {"prediction_id": {"not": "an id"}}})
    ''
    """
    named = task["data"].get("prediction_id")
    return named if isinstance(named, str) else ""
