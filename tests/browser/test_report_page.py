"""The report in a real browser: wide and narrow, by day and by night, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from labeling.answers.agreement import Agreement, Annotator
from labeling.estimates.calibration import Answered, calibration
from labeling.estimates.confusion import confusion
from labeling.estimates.known_truth import Truth
from labeling.report import Reason, ReportData, render
from tests.fixtures.judged import Row, judged
from tests.fixtures.report_data import batches, days, estimate, usual

WIDE, NARROW = 1180, 360

# Of all letters in a picture: do any two words lie on each other?
_OVERLAPS = """() => [...document.querySelectorAll("svg")].flatMap(svg => {
  const words = [...svg.querySelectorAll("text")].filter(one => one.getClientRects().length);
  const boxes = words.map(one => [one.textContent, one.getBoundingClientRect()]);
  return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([b, y]) =>
    x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 1 && y.top < x.bottom - 1
  ).map(([b]) => `${a} | ${b}`));
})"""

# The worst contrast of text against the page's ground, as WCAG 2.2 defines it.
_CONTRAST = """() => {
  const level = color => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(one => one / 255)
      .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ground = level(getComputedStyle(document.documentElement).backgroundColor);
  const words = document.querySelectorAll("h1, h2, h3, p:not(.banner, .alert, .warning), li, th, td:not(.matrix td), summary, dd, svg text");
  return Math.min(...[...words].map(one => {
    const style = getComputedStyle(one), ink = level(one.namespaceURI.endsWith("svg") ? style.fill : style.color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  }));
}"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(render(_crowded()), encoding="utf-8")
    return written


def _crowded() -> ReportData:
    """A year of days, long names, many cohorts: what a page has to bear."""
    year = days("2025-11-24", 364)
    daily = [
        estimate("batch", day, value=0.6 + place % 7 / 30, n_answered=100)
        for place, day in enumerate(year)
    ]
    shops = [
        estimate("all", "all", cohort=f"shop={name}")
        for name in ("x" * 300, "<b>&", *map(str, range(60)))
    ]
    classes = [
        estimate("all", "all", metric=metric, class_="cancelled or diverted")
        for metric in ("precision", "recall", "f1")
    ]
    weeks = [estimate("week", f"2026-W{week:02d}") for week in range(1, 48)]
    rows = [
        Row(label, (said,))
        for label in ("late", "on time", "cancelled or diverted")
        for said in ("late", "on time")
    ]
    chance = np.random.default_rng(5)
    return replace(
        usual(),
        estimates=[*daily, *weeks, *shops, *classes, estimate("all", "all")],
        batches=batches(year),
        drawn=dict.fromkeys(year, 150),
        reasons=[
            Reason("null_key", "id", 7),
            Reason("outside the range", "a column with a very long name", 3),
        ],
        agreement=Agreement(90, 40, 0.9, 0.8, (Annotator("a" * 80, 90, 1, 0, 0.9, 3.0),)),
        confusion=confusion(judged({"one": rows}).evidence(), ("late", "on time")),
        calibration=calibration(
            Answered(
                chance.uniform(0.4, 1, 500),
                chance.integers(0, 2, 500).astype(np.float64),
                np.ones(500),
            )
        ),
        truths=[Truth(metric="accuracy", period="week", window="2026-W47", value=0.7)],
        note="simulated",
    )


@pytest.fixture(
    params=[(width, scheme) for width in (WIDE, NARROW) for scheme in ("light", "dark")], ids=str
)
def page(request: pytest.FixtureRequest, browser: Browser, path: Path) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    opened = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda one: asked.append(one.url))
    opened.on("console", lambda one: said.append(one.text))
    opened.goto(path.as_uri())
    yield opened
    assert asked == [path.as_uri()], "the page asked for something else"
    assert said == [], "the browser complained"
    context.close()


def test_nothing_sticks_out_of_the_page(page: Page) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")

    assert width == page.viewport_size["width"]  # type: ignore[index]


def test_no_words_of_a_picture_lie_on_each_other(page: Page) -> None:
    assert page.evaluate(_OVERLAPS) == []


def test_letters_keep_their_size_on_every_screen(page: Page) -> None:
    """A picture that shrinks must not shrink its words."""
    heights = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(one => one.getBBox().height).filter(Boolean)"
    )

    assert len(heights) > 30
    assert min(heights) >= 11


def test_every_text_stands_out_from_its_ground(page: Page) -> None:
    """WCAG 2.2 asks for 4.5 : 1."""
    assert page.evaluate(_CONTRAST) >= 4.5


def test_the_keyboard_opens_the_numbers(page: Page) -> None:
    table = page.locator("#time .numbers")
    assert not table.is_visible()

    page.locator("#time summary").focus()
    page.keyboard.press("Enter")

    assert table.is_visible()


def test_pictures_fill_their_width(page: Page) -> None:
    """The band of the newest week lies at the right end."""
    plot, bands = page.locator("#time svg.tall"), page.locator("#time svg.tall rect.band")

    frame, band = plot.bounding_box(), bands.last.bounding_box()

    assert frame
    assert band
    assert band["x"] + band["width"] == pytest.approx(frame["x"] + frame["width"], abs=2)


def test_paper_is_white_and_shows_pictures_alone(browser: Browser, path: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(path.as_uri())

    page.emulate_media(media="print", color_scheme="dark")

    assert (
        page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert page.locator("details:visible, nav:visible").count() == 0
    page.close()


def test_a_script_in_the_data_does_not_run(browser: Browser, tmp_path: Path) -> None:
    nasty = "</script><img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"
    written = tmp_path / "nasty.html"
    written.write_text(render(usual(job=nasty, note=nasty, question=nasty)), encoding="utf-8")
    page = browser.new_page()

    page.goto(written.as_uri())

    assert page.title() == f"{nasty}: how good the predictions were"
    assert page.locator("img, script").count() == 0
    page.close()
