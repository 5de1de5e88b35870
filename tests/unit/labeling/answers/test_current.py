from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.current import LABELS, current_answers, label_questions, latest_annotations
from pipelines.tables.schemas import ANNOTATIONS, SAMPLES

_START = datetime(2026, 11, 20, tzinfo=UTC)


def _at(minute: int) -> datetime:
    return _START + timedelta(minutes=minute)


def _answer(annotation: str, answer: str | None = "yes", **more: object) -> dict[str, object]:
    row = {
        "purpose": "verify",
        "annotation_id": annotation,
        "prediction_id": "p1",
        "shown_digest": "d1",
        "annotator": "ann",
        "answer": answer,
        "state": "valid",
        "updated": _at(0),
        "known_at": _at(0),
    }
    return row | more


def _annotations(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=ANNOTATIONS)


def _samples(*questions: tuple[str, str], draw_no: int = 1) -> pa.Table:
    rows = [
        {
            "purpose": "verify",
            "prediction_id": one,
            "shown_digest": digest,
            "draw_no": draw_no,
            "series": 1,
        }
        for one, digest in questions
    ]
    return pa.Table.from_pylist(rows, schema=SAMPLES)


_ASKED = _samples(("p1", "d1"))


def _states(*rows: dict[str, object], samples: pa.Table = _ASKED) -> list[tuple[str, str]]:
    answers = current_answers(_annotations(*rows), samples)
    return sorted((row["answer"], row["state"]) for row in answers.to_pylist())


def _label(*rows: dict[str, object], numbers: bool = False) -> dict[str, object]:
    (found,) = label_questions(_annotations(*rows), _ASKED, numbers=numbers).to_pylist()
    return dict(found)


def test_a_changed_answer_replaces_itself() -> None:
    assert _states(_answer("a", "no"), _answer("a", "yes", known_at=_at(1))) == [("yes", "valid")]


def test_a_deleted_answer_is_none() -> None:
    assert not _states(_answer("a"), _answer("a", state="deleted", known_at=_at(1)))


def test_an_answer_given_again_after_its_deletion_counts() -> None:
    deleted = _answer("a", state="deleted", known_at=_at(1))

    assert _states(_answer("a"), deleted, _answer("a", known_at=_at(2))) == [("yes", "valid")]


def test_of_two_answers_of_one_person_the_later_counts() -> None:
    early, late = _answer("b", "no", updated=_at(1)), _answer("a", "yes", updated=_at(2))

    assert _states(late, early) == [("yes", "valid")]


def test_at_the_same_moment_the_later_annotation_counts() -> None:
    assert _states(_answer("b", "yes"), _answer("a", "no")) == [("yes", "valid")]


def test_an_answer_without_a_date_is_as_late_as_it_became_known() -> None:
    dated = _answer("b", "no", updated=_at(5), known_at=_at(9))
    undated = _answer("a", "yes", updated=None, known_at=_at(6))

    assert _states(dated, undated) == [("yes", "valid")]


@pytest.mark.parametrize("state", ["skipped", "invalid"])
def test_a_later_skip_replaces_no_answer(state: str) -> None:
    skipped = _answer("b", None, state=state, updated=_at(9))

    assert _states(_answer("a"), skipped) == [("yes", "valid")]


def test_two_people_are_two_answers_and_nameless_ones_are_one() -> None:
    both = _states(_answer("a"), _answer("b", "no", annotator="bob"))
    nameless = _states(_answer("a", annotator=None), _answer("b", "no", annotator=None))

    assert both == [("no", "valid"), ("yes", "valid")]
    assert nameless == [("no", "valid")]


def test_an_answer_to_another_row_than_is_shown_now_is_stale() -> None:
    replaced = pa.concat_tables([_ASKED, _samples(("p1", "d2"), draw_no=2)])

    assert _states(_answer("a"), samples=replaced) == [("yes", "stale")]


def test_an_answer_stands_where_a_new_draw_shows_the_same_row() -> None:
    carried = pa.concat_tables([_ASKED, _samples(("p1", "d1"), draw_no=2)])

    assert _states(_answer("a"), samples=carried) == [("yes", "valid")]


@pytest.mark.parametrize("more", [{"state": "outcome"}, {"prediction_id": "p9"}])
def test_what_nobody_was_asked_is_an_outcome(more: dict[str, object]) -> None:
    assert _states(_answer("a") | more) == [("yes", "outcome")]


def test_answers_for_training_do_not_meet_questions_that_verify() -> None:
    assert _states(_answer("a", purpose="train")) == [("yes", "outcome")]


def test_the_label_is_the_majority() -> None:
    label = _label(_answer("a"), _answer("b", "no", annotator="bob"), _answer("c", annotator="cy"))

    assert label == {
        "prediction_id": "p1",
        "shown_digest": "d1",
        "label": "yes",
        "n_answers": 3,
        "state": "answered",
        "purpose": "verify",
    }


def test_a_tie_has_no_label() -> None:
    label = _label(_answer("a"), _answer("b", "no", annotator="bob"))

    assert (label["label"], label["state"], label["n_answers"]) == (None, "tied", 2)


def test_the_label_of_numbers_is_the_median() -> None:
    two = [_answer("a", "3"), _answer("b", "4", annotator="bob")]
    three = [*two, _answer("c", "100", annotator="cy")]

    assert (_label(*two, numbers=True)["label"], _label(*three, numbers=True)["label"]) == (
        "3.5",
        "4",
    )


def test_stale_answers_and_outcomes_are_told_apart_in_the_labels() -> None:
    answers = _annotations(
        _answer("a"),
        _answer("b", shown_digest="old"),
        _answer("c", prediction_id="p9", shown_digest=None),
    )

    found = label_questions(answers, _ASKED, numbers=False)

    assert [(row["prediction_id"], row["state"]) for row in found.to_pylist()] == [
        ("p1", "answered"),
        ("p1", "stale"),
        ("p9", "outcome"),
    ]


@pytest.mark.parametrize("numbers", [True, False])
def test_without_answers_there_is_no_label(*, numbers: bool) -> None:
    found = label_questions(_annotations(), _samples(), numbers=numbers)

    assert found.schema == LABELS
    assert found.num_rows == 0


_ACTS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),  # annotation
        st.sampled_from(["p1", "p2"]),
        st.sampled_from(["ann", "bob", None]),
        st.sampled_from(["yes", "no"]),
        st.sampled_from(["valid", "skipped", "deleted"]),
        st.integers(0, 3),  # updated
        st.integers(0, 3),  # known
    ),
    max_size=12,
)


@given(_ACTS, st.integers(0, 9))
def test_the_order_and_repetition_of_rows_change_nothing(
    acts: list[tuple[str, str, str | None, str, str, int, int]], seed: int
) -> None:
    rows = [
        _answer(
            act[0],
            act[3],
            prediction_id=act[1],
            annotator=act[2],
            state=act[4],
            updated=_at(act[5]),
            known_at=_at(act[6]),
        )
        for act in dict.fromkeys(acts)
    ]
    unique = {(row["annotation_id"], row["known_at"]): row for row in rows}
    table, asked = _annotations(*unique.values()), _samples(("p1", "d1"), ("p2", "d1"))
    again = pa.concat_tables([table, table])
    shuffled = again.take(np.random.default_rng(seed).permutation(again.num_rows))

    assert label_questions(shuffled, asked, numbers=False) == label_questions(
        table, asked, numbers=False
    )
    assert latest_annotations(shuffled).num_rows == latest_annotations(table).num_rows
