"""What people are asked can be answered by its keys, and a change of it is noticed."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.answer_values import parse_answer
from labeling.questions.label_page import (
    MENU_FROM,
    config_differences,
    config_digest,
    label_config,
)
from labeling.questions.shown import ShownColumn
from labeling.questions.survey import Survey

TABLE = (ShownColumn("carrier", "tabular"),)
MIXED = (ShownColumn("tweet", "text"), *TABLE, ShownColumn("photo", "image"))
_SEEN = ("Header", "Text", "Image", "Table")
# XML has no word for other control characters; `readable` takes them out of what people read.
TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20
)


def test_classes_are_asked_by_choices() -> None:
    config = ET.fromstring(label_config(Survey("Late?", ("yes", "no"), TABLE)))

    control = config.find(".//Choices")
    assert control is not None
    assert (control.get("name"), control.get("toName"), control.get("required")) == (
        "answer",
        "row",
        "true",
    )
    assert [choice.get("value") for choice in control] == ["yes", "no"]


def test_numbers_are_typed_as_text_beside_their_unit_and_limits() -> None:
    """A field for numbers makes 35 of 3,5 in some browsers."""
    survey = Survey("How heavy?", (), TABLE, unit="kg", minimum=0, maximum=500)
    config = ET.fromstring(label_config(survey))

    [field] = config.iter("TextArea")
    assert (field.get("name"), field.get("toName"), field.get("required")) == (
        "answer",
        "row",
        "true",
    )
    assert "in kg, from 0 to 500" in [header.get("value") for header in config.iter("Header")]
    assert [*config.iter("Number"), *config.iter("Choices")] == []


def test_reasons_are_choices_beside_the_classes_with_keys_of_their_own() -> None:
    survey = Survey("Which?", ("1", "2"), TABLE, cannot_tell=("blurred", "no digit"))

    [choices] = ET.fromstring(label_config(survey)).iter("Choices")
    assert [(one.get("value"), one.get("alias"), one.get("hotkey")) for one in choices] == [
        ("1", None, "1"),
        ("2", None, "2"),
        ("Cannot tell:", None, None),
        ("blurred", "cannot tell: blurred", "3"),
        ("no digit", "cannot tell: no digit", "4"),
    ]


def test_a_reason_takes_the_place_of_a_number() -> None:
    """No digit chooses it: whoever types a number beside the field would."""
    survey = Survey("How heavy?", (), TABLE, cannot_tell=("no scale",))

    config = ET.fromstring(label_config(survey))

    [reasons] = config.iter("Choices")
    assert (reasons.get("name"), [one.get("hotkey") for one in reasons][1:]) == (
        "cannot_tell",
        ["q"],
    )
    [field] = [view for view in config.iter("View") if view.find("TextArea") is not None]
    assert (field.get("visibleWhen"), field.get("whenTagName")) == (
        "choice-unselected",
        "cannot_tell",
    )


def test_a_control_with_answers_stays_unseen_when_it_is_no_longer_asked() -> None:
    """Label Studio refuses a configuration without it."""
    asked = Survey("How heavy?", (), TABLE, cannot_tell=("no scale",))
    earlier = '<View><Table name="row" value="$row"/><Number name="answer" toName="row"/></View>'

    now = label_config(asked, earlier)
    later = label_config(replace(asked, cannot_tell=()), now)

    assert label_config(asked, now) == now
    assert label_config(replace(asked, cannot_tell=()), later) == later
    kept = ET.fromstring(later)[-1]
    assert kept.get("style") == "display: none"
    assert [(one.tag, one.get("name")) for one in kept] == [
        ("Number", "answer_before"),
        ("Choices", "cannot_tell"),
    ]


def test_texts_and_pictures_come_before_the_table() -> None:
    """Tabular columns together in one table, the others each under its name."""
    config = ET.fromstring(label_config(Survey("Good?", ("yes", "no"), MIXED)))

    shown = [element for element in config.iter() if element.tag in _SEEN]
    assert [(element.tag, element.get("value")) for element in shown][1:] == [
        ("Header", "tweet"),
        ("Text", "$text1"),
        ("Header", "photo"),
        ("Image", "$image1"),
        ("Table", "$row"),
    ]


def test_answers_come_first_for_the_keyboard() -> None:
    """The first tab stop of the page is among them; the style sheet puts them beside the row."""
    config = ET.fromstring(label_config(Survey("Good?", ("yes", "no"), MIXED)))

    tags = [element.tag for element in config.iter()]
    assert tags.index("Choices") < tags.index("Text")


def test_answers_of_one_character_have_their_own_key() -> None:
    config = ET.fromstring(label_config(Survey("Which?", tuple("9876543210"), TABLE)))

    assert [c.get("hotkey") for c in config.iter("Choice")] == list("9876543210")


def test_small_pictures_are_enlarged_with_sharp_edges() -> None:
    small = Survey("Which?", ("0", "1"), (ShownColumn("digit", "image"),), small_pictures=True)
    large = replace(small, small_pictures=False)

    [drawn] = ET.fromstring(label_config(small)).iter("Image")
    [as_is] = ET.fromstring(label_config(large)).iter("Image")
    assert (drawn.get("smoothing"), drawn.get("defaultZoom")) == ("false", None)
    assert (as_is.get("smoothing"), as_is.get("defaultZoom")) == (None, "auto")


def test_many_columns_are_shown_in_tables_side_by_side() -> None:
    many = tuple(ShownColumn(f"c{number}", "tabular") for number in range(12))
    config = ET.fromstring(label_config(Survey("Good?", ("yes", "no"), many)))

    assert [table.get("value") for table in config.iter("Table")] == ["$row", "$row2"]
    control = config.find(".//Choices")
    assert control is not None
    assert control.get("toName") == "row"


def test_classes_without_a_key_become_a_menu() -> None:
    classes = tuple(f"class {number}" for number in range(MENU_FROM))

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
        '<Choice hotkey="2" value="never"> is not ours',
        '<Choice hotkey="2" value="no"> is missing',
    ]
    assert config_differences("<View", ours) == ["it is not valid XML"]


def test_a_long_element_is_named_in_short() -> None:
    ours = label_config(Survey("Late?", ("yes", "no"), TABLE))

    [missing] = config_differences(re.sub("<Style[^>]*>", "", ours), ours)
    assert missing.startswith('<Style value=".recheck')
    assert len(missing) < 200


def test_another_order_is_a_difference() -> None:
    up, down = (label_config(Survey("?", order, TABLE)) for order in (("0", "1"), ("1", "0")))

    assert config_differences(up, down) == ["its elements stand in another order"]
    assert config_digest(up) != config_digest(down)
