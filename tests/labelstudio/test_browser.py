"""People answer with a mouse: a real browser on the real label page."""

from __future__ import annotations

from uuid import uuid4

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.answers.intake import Held, take
from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.local.server import Server
from labeling.labelstudio.projects import Project, ensure_project
from labeling.labelstudio.pull import pull
from labeling.labelstudio.push import Journal, push
from labeling.questions.shown import ShownColumn, shown_rows
from labeling.questions.survey import Survey
from labeling.questions.tasks import make_task

COLUMNS = (ShownColumn("carrier", "tabular"), ShownColumn("remark", "text"))
ROWS = pa.record_batch({"carrier": ["<b>AA</b>"], "remark": ["It cost $day and <i>night</i>"]})
SLOW = 60_000  # milliseconds; the editor takes 3 to 6 seconds on a busy machine


@pytest.fixture(scope="module")
def page(browser: Browser, running: Server) -> Page:
    """A page of somebody who has logged in."""
    opened = browser.new_page()
    opened.set_default_timeout(SLOW)
    opened.goto(f"{running.url}/user/login/")
    opened.fill("input[name=email]", running.user)
    opened.fill("input[name=password]", running.password)
    opened.click("button[type=submit]")
    opened.wait_for_url(lambda url: "login" not in url)
    return opened


def ask(client: SdkClient, journal: Journal, survey: Survey) -> Project:
    project = ensure_project(client, uuid4().hex, "clicks", survey)
    task = make_task(survey, "0" * 32, shown_rows(ROWS, survey.columns)[0])
    push(client, project, [task], journal)
    return project


def submit(page: Page) -> None:
    def is_stored(reply: object) -> bool:
        url, method = (
            getattr(reply, "url", ""),
            getattr(getattr(reply, "request", None), "method", ""),
        )
        return "/annotations" in url and method == "POST"

    with page.expect_response(is_stored):
        page.get_by_role("button", name="Submit").first.click()


def answers(client: SdkClient, project: Project, survey: Survey) -> list[tuple[str | None, str]]:
    drawn = {"0" * 32: ""}
    nothing = Held({}, set())
    pulled = pull(client, project, survey, nothing, drawn, cursor=None)
    return [(row.answer, row.state) for row in take(pulled.answers, nothing, drawn=drawn).rows]


def test_a_class_is_clicked(page: Page, client: SdkClient, journal: Journal) -> None:
    """What is shown is the row as it is, also where it looks like markup or a reference."""
    survey = Survey("Over $5 & < $100?", ("a $5", "b & <c>"), COLUMNS)
    project = ask(client, journal, survey)

    page.goto(f"{client.url}/projects/{project.id}/data?labeling=1")
    choice = page.locator(".lsf-choice label").first
    expect(choice).to_contain_text("$", timeout=SLOW)
    text = page.locator("body").inner_text().replace("\u2060", "")
    choice.click()
    submit(page)

    for shown in (
        "Over $5 & < $100?",
        "<b>AA</b>",
        "It cost $day and <i>night</i>",
        "a $5",
        "b & <c>",
    ):
        assert shown in text
    assert answers(client, project, survey) == [("a $5", "valid")]


def test_a_number_is_typed(page: Page, client: SdkClient, journal: Journal) -> None:
    """Negative and broken numbers too."""
    survey = Survey("How late?", (), COLUMNS)
    project = ask(client, journal, survey)

    page.goto(f"{client.url}/projects/{project.id}/data?labeling=1")
    field = page.get_by_test_id("textarea-input")
    field.fill("-3.25")
    field.press("Enter")
    submit(page)

    assert answers(client, project, survey) == [("-3.25", "valid")]


def test_a_question_can_be_skipped_but_not_left_empty(
    page: Page, client: SdkClient, journal: Journal
) -> None:
    survey = Survey("Late?", ("yes", "no"), COLUMNS)
    project = ask(client, journal, survey)

    page.goto(f"{client.url}/projects/{project.id}/data?labeling=1")
    page.wait_for_selector(".lsf-choice label")
    assert page.get_by_role("button", name="Submit").first.is_disabled()
    with page.expect_response(
        lambda reply: "/annotations" in reply.url and reply.request.method == "POST"
    ):
        page.get_by_role("button", name="Skip").first.click()

    assert answers(client, project, survey) == [(None, "skipped")]
