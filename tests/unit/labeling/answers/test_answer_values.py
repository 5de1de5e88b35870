"""An allowed answer is valid, in one spelling; any other answer is invalid."""

from __future__ import annotations

import pytest

from labeling.answers.answer_values import limits_of, parse_answer, parse_result


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


def typed(*texts: str) -> dict[str, object]:
    return {"from_name": "answer", "type": "textarea", "value": {"text": list(texts)}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3,5", ("3.5", "valid")),
        (" -0,125 ", ("-0.125", "valid")),
        ("1234,567", ("1234.567", "valid")),
        (",5", ("0.5", "valid")),
        ("1,234", ("1,234", "invalid")),
        ("1.234,5", ("1.234,5", "invalid")),
        ("3,5,1", ("3,5,1", "invalid")),
        ("3,", ("3,", "invalid")),
    ],
)
def test_a_comma_is_a_decimal_mark_or_the_answer_is_none(
    text: str, expected: tuple[str, str]
) -> None:
    """3,5 is never 35; 1,234 is one number in Berlin and another one in Boston."""
    assert parse_result([typed(text)], []) == expected


@pytest.mark.parametrize(
    ("value", "state"), [(-0.1, "invalid"), (0, "valid"), (500, "valid"), ("500,5", "invalid")]
)
def test_a_number_beyond_the_limits_is_invalid(value: object, state: str) -> None:
    assert parse_answer(value, [], limits_of(0, 500))[1] == state


def test_what_was_typed_counts_and_not_the_number_of_an_earlier_page() -> None:
    """The page of today shows no number that was given on the page of an earlier release."""
    earlier = {"from_name": "answer", "type": "number", "value": {"number": 7}}

    assert parse_result([earlier], []) == ("7", "valid")
    assert parse_result([earlier, typed("8")], []) == ("8", "valid")


def test_a_reason_is_no_answer() -> None:
    """Chosen beside classes, or after a number was typed."""
    reason = choice("cannot tell: no scale", name="cannot_tell")

    assert parse_result([choice("cannot tell: blurred")], ["yes", "no"]) == ("blurred", "skipped")
    assert parse_result([typed("8"), reason], []) == ("no scale", "skipped")


@pytest.mark.parametrize(
    "typed_text", ["cannot tell", " Cannot tell ", "CANNOT TELL:", "cannot tell: "]
)
def test_a_reason_need_not_be_given(typed_text: str) -> None:
    """In a file, people type what Label Studio would have offered as a choice."""
    assert parse_answer(typed_text, ["yes", "no"]) == (None, "skipped")
    assert parse_answer(typed_text, []) == (None, "skipped")


def test_a_reason_counts_in_any_case_and_what_only_begins_like_one_does_not() -> None:
    assert parse_answer("Cannot tell:blurred ", ["yes", "no"]) == ("blurred", "skipped")
    assert parse_answer("cannot tell you", ["yes", "no"])[1] == "invalid"


def test_an_answer_of_the_set_is_no_reason() -> None:
    assert parse_answer("cannot tell: x", ["cannot tell: x", "b"]) == ("cannot tell: x", "valid")


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
