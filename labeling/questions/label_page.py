"""The label configuration of a job: the page on which people see a row and answer.

Label Studio knows it as XML. Keys, layout and hints may change at any time: no
digest of a question holds any of them. The answers stand before the row in the
document, so that the first tab stop is among them; the style sheet puts them
beside it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree as ET

from labeling.questions.answer_keys import IN_ORDER, LETTERS, answer_keys
from labeling.questions.links import LINKS
from labeling.questions.readable import readable
from labeling.questions.shown import shown_keys, table_keys
from labeling.questions.survey import CANNOT_TELL, CONTROL, REASONS, WORD_JOINER, Survey

WIDE_FROM = 13  # classes; more than fit one column of a screen
MENU_FROM = len(IN_ORDER) + 1  # classes; those for which there is no key are chosen from a menu
_STYLE = "label_page.css"
_ENLARGED = {"maxWidth": "min(320px, 100%)", "maxHeight": "320px", "smoothing": "false"}
_AS_LARGE_AS_IT_IS = {"defaultZoom": "auto", "maxHeight": "calc(100vh - 240px)"}  # or smaller
_HOW_NUMBERS_ARE_READ = "3.5 and 3,5 are the same number. Please put nothing between thousands."
_SMALL = "font-size: 13px; line-height: 18px; font-weight: 400; opacity: 0.75; margin: 6px 0 14px"
_HEAD = "font-size: 14px; line-height: 20px; margin: 10px 0 2px"
_NUMBER_BEFORE = "answer_before"  # the name of the field that asked for numbers earlier
_NO_KEY = "ctrl+alt+shift+f12"
_NAMED = 160  # characters of an element that is named


def label_config(survey: Survey, there: str = "") -> str:
    """Return the label configuration (XML) of a survey.

    Args:
        survey: what the job asks.
        there: the configuration that a project has. Label Studio gives up no
            control that has answers: one that is no longer asked stays, unseen.

    Returns:
        The configuration.

    >>> from labeling.questions.shown import ShownColumn
    >>> survey = Survey("Late?", ("yes", "no"), (ShownColumn("tweet", "text"),))
    >>> label_config(survey).count("<Choice ")
    2
    """
    view = ET.Element("View", className="recheck")
    ET.SubElement(view, "Style", value=_style())
    ET.SubElement(view, "Header", value=_plain(survey.question))
    page = ET.SubElement(view, "View", className="recheck-page")
    is_wide = WIDE_FROM <= len(survey.answers) < MENU_FROM
    answer = ET.SubElement(
        page, "View", className=f"recheck-answer{' recheck-wide' if is_wide else ''}"
    )
    row = ET.SubElement(
        page, "View", className=f"recheck-row{' recheck-small' if survey.small_pictures else ''}"
    )
    _show(row, survey)
    target = [*table_keys(survey.columns), *shown_keys(survey.columns)][0]
    if survey.answers:
        _ask_for_a_class(answer, survey, target)
    else:
        _ask_for_a_number(answer, survey, target)
    _keep(view, target, there)
    return ET.tostring(view, encoding="unicode")


def config_differences(theirs: str, wanted: str) -> list[str]:
    """Name what two configurations disagree on, whatever their spacing; at most ten lines.

    >>> config_differences('<View><Choice value="a"/></View>', '<View> <Choice value="b" /></View>')
    ['<Choice value="a"> is not ours', '<Choice value="b"> is missing']
    """
    try:
        there = _elements(ET.fromstring(theirs))
    except ET.ParseError:
        return ["it is not valid XML"]
    ours = _elements(ET.fromstring(wanted))
    lines = [f"{_named(element)} is not ours" for element in there if element not in ours]
    lines += [f"{_named(element)} is missing" for element in ours if element not in there]
    if not lines and there != ours:
        lines = ["its elements stand in another order"]
    return lines[:10]


def config_digest(config: str) -> str:
    """Return the digest by which a project remembers the configuration that we set: 16 hex digits."""
    try:
        content = json.dumps(_elements(ET.fromstring(config)))
    except ET.ParseError:
        content = config
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


@cache
def _style() -> str:
    """Return the style sheet of the page on one line, as an attribute keeps it."""
    sheet = files(__package__).joinpath(_STYLE).read_text(encoding="utf-8")
    return " ".join(re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL).split())


def _ask_for_a_class(place: ET.Element, survey: Survey, target: str) -> None:
    """Add the answers, each with its key."""
    choices = ET.SubElement(
        place, "Choices", name=CONTROL, toName=target, choice="single-radio", required="true"
    )
    keys = answer_keys(survey.answers)
    if len(survey.answers) >= MENU_FROM:
        choices.set("layout", "select")
    for answer, key in zip(survey.answers, keys, strict=True):
        _choose(choices, answer, key)
    _give_reasons(choices, survey, answer_keys(survey.cannot_tell, IN_ORDER, keys))


def _ask_for_a_number(place: ET.Element, survey: Survey, target: str) -> None:
    """Add a field for a number, and what may stand in it; a reason hides both.

    It is a field for text: one for numbers drops a comma in some browsers, so
    that 3,5 becomes 35, and turns what it cannot read into 0 in others.
    """
    hidden = {"visibleWhen": "choice-unselected", "whenTagName": REASONS}
    field = ET.SubElement(place, "View", hidden if survey.cannot_tell else {})
    if said := number_words(survey):
        ET.SubElement(field, "Header", value=_plain(said), size="5")
    ET.SubElement(
        field,
        "TextArea",
        name=CONTROL,
        toName=target,
        rows="1",
        maxSubmissions="1",
        editable="true",
        required="true",
        requiredMessage="Please type a number.",
        placeholder="a number, then Enter",
    )
    ET.SubElement(field, "Header", value=_HOW_NUMBERS_ARE_READ, size="5", style=_SMALL)
    if survey.cannot_tell:
        reasons = ET.SubElement(place, "Choices", name=REASONS, toName=target)
        reasons.set("choice", "single-radio")
        _give_reasons(reasons, survey, answer_keys(survey.cannot_tell, LETTERS))


def _give_reasons(choices: ET.Element, survey: Survey, keys: Sequence[str | None]) -> None:
    """Add the reasons why somebody may be unable to answer."""
    if survey.cannot_tell:
        ET.SubElement(choices, "Header", value="Cannot tell:", size="5", style=_HEAD)
    for reason, key in zip(survey.cannot_tell, keys, strict=True):
        _choose(choices, reason, key).set("alias", CANNOT_TELL + _no_reference(reason))


def _choose(choices: ET.Element, answer: str, key: str | None) -> ET.Element:
    choice = ET.SubElement(choices, "Choice", value=_no_reference(answer))
    if key:
        choice.set("hotkey", key)
    return choice


def number_words(survey: Survey) -> str:
    """Say in what a number is counted, and its limits; nothing, where neither is known.

    >>> number_words(Survey("How heavy?", (), (), unit="kg", minimum=0, maximum=2.5))
    'in kg, from 0 to 2.5'
    """
    low, high = (
        None if limit is None else f"{limit:g}" for limit in (survey.minimum, survey.maximum)
    )
    if low and high:
        reach = f"from {low} to {high}"
    else:
        reach = f"at least {low}" if low else f"at most {high}" if high else ""
    return ", ".join(filter(None, [survey.unit and f"in {survey.unit}", reach]))


def _keep(view: ET.Element, target: str, there: str) -> None:
    """Keep controls of numbers that the project has and the page no longer asks with, unseen.

    Their keys are none that anybody presses: a key also works on what is hidden.
    """
    try:
        before = list(ET.fromstring(there).iter()) if there else []
    except ET.ParseError:
        return
    names = {element.get("name") for element in view.iter()}
    hidden = ET.Element("View", style="display: none")
    if any(element.tag == "Number" for element in before):
        ET.SubElement(hidden, "Number", name=_NUMBER_BEFORE, toName=target, hotkey=_NO_KEY)
    if REASONS not in names and any(element.get("name") == REASONS for element in before):
        reasons = ET.SubElement(hidden, "Choices", name=REASONS, toName=target)
        ET.SubElement(reasons, "Choice", value="—", hotkey=_NO_KEY)
    if len(hidden):
        view.append(hidden)


def _show(place: ET.Element, survey: Survey) -> None:
    """Add the elements that people look at: texts and pictures, then the tables."""
    for key, title in shown_keys(survey.columns).items():
        if len(survey.columns) > 1:
            ET.SubElement(place, "Header", value=_plain(title), size="5")
        if key.startswith("text"):
            ET.SubElement(place, "Text", name=key, value=f"${key}")
        else:
            drawn = _ENLARGED if survey.small_pictures else _AS_LARGE_AS_IT_IS
            ET.SubElement(place, "Image", {"name": key, "value": f"${key}", **drawn})
    if survey.links:
        links = ET.SubElement(place, "HyperText", name=LINKS, value=f"${LINKS}")
        links.attrib |= {"inline": "true", "clickableLinks": "true", "selectionEnabled": "false"}
    tables = ET.SubElement(place, "View", className="recheck-tables")
    for key in table_keys(survey.columns):
        table = ET.SubElement(tables, "View", className="recheck-table")
        ET.SubElement(table, "Table", name=key, value=f"${key}")


def _plain(text: str) -> str:
    return _no_reference(readable(text, 2_000))


def _no_reference(text: str) -> str:
    """Keep Label Studio from replacing `$name` in a configuration, by invisible neighbours."""
    return text.replace("$", f"{WORD_JOINER}${WORD_JOINER}")


def _named(element: str) -> str:
    return element if len(element) <= _NAMED else f"{element[: _NAMED - 1]}…"


def _elements(root: ET.Element) -> list[str]:
    """Write each element, its attributes in order of name, as the document has them."""
    written = []
    for element in root.iter():
        attributes = "".join(f' {name}="{value}"' for name, value in sorted(element.items()))
        written.append(f"<{element.tag}{attributes}>")
    return written
