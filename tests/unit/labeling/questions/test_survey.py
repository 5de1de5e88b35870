"""What people are asked can be answered, and a change of it is noticed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.answer_values import parse_answer
from labeling.questions.shown import ShownColumn
from labeling.questions.survey import (
    Survey,
    config_differences,
    config_digest,
    instructions_html,
    label_config,
)

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
