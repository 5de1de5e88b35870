"""A task hides the prediction, and is recognised again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from labeling.questions.shown import ShownColumn, shown_digest, shown_json
from labeling.questions.survey import Survey
from labeling.questions.tasks import digest_of, make_task

TABLE = (ShownColumn("carrier", "tabular"),)


def test_a_task_holds_the_row_and_an_opaque_id() -> None:
    """Nothing else is in its data."""
    task = make_task(Survey("?", ("a", "b"), TABLE), "0" * 32, '{"row":{"carrier":"AA"}}')

    assert task.content["data"] == {"prediction_id": "0" * 32, "row": {"carrier": "AA"}}


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4), st.text(max_size=9))
def test_a_task_says_by_itself_what_was_asked(row: dict[str, str], question: str) -> None:
    """Whatever order its keys come back in, and whatever the job asks by now."""
    shown = shown_json({"row": row})
    task = make_task(Survey(question or "?", (), TABLE), "0" * 32, shown)
    back = json.loads(json.dumps(task.content, sort_keys=True))

    assert (
        digest_of(back, "something else")
        == task.shown_digest
        == shown_digest(question or "?", shown)
    )


def test_a_task_without_its_question_takes_the_job_s() -> None:
    task = {"data": {"prediction_id": "0", "row": {}}, "meta": None}

    assert digest_of(task, "Late?") == shown_digest("Late?", '{"row":{}}')
