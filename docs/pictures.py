"""Draw the pictures of the documents anew: `make pictures`.

The label page is that of a real Label Studio, started for this and stopped
again, with questions about flights of one day of the first example, and about
an invented ticket.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from playwright.sync_api import ViewportSize
from pyarrow import parquet

from examples.flights import prepare
from functions.app import open_app
from functions.label_studio import survey
from infra.clouds.folder import Folder
from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.local import server
from labeling.labelstudio.local.installation import default_home
from labeling.labelstudio.local.server import Server
from labeling.labelstudio.projects import ensure_project
from labeling.labelstudio.push import Journal, push
from labeling.questions.shown import ShownColumn, shown_rows
from labeling.questions.survey import Survey
from labeling.questions.tasks import Task, make_task
from tests.fixtures.chromium import chromium
from tests.fixtures.label_page import LabelPage, new_context

IMAGES = Path(__file__).with_name("images")
JOB = Path(prepare.__file__).with_name("recheck.toml")
DAY = "2013-04-15"
TICKET = Survey(
    "Who should answer this ticket?",
    ("account", "billing", "technical"),
    (
        *(ShownColumn(name, "tabular") for name in ("received", "channel", "plan")),
        ShownColumn("body", "text"),
    ),
    cannot_tell=("too little said",),
)
_MAIL = "Dear team,\n\n" + "It takes a minute to load a page. Same as last time. " * 24


def main() -> None:
    """Write the pictures of the label page in `docs/images`."""
    with tempfile.TemporaryDirectory() as folder:
        home = replace(default_home(os.environ), data=Path(folder) / "server")
        running = server.up(home, lambda line: print(line, file=sys.stderr))
        try:
            IMAGES.mkdir(exist_ok=True)
            _draw(running, _ask(running, Path(folder)))
            _draw_ticket(running, _ask_about_a_ticket(running, Path(folder)))
        finally:
            server.down(home)


def _ask(running: Server, folder: Path) -> int:
    """Push a few questions as the job file asks them; return the project."""
    asked = survey(open_app(JOB).job)
    shown = shown_rows(_flights(folder), asked.columns)
    tasks: list[Task] = [make_task(asked, f"{n:032x}", text) for n, text in enumerate(shown)]
    with SdkClient(running.url, running.token) as client:
        project = ensure_project(client, "0" * 32, "flights verify", asked)
        push(client, project, tasks, Journal(Folder(folder), "push.json"))
    return project.id


def _ask_about_a_ticket(running: Server, folder: Path) -> int:
    row = {"received": "2026-10-05T08:37:30", "channel": "mail", "plan": "enterprise"}
    batch = pa.RecordBatch.from_pylist([row | {"body": _MAIL}])
    [shown] = shown_rows(batch, TICKET.columns)
    with SdkClient(running.url, running.token) as client:
        project = ensure_project(client, "1" * 32, "desk verify", TICKET)
        task = make_task(TICKET, "0" * 32, shown)
        push(client, project, [task], Journal(Folder(folder), "push-ticket.json"))
    return project.id


def _draw_ticket(running: Server, project: int) -> None:
    """Draw one question on a large screen and on a phone."""
    sizes: dict[str, ViewportSize] = {
        "label.png": {"width": 1200, "height": 600},
        "label-phone.png": {"width": 390, "height": 780},
    }
    with chromium() as browser, new_context(browser) as context:
        person = LabelPage(context.new_page(), running)
        person.log_in()
        for name, size in sizes.items():
            person.page.set_viewport_size(size)
            person.open(project)
            person.page.wait_for_timeout(1_000)  # what is open fades in
            person.page.screenshot(path=IMAGES / name)


def _flights(folder: Path) -> pa.RecordBatch:
    """A few flights of the afternoon of one day."""
    day = JOB.parent / "data" / f"{DAY}.parquet"
    if not day.exists():
        prepare.write_days(prepare.flights(prepare.source()), folder)
        day = folder / f"{DAY}.parquet"
    return parquet.read_table(day).slice(600, 5).combine_chunks().to_batches()[0]


def _draw(running: Server, project: int) -> None:
    with chromium() as browser, new_context(browser) as context:
        person = LabelPage(context.new_page(), running)
        person.page.set_viewport_size({"width": 1200, "height": 680})
        person.log_in()
        person.open(project)
        person.read_instructions()
        person.choose(prepare.ON_TIME)
        person.page.wait_for_timeout(500)  # what was clicked fades in
        person.page.screenshot(path=IMAGES / "label-page.png")


if __name__ == "__main__":
    main()
