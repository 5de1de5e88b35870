"""A recount of people's answers from the raw rows, without the code that estimates.

`labeling.answers.current` decides which answers count. This module follows the same rule
row by row, so that a mistake there, or in the tables, shows as a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.columns.utc_times import EPOCH

Row = Mapping[str, Any]
Question = tuple[str, str, str | None]  # purpose, prediction_id, shown_digest
People = set[str | None]  # those without a name are one


def standing(annotations: Sequence[Row]) -> list[Row]:
    """Return the last row of each annotation, where it holds an answer."""
    last: dict[str, Row] = {}
    for row in annotations:
        before = last.setdefault(row["annotation_id"], row)
        if _order(before) < _order(row):
            last[row["annotation_id"]] = row
    return [
        row
        for row in last.values()
        if row["state"] in ("valid", "outcome") and row["answer"] is not None
    ]


def people(answers: Sequence[Row]) -> dict[Question, People]:
    """Return the people who answered each question."""
    found: dict[Question, People] = {}
    for row in answers:
        found.setdefault(_question(row), set()).add(row["annotator"])
    return found


def moved(annotations: Sequence[Row]) -> Iterator[str]:
    """Yield answers that count for several predictions."""
    given: dict[str, set[str]] = {}
    for row in annotations:
        given.setdefault(row["annotation_id"], set()).add(row["prediction_id"])
    for name, places in sorted(given.items()):
        if len(places) > 1:
            yield f"answer {name} stands for {len(places)} predictions"


def doubled(annotations: Sequence[Row]) -> Iterator[str]:
    """Yield answers that were stored again word for word, under the same id or another one."""
    ids: dict[tuple[str, ...], set[str]] = {}
    last: dict[str, tuple[str, ...]] = {}
    for row in sorted(annotations, key=_order):
        name, words = row["annotation_id"], _words(row)
        if last.get(name) == words:
            yield f"answer {name} was stored again word for word"
        last[name] = words
        if row["state"] in ("valid", "outcome"):
            ids.setdefault(words, set()).add(name)
    for names in ids.values():
        if len(names) > 1:
            yield f"one answer is stored under {len(names)} ids: {', '.join(sorted(names)[:2])}"


def _words(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in row if name not in ("annotation_id", "known_at"))


def miscounted(answered: Mapping[Question, People], labels: Sequence[Row]) -> Iterator[str]:
    """Yield questions whose label counts other people than those who answered."""
    times = Counter(_question(row) for row in labels)
    counted = {_question(row): row["n_answers"] for row in labels}
    for question in sorted(answered.keys() | counted.keys(), key=str):
        given, seen = len(answered.get(question, ())), counted.get(question, 0)
        if given != seen or times[question] > 1:
            yield f"{question[1]} was answered by {given} people, and its label counts {seen}"


def answered_rows(samples: Sequence[Row], annotations: Sequence[Row]) -> dict[str, int]:
    """Count the drawn rows of each batch that have an answer to what they show now.

    Args:
        samples: that check predictions, of the newest draws.
        annotations: of the same purpose.

    Returns:
        The count by batch.
    """
    valid = people([row for row in standing(annotations) if row["state"] == "valid"])
    drawn = {(row["batch"], _question(row)) for row in samples}
    found = dict.fromkeys((batch for batch, _ in drawn), 0)
    for batch, question in drawn:
        found[batch] += question in valid
    return found


def _question(row: Row) -> Question:
    return row["purpose"], row["prediction_id"], row["shown_digest"]


def _order(row: Row) -> tuple[datetime, datetime, str, str]:
    return (
        row["known_at"],
        row["updated"] or EPOCH,
        row["state"] or "",
        row["answer"] or "",
    )
