"""A task that comes back holds one answer per annotation, under an id that is never used again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from labeling.answers.task_answers import answers_of, as_time, task_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def exported(**changes: object) -> dict[str, object]:
    annotation = {
        "id": 9,
        "completed_by": 3,
        "result": [{"from_name": "answer", "value": {"choices": ["yes"]}}],
        "was_cancelled": False,
        "created_at": "2026-11-21T12:00:00.000001Z",
        "updated_at": "2026-11-21T13:00:00Z",
        "lead_time": 4.5,
    } | changes
    return {"id": 7, "data": {"prediction_id": "p1", "row": {}}, "annotations": [annotation]}


def test_an_answer_is_named_by_task_annotation_and_moment() -> None:
    """Ids are used again after a deletion; a microsecond is not."""
    (answer,) = answers_of(exported(), "?", ["yes", "no"], "labelstudio:abc")

    assert answer.annotation_id == "ls:7:9:20261121T120000000001"
    assert task_of(answer) == 7
    assert (answer.annotator, answer.lead_time, answer.updated) == (
        "3",
        4.5,
        NOON + timedelta(hours=1),
    )


def test_a_person_is_the_same_by_id_and_by_record() -> None:
    task = exported(completed_by={"id": 3, "email": "ann@example.com"})

    assert [answer.annotator for answer in answers_of(task, "?", [], "file")] == ["3"]


def test_a_skip_keeps_no_answer() -> None:
    """Label Studio keeps what was chosen before."""
    (answer,) = answers_of(exported(was_cancelled=True), "?", ["yes"], "file")

    assert (answer.state, answer.answer) == ("skipped", None)


@pytest.mark.parametrize(
    "text", ["2026-11-21T12:00:00Z", "2026-11-21 13:00:00+01:00", "2026-11-21T12:00:00"]
)
def test_times_are_compared_in_utc(text: str) -> None:
    assert as_time(text) == NOON
