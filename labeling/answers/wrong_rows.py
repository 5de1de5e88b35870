"""The drawn rows whose prediction is not what people say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from labeling.questions.shown import ShownColumn, values_in
from pipelines.columns import relations

_QUESTION = ("prediction_id", "shown_digest")
_COLUMNS = (*_QUESTION, "batch", "key", "version", "label", "cohorts", "inclusion_probability")


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A prediction beside what people say of the row."""

    prediction_id: str
    batch: str
    key: str
    version: str
    label: str  # as predicted; a number in its shortest form
    answer: str  # of people: the most frequent, or the median
    n_answers: int  # people who answered
    shown: dict[str, str | None]  # the row as people saw it, by column
    task: str | None  # where it was asked
    weight: float  # rows of the batch that it stands for, at least 1
    cohorts: dict[str, str]

    @property
    def error(self) -> float:
        """How far the prediction lies above the answer, where both are numbers."""
        return float(self.label) - float(self.answer)


def wrong_rows(
    samples: pa.Table,
    labels: pa.Table,
    tasks: Mapping[tuple[str, str], str],
    columns: Sequence[ShownColumn],
    *,
    numbers: bool,
) -> list[WrongRow]:
    """Find the rows that people contradict: the most frequent confusion first, or the largest error.

    A tie between people is no contradiction: nobody can say which of them is right.

    Args:
        samples: the current draws, in the columns of `schemas.SAMPLES`, with `shown`.
        labels: of `answers.current.label_questions`.
        tasks: the address of each question's task, by prediction id and digest of what is shown.
        columns: that people see, which name what is shown.
        numbers: whether labels are numbers; else they are classes.

    Returns:
        The rows. Of classes, those of the pair (predicted, answered) that stands for
        the most rows come first; within it, by batch and key.
    """
    drawn = {
        tuple(row[name] for name in _QUESTION): row
        for row in relations.records(samples.select([*_COLUMNS, "value", "shown"]))
    }
    found = [
        _wrong(drawn[question], answered, tasks.get(question), columns, numbers=numbers)
        for answered in labels.to_pylist()
        for question in [tuple(answered[name] for name in _QUESTION)]
        if question in drawn and answered["state"] == "answered"
    ]
    if numbers:
        wrong = [row for row in found if row.error]
        return sorted(wrong, key=lambda row: (-abs(row.error), row.batch, row.key))
    return _by_confusion([row for row in found if row.label != row.answer])


def _by_confusion(wrong: Sequence[WrongRow]) -> list[WrongRow]:
    """Sort rows by their pair (predicted, answered): the one that stands for the most rows first."""
    pairs: defaultdict[tuple[str, str], float] = defaultdict(float)  # rows of the batches
    for row in wrong:
        pairs[row.label, row.answer] += row.weight
    return sorted(
        wrong,
        key=lambda row: (
            -pairs[row.label, row.answer],
            row.label,
            row.answer,
            row.batch,
            row.key,
        ),
    )


def _wrong(
    drawn: Mapping[str, Any],
    answered: Mapping[str, Any],
    task: str | None,
    columns: Sequence[ShownColumn],
    *,
    numbers: bool,
) -> WrongRow:
    label = f"{drawn['value']:.12g}" if numbers else drawn["label"]
    return WrongRow(
        prediction_id=drawn["prediction_id"],
        batch=drawn["batch"],
        key=drawn["key"],
        version=drawn["version"],
        label=label,
        answer=answered["label"],
        n_answers=answered["n_answers"],
        shown=values_in(json.loads(drawn["shown"]), columns),
        task=task,
        weight=1 / drawn["inclusion_probability"],
        cohorts=dict(drawn["cohorts"] or ()),
    )
