"""People who are counted row by row are as many as the labels count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from functions.promises import recount
from labeling.answers.current import label_questions
from pipelines.tables.schemas import ANNOTATIONS, SAMPLES, table_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def annotation(name: str, **changes: Any) -> Row:
    said = {"prediction_id": "p", "shown_digest": "d", "annotator": "ann", "answer": "yes"}
    common = {"purpose": "verify", "state": "valid", "known_at": BEGIN, "updated": BEGIN}
    return {"annotation_id": name, **common, **said, **changes}


def somewhere(seed: int) -> list[Row]:
    """Answers of a few people to a few questions: changed, taken back, skipped, given twice."""
    rng = np.random.default_rng(seed)

    def one(*choices: Any) -> Any:
        return choices[rng.integers(len(choices))]

    return [
        annotation(
            one("a", "b", "c", "d", "e"),
            purpose=one("verify", "verify", "train"),
            prediction_id=one("p", "q"),
            shown_digest=one("d", "e", None),
            annotator=one("ann", "bob", None),
            answer=one("yes", "no", None),
            state=one("valid", "valid", "skipped", "invalid", "outcome", "deleted"),
            known_at=BEGIN + timedelta(seconds=int(rng.integers(3))),
            updated=one(None, BEGIN, BEGIN + timedelta(seconds=1)),
        )
        for _ in range(rng.integers(12))
    ]


@pytest.mark.parametrize("seed", range(50))
def test_both_ways_of_counting_agree(seed: int) -> None:
    rows = somewhere(seed)
    drawn = {"purpose": "verify", "prediction_id": "p", "shown_digest": "d"}
    samples = table_of(SAMPLES, [{**drawn, "series": 1, "draw_no": 1}])
    labels = label_questions(table_of(ANNOTATIONS, rows), samples, numbers=False).to_pylist()

    assert list(recount.miscounted(recount.people(recount.standing(rows)), labels)) == []


def test_a_person_who_answers_twice_is_one() -> None:
    twice = [annotation("a"), annotation("b", answer="no"), annotation("c", annotator="bob")]

    assert recount.people(recount.standing(twice)) == {("verify", "p", "d"): {"ann", "bob"}}


def test_an_answer_that_was_taken_back_does_not_stand() -> None:
    later = BEGIN + timedelta(seconds=1)
    rows = [annotation("a", state="deleted", known_at=later), annotation("a")]

    assert recount.standing(rows) == []


def test_a_label_that_nobody_gave_is_told() -> None:
    label = {"purpose": "verify", "prediction_id": "p", "shown_digest": "d", "n_answers": 1}

    assert list(recount.miscounted({}, [label])) == [
        "p was answered by 0 people, and its label counts 1"
    ]


def test_only_an_answer_to_what_is_shown_now_makes_a_row_answered() -> None:
    drawn = {"purpose": "verify", "batch": "b", "shown_digest": "d"}
    samples = [{**drawn, "prediction_id": name} for name in ("p", "q")]
    answers = [annotation("a"), annotation("b", prediction_id="q", shown_digest="old")]

    assert recount.answered_rows(samples, answers) == {"b": 1}


def test_an_answer_that_was_stored_again_word_for_word_is_told() -> None:
    later = BEGIN + timedelta(hours=1)

    assert list(recount.doubled([annotation("a"), annotation("a", known_at=later)]))
    assert list(recount.doubled([annotation("a"), annotation("b")]))


def test_an_answer_that_changed_and_came_back_is_no_double() -> None:
    hours = [BEGIN + timedelta(hours=hour) for hour in range(3)]
    rows = [
        annotation("a", known_at=hours[0]),
        annotation("a", known_at=hours[1], answer="yse", state="invalid"),
        annotation("a", known_at=hours[2]),
    ]

    assert list(recount.doubled(rows)) == []
