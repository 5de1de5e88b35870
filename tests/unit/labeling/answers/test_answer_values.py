"""An allowed answer is valid, in one spelling; any other answer is invalid."""

from __future__ import annotations

import pytest

from labeling.answers.answer_values import parse_answer, parse_result


def choice(*values: object, name: str = "answer") -> dict[str, object]:
    return {"from_name": name, "type": "choices", "value": {"choices": list(values)}}


@pytest.mark.parametrize(
    "result, expected",
    [
        ([choice("yes")], ("yes", "valid")),
        ([choice("maybe")], ("maybe", "invalid")),
        ([choice("yes", "no")], (None, "invalid")),
        ([choice("yes"), choice("no")], (None, "invalid")),
        ([choice("yes", name="other")], (None, "invalid")),
        ([choice(None)], (None, "invalid")),
        ([choice(["yes"])], (None, "invalid")),
        ([], (None, "invalid")),
        (None, (None, "invalid")),
        (["yes"], (None, "invalid")),
        ([{"from_name": "answer", "value": "yes"}], (None, "invalid")),
    ],
)
def test_one_known_choice_is_an_answer(result: object, expected: tuple[str | None, str]) -> None:
    """The API stores anything; only what the form allows counts."""
    assert parse_result(result, ["yes", "no"]) == expected


@pytest.mark.parametrize(
    "value, expected",
    [
        (3, ("3", "valid")),
        (3.0, ("3", "valid")),
        ("-3.50", ("-3.5", "valid")),
        ("1e400", ("1e400", "invalid")),
        ("three", ("three", "invalid")),
        (None, (None, "invalid")),
    ],
)
def test_a_finite_number_is_an_answer(value: object, expected: tuple[str | None, str]) -> None:
    region = {"from_name": "answer", "type": "number", "value": {"number": value}}

    assert parse_result([region], []) == expected


def test_classes_are_compared_in_one_spelling() -> None:
    """A class may be 3 in the job file and 3.0 in a file of answers."""
    assert parse_answer("3.0", ["3", "4"]) == parse_answer(3, ["3.0", "4"]) == ("3", "valid")


@pytest.mark.parametrize(
    "text", ["1_000", "\uff11\uff12", "0x10", "inf", "nan", "1 000", "1e400", ""]
)
def test_only_plain_decimal_notation_is_a_number(text: str) -> None:
    assert parse_answer(text, ()) == (text, "invalid")


@pytest.mark.parametrize(
    ("text", "number"), [("+3", "3"), (".5", "0.5"), ("5.", "5"), ("-1E2", "-100")]
)
def test_a_number_may_be_written_in_each_decimal_way(text: str, number: str) -> None:
    assert parse_answer(text, ()) == (number, "valid")


@pytest.mark.parametrize("text", ["good", "Good", "GOOD", " good ", "good\t"])
def test_an_answer_in_another_case_or_with_blanks_at_its_ends_is_that_answer(text: str) -> None:
    assert parse_answer(text, ["good", "bad"]) == ("good", "valid")


def test_where_two_answers_differ_by_case_alone_each_must_be_written_as_it_is() -> None:
    answers = ["US", "us", "them"]

    assert parse_answer("US", answers) == ("US", "valid")
    assert parse_answer("Us", answers) == ("Us", "invalid")
    assert parse_answer("Them", answers) == ("them", "valid")
