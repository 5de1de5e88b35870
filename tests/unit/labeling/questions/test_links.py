"""People open addresses of http and https, and nothing else that a row may hold."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from labeling.questions.label_page import label_config
from labeling.questions.links import NO_LINKS, is_address, links_html
from labeling.questions.shown import ShownColumn
from labeling.questions.survey import Survey
from labeling.questions.tasks import digest_of, make_task

COLUMNS = (ShownColumn("url", "tabular"), ShownColumn("<b>page</b>", "text"))


def row(url: str, page: str = "—") -> str:
    return json.dumps({"row": [{"Name": "url", "Value": url}], "text1": page})


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,<script>1</script>",
        "https://",
        "https://example.com/ x",
        'https://example.com/"onmouseover="alert(1)',
        "https://example.com/<script>",
        "https://example.com/" + "a" * 500 + "…",
        "http://[::1",
        " https://example.com",
        "—",
    ],
)
def test_whatever_is_no_whole_address_is_no_link(text: str) -> None:
    assert not is_address(text)
    assert links_html(row(text), COLUMNS, ["url"]) == NO_LINKS


def test_links_are_escaped_and_open_elsewhere() -> None:
    made = links_html(row("https://example.com/a?b=1&c=2"), COLUMNS, ["url"])

    [link] = ET.fromstring(f"<p>{made}</p>").iter("a")
    assert link.attrib == {
        "href": "https://example.com/a?b=1&c=2",
        "target": "_blank",
        "rel": "noopener noreferrer",
    }


def test_the_name_of_a_column_is_text() -> None:
    made = links_html(row("—", "http://example.com"), COLUMNS, ["<b>page</b>"])

    assert made.startswith("<div>&lt;b&gt;page&lt;/b&gt;: <a ")


def test_links_are_no_part_of_the_question() -> None:
    """Also where a job names them later."""
    plain = Survey("Good?", ("yes", "no"), COLUMNS)
    linked = Survey("Good?", ("yes", "no"), COLUMNS, links=("url",))
    shown = row("https://example.com")

    before, after = (make_task(survey, "0" * 32, shown) for survey in (plain, linked))

    assert before.shown_digest == after.shown_digest == digest_of(after.content, "")
    assert "links" in after.content["data"]
    assert "links" not in before.content["data"]
    assert "$links" in label_config(linked)
    assert "$links" not in label_config(plain)
