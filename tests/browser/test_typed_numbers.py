"""Numbers are typed by the keyboard alone, in English and in German browsers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from labeling.labelstudio.local.server import Server
from tests.fixtures.drawn_job import drawn, job, shown
from tests.fixtures.label_page import LabelPage, new_context
from tests.fixtures.people import People

COLORS = ("red", "blue")
LIMITS = """
unit = "kg"
minimum = 0
maximum = 500
cannot_tell = ["no scale in sight", "two parcels"]
"""

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture(params=["en-US", "de-DE"])
def page(
    request: pytest.FixtureRequest, browser: Browser, logged_in: Any, running: Server
) -> Iterator[LabelPage]:
    with new_context(browser, logged_in, request.param) as context:
        yield LabelPage(context.new_page(), running)


def parcels(tmp_path: Path) -> Any:
    rows = [{"id": f"p{n}", "color": COLORS[n % 2], "weight": 1.5 + n} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "weight", "--number")
    terminal.edit("[labeling]", f"[labeling]{LIMITS}")
    return terminal


def test_a_comma_is_a_decimal_mark_in_every_browser(
    tmp_path: Path, people: People, page: LabelPage
) -> None:
    terminal = parcels(tmp_path)
    project = terminal.ok("push")["project"]
    page.open(project)
    wanted = {}
    for text, number in (("3,5", "3.5"), ("3.5", "3.5"), ("0,125", "0.125"), ("35", "35")):
        wanted[shown(people, project, page)] = number
        page.enter(text)
        assert page.press() == 201

    assert terminal.ok("pull")["labels"] == len(wanted)
    said = {one["prediction_id"]: one["label"] for one in terminal.rows("select * from labels")}
    assert said == wanted


def test_what_may_be_two_numbers_or_lies_beyond_the_limits_is_none(
    tmp_path: Path, page: LabelPage
) -> None:
    terminal = parcels(tmp_path)
    page.open(terminal.ok("push")["project"])
    assert "in kg, from 0 to 500" in page.text
    for text in ("1,234", "501", "heavy"):
        page.enter(text)
        assert page.press() == 201

    pulled = terminal.ok("pull")
    assert (pulled["labels"], pulled["invalid"]) == (0, 3)


def test_nothing_is_no_number(tmp_path: Path, label_page: LabelPage) -> None:
    """A field for numbers would send 0."""
    terminal = parcels(tmp_path)
    label_page.open(terminal.ok("push")["project"])

    label_page.page.get_by_role("button", name="Submit").first.click()

    label_page.page.get_by_text("Please type a number.").wait_for()
    assert terminal.ok("pull")["annotations"] == 0


def test_a_number_is_sent_without_enter(tmp_path: Path, label_page: LabelPage) -> None:
    """As people do on a phone."""
    terminal = parcels(tmp_path)
    label_page.open(terminal.ok("push")["project"])

    label_page.page.get_by_test_id("textarea-input").fill("7,5")
    assert label_page.submit() == 201

    terminal.ok("pull")
    assert [one["label"] for one in terminal.rows("select label from labels")] == ["7.5"]


def test_a_reason_is_counted_and_no_answer(tmp_path: Path, label_page: LabelPage) -> None:
    terminal = parcels(tmp_path)
    label_page.open(terminal.ok("push")["project"])
    label_page.enter("7")
    label_page.press("q")
    for key in ("w", "w"):
        assert label_page.press(key) == 201
    label_page.enter("8")
    label_page.press()

    pulled = terminal.ok("pull")
    assert (pulled["labels"], pulled["skipped"]) == (1, 3)
    assert pulled["cannot_tell"] == {"two parcels": 2, "no scale in sight": 1}
    states = terminal.rows("select state, reason, answer from annotations order by all")
    assert [tuple(one.values()) for one in states] == [
        ("skipped", "no scale in sight", None),
        ("skipped", "two parcels", None),
        ("skipped", "two parcels", None),
        ("valid", None, "8"),
    ]
    [mae] = [
        one
        for one in terminal.ok("estimate")["estimates"]
        if (one["metric"], one["cohort"], one["period"]) == ("mae", None, "batch")
    ]
    assert (mae["n_answered"], len(drawn(terminal))) == (1, 10)
