"""Answers: each counts once, for the question that it was given to."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.histories.checker import drawn
from tests.histories.checker.stored import Row, Stored, grouped, named

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_WORDS = (
    *("purpose", "prediction_id", "shown_digest", "annotator", "answer"),
    *("state", "created", "updated", "lead_time", "source"),
)
Question = tuple[str, str]  # prediction id, digest of what is shown


def standing(stored: Stored) -> list[Row]:
    """Return the last row of each annotation that was not deleted."""
    rows = grouped(stored.rows("annotations"), lambda row: str(row["annotation_id"]))
    last = [max(many, key=_order) for many in rows.values()]
    return [row for row in last if row["state"] != "deleted"]


def current(stored: Stored) -> dict[Question, dict[str | None, Row]]:
    """Return each person's current valid answer to each question that checks a prediction."""
    rows = [
        row for row in standing(stored) if row["state"] == "valid" and row["purpose"] == "verify"
    ]
    found: dict[Question, dict[str | None, Row]] = {}
    for row in sorted(rows, key=_moment):
        question = (row["prediction_id"], row["shown_digest"])
        found.setdefault(question, {})[row["annotator"]] = row
    return found


def answers_count_once(stored: Stored) -> Iterator[str]:
    """Yield answers that were stored again, under their id or another one."""
    rows = sorted(stored.rows("annotations"), key=_order)
    last: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        if last.get(row["annotation_id"]) == named(row, *_WORDS):
            yield f"{row['annotation_id']} was stored again word for word"
        last[row["annotation_id"]] = named(row, *_WORDS)
    alive = (row for row in standing(stored) if row["state"] in ("valid", "outcome"))
    for words, many in Counter(named(row, *_WORDS) for row in alive).items():
        if many > 1:
            yield f"one answer to {words[1]} stands {many} times"


def answered_rows(stored: Stored) -> dict[str, list[tuple[Row, list[Row]]]]:
    """Return the drawn rows of each batch with the answers to what they show."""
    answers = current(stored)
    return {
        batch: [
            (row, list(answers.get((row["prediction_id"], row["shown_digest"]), {}).values()))
            for row in rows
        ]
        for batch, rows in drawn.current(stored).items()
    }


def wrong_rows_are_right(
    stored: Stored, told: Sequence[Mapping[str, Any]], batches: Collection[str] = ()
) -> Iterator[str]:
    """Yield rows of `recheck errors` that people do not contradict, and others that it lacks.

    Args:
        stored: the store.
        told: what it says.
        batches: that it was asked about; none for all.

    Yields:
        A sentence for each of the first rows.
    """
    wanted = set()
    for batch, rows in answered_rows(stored).items():
        for row, answers in rows if not batches or batch in batches else ():
            said = _together([one["answer"] for one in answers], row["value"] is not None)
            label = row["label"] if row["value"] is None else row["value"]
            if said not in (None, label):
                wanted.add((batch, row["key"], said, len(answers)))
    names = ("batch", "key", "answer", "n_answers")
    found = {
        (*names_, _typed(said), many) for *names_, said, many in (named(r, *names) for r in told)
    }
    for one in sorted(found ^ wanted, key=str)[:3]:
        yield f"errors {'lacks' if one in wanted else 'has'} {one}"


def _together(answers: Sequence[str], are_numbers: bool) -> str | float | None:  # noqa: FBT001
    """Return people's most frequent answer, None on a tie or without one; of numbers, their median."""
    if not answers:
        return None
    if are_numbers:
        return statistics.median(map(float, answers))
    first, *others = Counter(answers).most_common(2)
    return None if others and others[0][1] == first[1] else first[0]


def _typed(answer: str) -> str | float:
    try:
        return float(answer)
    except ValueError:
        return answer


def status_is_right(stored: Stored, status: Mapping[str, Any]) -> Iterator[str]:
    """Yield batches of `recheck status` that have other counts than the tables."""
    answered, scored = (
        answered_rows(stored),
        Counter(r["batch"] for r in stored.rows("predictions")),
    )
    for state in status["batches"]:
        rows = answered.get(state["batch"], [])
        wanted = (scored[state["batch"]], len(rows), sum(bool(answers) for _, answers in rows))
        if named(state, "scored", "sampled", "answered") != wanted:
            yield f"status says {state}, the tables {wanted}"


def _order(row: Row) -> tuple[Any, ...]:
    updated = row["updated"] or _EARLIEST
    return row["known_at"], updated, row["state"] or "", row["answer"] or ""


def _moment(row: Row) -> tuple[datetime, str]:
    return row["updated"] or row["created"] or row["known_at"], row["annotation_id"]
