"""Each answer has a key of its own on the label page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeling.questions.answer_keys import IN_ORDER, LETTERS, answer_keys


def test_an_answer_of_one_character_is_its_own_key() -> None:
    """Pressing 9 chooses 9, not the ninth answer."""
    assert answer_keys(list("0123456789")) == list("0123456789")
    assert answer_keys(["A", "b", "?"]) == ["a", "b", "1"]


def test_other_answers_have_the_keys_that_are_left_in_their_order() -> None:
    assert answer_keys(["late", "2", "on time", "early"]) == ["1", "2", "3", "4"]


def test_answers_that_differ_by_case_alone_have_two_keys() -> None:
    assert answer_keys(["a", "A"]) == ["a", "1"]


def test_keys_of_other_answers_are_left_alone() -> None:
    assert answer_keys(["blurred", "q"], LETTERS, taken=["q", None]) == ["w", "e"]


@given(st.lists(st.text(max_size=2), unique=True, max_size=60))
def test_no_two_answers_have_the_same_key(answers: list[str]) -> None:
    keys = [key for key in answer_keys(answers) if key]

    assert len(set(keys)) == len(keys) >= min(len(answers), len(IN_ORDER))
