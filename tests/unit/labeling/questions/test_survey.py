"""What people are asked can be answered, hides the prediction, and is recognised again."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.parsing import parse_answer, parse_result
from labeling.questions.shown import ShownColumn, shown_digest, shown_json
from labeling.questions.survey import (
    Survey,
    config_differences,
    config_digest,
    instructions_html,
    label_config,
)
from labeling.questions.tasks import digest_of, make_task

TABLE = (ShownColumn("carrier", "tabular"),)
MIXED = (ShownColumn("tweet", "text"), *TABLE, ShownColumn("photo", "image"))
# XML has no word for other control characters; `readable` takes them out of what people read.
TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20
)


def test_classes_are_asked_by_choices() -> None:
    config = ET.fromstring(label_config(Survey("Late?", ("yes", "no"), TABLE)))

    control = config.find("Choices")
    assert control is not None
    assert (control.get("name"), control.get("toName"), control.get("required")) == (
        "answer",
        "row",
        "true",
    )
    assert [choice.get("value") for choice in control] == ["yes", "no"]


def test_numbers_are_asked_by_a_number() -> None:
    config = ET.fromstring(label_config(Survey("How late?", (), TABLE)))

    assert config.find("Number") is not None
    assert config.find("Choices") is None


def test_each_kind_of_column_is_shown_by_its_own_element() -> None:
    """Tabular columns together in one table, the others each under its name."""
    config = ET.fromstring(label_config(Survey("Good?", ("yes", "no"), MIXED)))

    shown = [(element.tag, element.get("value")) for element in config][1:-1]
    assert shown == [
        ("Table", "$row"),
        ("Header", "tweet"),
        ("Text", "$text1"),
        ("Header", "photo"),
        ("Image", "$image1"),
    ]


def test_many_columns_are_shown_in_tables_side_by_side() -> None:
    many = tuple(ShownColumn(f"c{number}", "tabular") for number in range(12))
    config = ET.fromstring(label_config(Survey("Good?", ("yes", "no"), many)))

    assert [table.get("value") for table in config.iter("Table")] == ["$row", "$row2"]
    control = config.find("Choices")
    assert control is not None
    assert control.get("toName") == "row"


def test_many_classes_become_a_menu() -> None:
    classes = tuple(str(number) for number in range(13))

    assert 'layout="select"' in label_config(Survey("Which?", classes, TABLE))
    assert "layout" not in label_config(Survey("Which?", classes[:-1], TABLE))


@given(TEXT, st.lists(TEXT, min_size=2, max_size=4, unique=True))
def test_any_text_survives_as_question_and_answer(question: str, answers: list[str]) -> None:
    """Markup is text, and nothing in it is taken for a reference to data."""
    config = ET.fromstring(label_config(Survey(question, tuple(answers), TABLE)))
    choices = [choice.get("value", "") for choice in config.iter("Choice")]

    for answer, choice in zip(answers, choices, strict=True):
        assert parse_answer(choice, answers) == parse_answer(answer, answers)
        assert parse_answer(choice, answers)[1] == "valid"
    assert not any("$" in text and text[text.index("$") + 1].isalnum() for text in choices)


def test_differences_are_named() -> None:
    ours = label_config(Survey("Late?", ("yes", "no"), TABLE))

    assert config_differences(ours.replace('value="no"', 'value="never"'), ours) == [
        '<Choice value="never"> is not ours',
        '<Choice value="no"> is missing',
    ]
    assert config_differences("<View", ours) == ["it is not valid XML"]


def test_another_order_is_a_difference() -> None:
    yes_no, no_yes = (
        label_config(Survey("?", order, TABLE)) for order in (("yes", "no"), ("no", "yes"))
    )

    assert config_differences(yes_no, no_yes) == ["its elements stand in another order"]
    assert config_digest(yes_no) != config_digest(no_yes)


def test_instructions_are_text_and_a_link() -> None:
    survey = Survey("?", (), TABLE, "One.\n\n<b>Two.</b>", 'https://example.com/"x')

    assert instructions_html(survey) == (
        "<p>One.</p><p>&lt;b&gt;Two.&lt;/b&gt;</p>"
        '<p><a href="https://example.com/&quot;x" target="_blank" rel="noopener">Guideline</a></p>'
    )


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
