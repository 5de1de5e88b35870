"""The label configuration of a job: what people see, what they may answer, and their instructions.

Labelers are blind: nothing here speaks of the prediction, of the design or of
the target.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from labeling.questions.readable import readable
from labeling.questions.shown import ShownColumn, shown_keys, table_keys

CONTROL = "answer"  # the name of the one control, in every configuration
WORD_JOINER = "\u2060"
_BESIDE = "display: flex; flex-wrap: wrap; gap: 1rem"  # tables, as far as there is room
_AS_WIDE = "flex: 1 1 20rem"
MENU_FROM = 13  # classes; more than fit a screen become a menu


@dataclass(frozen=True, slots=True)
class Survey:
    """The question of a job about each of its rows.

    `answers` are the classes that may be right; without any, the answer is
    a number.
    """

    question: str
    answers: tuple[str, ...]
    columns: tuple[ShownColumn, ...]
    instructions: str = ""
    guideline: str | None = None


def label_config(survey: Survey) -> str:
    """Return the label configuration (XML) of a survey.

    >>> survey = Survey("Late?", ("yes", "no"), (ShownColumn("tweet", "text"),))
    >>> label_config(survey).count("<Choice ")
    2
    """
    view = ET.Element("View")
    ET.SubElement(view, "Header", value=_plain(survey.question))
    objects = _objects(view, survey.columns)
    if not survey.answers:
        ET.SubElement(view, "Number", name=CONTROL, toName=objects[0], required="true", step="any")
        return ET.tostring(view, encoding="unicode")
    choices = ET.SubElement(
        view, "Choices", name=CONTROL, toName=objects[0], choice="single-radio", required="true"
    )
    if len(survey.answers) >= MENU_FROM:
        choices.set("layout", "select")
    for answer in survey.answers:
        ET.SubElement(choices, "Choice", value=_no_reference(answer))
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
    lines = [f"{element} is not ours" for element in there if element not in ours]
    lines += [f"{element} is missing" for element in ours if element not in there]
    if not lines and there != ours:
        lines = ["its elements stand in another order"]
    return lines[:10]


def instructions_html(survey: Survey) -> str:
    """Return what people read before they begin, as HTML; empty when there is nothing to say.

    >>> instructions_html(Survey("?", (), (), "Take <your> time."))
    '<p>Take &lt;your&gt; time.</p>'
    """
    parts = [
        f"<p>{html.escape(text)}</p>" for text in survey.instructions.split("\n\n") if text.strip()
    ]
    if survey.guideline is not None:
        link = html.escape(survey.guideline)
        parts.append(f'<p><a href="{link}" target="_blank" rel="noopener">Guideline</a></p>')
    return "".join(parts)


def config_digest(config: str) -> str:
    """Return the digest by which a project remembers the configuration that we set: 16 hex digits."""
    try:
        content = json.dumps(_elements(ET.fromstring(config)))
    except ET.ParseError:
        content = config
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _objects(view: ET.Element, columns: Sequence[ShownColumn]) -> list[str]:
    """Add the elements that people look at; return their names, at least one."""
    names = list(table_keys(columns))
    beside = ET.SubElement(view, "View", style=_BESIDE) if len(names) > 1 else None
    for key in names:
        place = view if beside is None else ET.SubElement(beside, "View", style=_AS_WIDE)
        ET.SubElement(place, "Table", name=key, value=f"${key}")
    for key, title in shown_keys(columns).items():
        if len(columns) > 1:
            ET.SubElement(view, "Header", value=_plain(title), size="5")
        tag = "Text" if key.startswith("text") else "Image"
        ET.SubElement(view, tag, name=key, value=f"${key}")
        names.append(key)
    return names


def _plain(text: str) -> str:
    return _no_reference(readable(text, 2_000))


def _no_reference(text: str) -> str:
    """Keep Label Studio from replacing `$name` in a configuration, by invisible neighbours."""
    return text.replace("$", f"{WORD_JOINER}${WORD_JOINER}")


def _elements(root: ET.Element) -> list[str]:
    """Write each element, its attributes in order of name, as the document has them."""
    written = []
    for element in root.iter():
        attributes = "".join(f' {name}="{value}"' for name, value in sorted(element.items()))
        written.append(f"<{element.tag}{attributes}>")
    return written
