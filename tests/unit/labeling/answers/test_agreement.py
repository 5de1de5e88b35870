from __future__ import annotations

import krippendorff
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.agreement import Agreement, agreement, alpha, alpha_of_numbers
from pipelines.tables.schemas import ANNOTATIONS, SAMPLES

_ANSWERS = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=12
).filter(lambda units: len({code for unit in units if len(unit) > 1 for code in unit}) > 1)


def _long(units: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    unit = np.repeat(np.arange(len(units)), [len(answers) for answers in units])
    return unit, np.concatenate([np.array(answers) for answers in units])


def _counts(units: list[list[int]]) -> np.ndarray:
    return np.array([np.bincount(answers, minlength=4) for answers in units])


@given(_ANSWERS)
def test_alpha_of_classes_is_that_of_the_krippendorff_package(units: list[list[int]]) -> None:
    expected = krippendorff.alpha(value_counts=_counts(units), level_of_measurement="nominal")

    assert alpha(*_long(units)) == pytest.approx(expected)


@given(_ANSWERS)
def test_alpha_of_numbers_is_that_of_the_krippendorff_package(units: list[list[int]]) -> None:
    expected = krippendorff.alpha(value_counts=_counts(units), level_of_measurement="interval")

    unit, codes = _long(units)
    assert alpha_of_numbers(unit, codes.astype(np.float64)) == pytest.approx(expected)


@pytest.mark.parametrize("units", [[], [[0], [1]], [[2, 2], [2, 2]]])
def test_without_anything_to_disagree_about_there_is_no_alpha(units: list[list[int]]) -> None:
    unit, codes = _long(units) if units else (np.zeros(0, np.int64), np.zeros(0, np.int64))

    assert alpha(unit, codes) is None
    assert alpha_of_numbers(unit, codes.astype(np.float64)) is None


def _described(*acts: tuple[str, str | None, str | None, str], numbers: bool = False) -> Agreement:
    """Describe acts of (question, person, answer, state)."""
    rows = [
        {
            "purpose": "verify",
            "annotation_id": str(number),
            "prediction_id": question,
            "shown_digest": "d",
            "annotator": person,
            "answer": answer,
            "state": state,
            "lead_time": float(number),
        }
        for number, (question, person, answer, state) in enumerate(acts)
    ]
    asked = [
        {"purpose": "verify", "prediction_id": question, "shown_digest": "d"}
        for question in {act[0] for act in acts}
    ]
    return agreement(
        pa.Table.from_pylist(rows, schema=ANNOTATIONS),
        pa.Table.from_pylist(asked, schema=SAMPLES),
        numbers=numbers,
    )


def test_questions_with_one_answer_are_not_shared() -> None:
    found = _described(
        ("p1", "ann", "yes", "valid"),
        ("p1", "bob", "yes", "valid"),
        ("p2", "ann", "yes", "valid"),
        ("p2", "bob", "no", "valid"),
        ("p3", "ann", "yes", "valid"),
    )

    assert (found.questions, found.shared, found.agree) == (3, 2, 0.5)


def test_each_person_is_described() -> None:
    found = _described(
        ("p1", "ann", "yes", "valid"),
        ("p1", "bob", "yes", "valid"),
        ("p1", "cy", "no", "valid"),
        ("p2", "ann", None, "skipped"),
        ("p2", "bob", "?", "invalid"),
        ("p2", None, "yes", "valid"),
    )

    ann, bob, cy, nameless = found.annotators
    assert (ann.name, ann.answers, ann.skipped, ann.invalid, ann.agrees) == ("ann", 1, 1, 0, 0.5)
    assert (bob.answers, bob.skipped, bob.invalid, bob.seconds) == (1, 0, 1, 1.0)
    assert cy.agrees == 0
    assert (nameless.name, nameless.answers, nameless.agrees) == (None, 1, None)


def test_numbers_that_are_close_disagree_less() -> None:
    acts = [("p1", "ann", "1", "valid"), ("p1", "bob", "2", "valid")]
    acts += [("p2", "ann", "90", "valid"), ("p2", "bob", "91", "valid")]

    numbers, classes = (_described(*acts, numbers=kind).alpha for kind in (True, False))

    assert numbers is not None
    assert classes is not None
    assert numbers > 0.99
    assert classes <= 0


def test_without_answers_nothing_is_known() -> None:
    assert _described() == Agreement(0, 0, None, None, ())
