"""A task that comes back holds one answer per annotation, under an id that is never used again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from labeling.answers.task_answers import answers_of, as_time, task_of
from labeling.questions.survey import Survey

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
    (answer,) = answers_of(exported(), Survey("?", ("yes", "no"), ()), "labelstudio:abc")

    assert answer.annotation_id == "ls:7:9:20261121T120000000001"
    assert task_of(answer) == 7
    assert (answer.annotator, answer.lead_time, answer.updated) == (
        "3",
        4.5,
        NOON + timedelta(hours=1),
    )


def test_a_person_is_the_same_by_id_and_by_record() -> None:
    task = exported(completed_by={"id": 3, "email": "ann@example.com"})

    assert [answer.annotator for answer in answers_of(task, Survey("?", (), ()), "file")] == ["3"]


def test_a_skip_keeps_no_answer() -> None:
    """Label Studio keeps what was chosen before."""
    (answer,) = answers_of(exported(was_cancelled=True), Survey("?", ("yes",), ()), "file")

    assert (answer.state, answer.answer) == ("skipped", None)


@pytest.mark.parametrize(
    "text", ["2026-11-21T12:00:00Z", "2026-11-21 13:00:00+01:00", "2026-11-21T12:00:00"]
)
def test_times_are_compared_in_utc(text: str) -> None:
    assert as_time(text) == NOON


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"created_at": None}, "ValueError"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "ValueError"),
        ({"updated_at": []}, "ValueError"),
        ({"id": {"a": 1}}, "ValueError"),
        ({"id": True}, "ValueError"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_and_the_next_one_read(
    changes: dict[str, object], reason: str
) -> None:
    task, good, said = exported(**changes), exported(id=10), list[str]()
    task["annotations"] = [*task["annotations"], None, *good["annotations"]]  # type: ignore[misc]

    answers = list(answers_of(task, Survey("?", ("yes",), ()), "file", said.append))

    assert [answer.annotation_id[:7] for answer in answers] == ["ls:7:10"]
    assert (len(said), reason in said[0]) == (2, True)


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "7"},
        {"data": ["p1"]},
        {"data": None},
        {"annotations": 5},
        {"data": {"row": float("nan")}},
        {"meta": {"question": "\ud800"}},
    ],
)
def test_a_task_that_cannot_be_read_is_told(broken: dict[str, object]) -> None:
    said: list[str] = []

    assert list(answers_of(exported() | broken, Survey("?", (), ()), "file", said.append)) == []
    assert len(said) == 1


@pytest.mark.parametrize("meta", [["a"], "text", 7, {"question": ["x"]}, None])
def test_a_task_whose_notes_are_gone_asks_the_question_of_the_job(meta: object) -> None:
    (answer,) = answers_of(exported() | {"meta": meta}, Survey("?", ("yes",), ()), "file")

    assert answer == next(answers_of(exported(), Survey("?", ("yes",), ()), "file"))


@pytest.mark.parametrize("seconds", ["4", True, float("nan"), 10**400, [1]])
def test_a_time_of_work_that_is_no_number_is_left_out(seconds: object) -> None:
    (answer,) = answers_of(exported(lead_time=seconds), Survey("?", ("yes",), ()), "file")

    assert (answer.lead_time, answer.answer) == (None, "yes")
