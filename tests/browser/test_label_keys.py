"""The label page by the keyboard alone, on large and small screens."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from labeling.questions.answer_keys import IN_ORDER
from tests.fixtures.drawn_job import drawn, job, shown
from tests.fixtures.label_page import LabelPage
from tests.fixtures.people import People

DESK, PHONE = {"width": 1200, "height": 640}, {"width": 390, "height": 844}

pytestmark = pytest.mark.usefixtures("people")

# Of each of these elements: how much of it lies on the screen?
_IN_SIGHT = """names => [...document.querySelectorAll(names)].map(one => {
  const box = one.getBoundingClientRect();
  return box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth;
})"""


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(written, "PNG")
    return written.getvalue()


def in_sight(page: Page, names: str) -> list[bool]:
    found: list[bool] = page.evaluate(_IN_SIGHT, names)
    return found


def digits(count: int = 30) -> list[dict[str, Any]]:
    chance = np.random.default_rng(3)
    return [
        {"id": f"d{n}", "scan": png(chance.integers(0, 255, (8, 8))), "read": str(n % 10)}
        for n in range(count)
    ]


def test_pressing_a_digit_chooses_that_digit(
    tmp_path: Path, people: People, label_page: LabelPage
) -> None:
    terminal = job(tmp_path, digits(), "--predicted", "read")
    project = terminal.ok("push")["project"]
    rows = drawn(terminal)
    label_page.open(project)
    wanted = {}
    for number in range(9):
        key = str(9 - number)
        wanted[shown(people, project, label_page)] = key
        assert label_page.press(key) == 201
    assert terminal.ok("pull")["labels"] == 9

    said = {row["prediction_id"]: row["label"] for row in terminal.rows("select * from labels")}
    assert {one: said[one] for one in wanted} == wanted
    assert wanted.keys() <= rows.keys()


def test_every_key_chooses_the_answer_beside_it(tmp_path: Path, label_page: LabelPage) -> None:
    """Also beside a picture, whose tools have keys, too."""
    names = [f"kind {number:02}" for number in range(len(IN_ORDER))]
    rows = [one | {"read": names[n % len(names)]} for n, one in enumerate(digits(66))]
    terminal = job(tmp_path, rows, "--predicted", "read")
    label_page.open(terminal.ok("push")["project"])
    chosen = label_page.page.locator(".lsf-choice:has(input:checked)")

    for name, key in zip(names, IN_ORDER, strict=True):
        label_page.page.keyboard.press(key)
        assert chosen.all_inner_texts() == [f"{name}[{key}]"]


def test_small_pictures_are_enlarged_with_sharp_edges(
    tmp_path: Path, label_page: LabelPage
) -> None:
    terminal = job(tmp_path, digits(), "--predicted", "read")
    label_page.open(terminal.ok("push")["project"])
    image = label_page.page.locator(".lsf-image img").first
    image.wait_for()
    label_page.page.wait_for_function("document.querySelector('.lsf-image img').clientWidth > 200")

    assert image.evaluate("one => getComputedStyle(one).imageRendering") == "pixelated"


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_answers_stay_in_sight_beside_a_long_text(
    tmp_path: Path, label_page: LabelPage, screen: dict[str, int]
) -> None:
    rows = [
        {"id": f"m{n}", "mail": f"Mail {n}. " + "I wait for my refund. " * 400, "team": "billing"}
        | {f"feature {number}": number * n for number in range(12)}
        for n in range(30)
    ]
    terminal = job(tmp_path, rows, "--predicted", "team", "--answer", "support")
    label_page.page.set_viewport_size(screen)  # type: ignore[arg-type]
    label_page.open(terminal.ok("push")["project"])

    _everything_is_in_sight(label_page.page, answers=2)
    text, table = label_page.page.locator(".lsf-richtext"), label_page.page.locator("table").first
    assert _top(text) < _top(table)
    label_page.page.locator(".recheck-row").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    _everything_is_in_sight(label_page.page, answers=2)
    label_page.press("2")
    assert [row["label"] for row in _pulled(terminal)] == ["support"]


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_a_large_picture_fits_the_screen(
    tmp_path: Path, label_page: LabelPage, screen: dict[str, int]
) -> None:
    photo = png(np.zeros((1500, 900, 3)))
    rows = [{"id": f"p{n}", "photo": photo, "seen": "cat"} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "seen", "--answer", "dog")
    label_page.page.set_viewport_size(screen)  # type: ignore[arg-type]
    label_page.open(terminal.ok("push")["project"])
    label_page.page.wait_for_function("document.querySelector('.lsf-image img').clientWidth > 50")

    _everything_is_in_sight(label_page.page, answers=2)
    assert in_sight(label_page.page, ".lsf-image img") == [True]


def test_panels_of_regions_are_closed(tmp_path: Path, label_page: LabelPage) -> None:
    """No answer has a region, so they would be empty."""
    rows = [{"id": f"r{n}", "size": n % 7, "kind": "a"} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "kind", "--answer", "b")
    label_page.open(terminal.ok("push")["project"])

    assert "Labeled regions will appear here" not in label_page.text
    assert label_page.page.locator(".recheck").bounding_box()["width"] > 1100  # type: ignore[index]


def test_links_are_opened_in_another_tab(tmp_path: Path, label_page: LabelPage) -> None:
    rows = [{"id": f"l{n}", "url": f"http://127.0.0.1:9/{n % 9}", "kind": "a"} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "kind", "--answer", "b", "--show", "url")
    terminal.edit("[labeling]", '[labeling]\nlinks = ["url"]')
    label_page.open(terminal.ok("push")["project"])

    link = label_page.page.locator(".lsf-htx-richtext a, .lsf-richtext a").first
    assert str(link.get_attribute("href")).startswith("http://127.0.0.1:9/")
    with label_page.page.context.expect_page() as opened:
        link.click()
    opened.value.close()
    assert label_page.press("a") == 201


def _everything_is_in_sight(page: Page, answers: int) -> None:
    assert in_sight(page, ".lsf-choice") == [True] * answers
    assert page.get_by_role("button", name="Submit").first.bounding_box()["y"] < 844  # type: ignore[index]
    assert in_sight(page, ".lsf-controls button")[:2] == [True, True]


def _top(element: Any) -> float:
    return float(element.bounding_box()["y"])


def _pulled(terminal: Any) -> Sequence[dict[str, Any]]:
    terminal.ok("pull")
    found: Sequence[dict[str, Any]] = terminal.rows("select label from labels")
    return found
