"""Questions go to a real Label Studio, answers come back, each once and to its question."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pytest
from label_studio_sdk import LabelStudio as Sdk
from PIL import Image

from labeling.answers.answer_files import AnswerForm, read_answers
from labeling.answers.intake import Intake, hold, take, to_table
from labeling.labelstudio import client as client_module
from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.listing import each_task
from labeling.labelstudio.local.server import Server
from labeling.labelstudio.projects import Project, ensure_project, find_project
from labeling.labelstudio.pull import Cursor, pull
from labeling.labelstudio.push import Journal, push
from labeling.questions.shown import ShownColumn, shown_rows
from labeling.questions.survey import Survey
from labeling.questions.tasks import Task, digest_of, make_task
from pipelines.errors import (
    LabelStudioRefused,
    LabelStudioUnreachable,
    ProjectChanged,
    RecheckError,
    SettingsInvalid,
)
from pipelines.tables.schemas import ANNOTATIONS
from tests.fixtures.questions import SURVEY, questions

if TYPE_CHECKING:
    from tests.labelstudio.conftest import Desk

Say = Callable[..., Any]


@pytest.fixture
def person(running: Server, api: Any) -> Iterator[Any]:
    """A second person, signed up by invitation."""
    invitation = api._client_wrapper.httpx_client.request("api/invite", method="GET").json()[
        "invite_url"
    ]
    with httpx.Client(base_url=running.url, follow_redirects=True) as browser:
        form = browser.get(invitation).text
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token
        account = {"email": f"{uuid4().hex}@example.com", "password": "Passw0rd!x"}
        browser.post(
            invitation,
            data=account | {"csrfmiddlewaretoken": token[1]},
            headers={"Referer": running.url + invitation},
        )
        key = browser.get("/api/current-user/token").json()["token"]
    with httpx.Client() as connection:
        yield Sdk(base_url=running.url, api_key=key, httpx_client=connection)


def _picture() -> bytes:
    written = io.BytesIO()
    Image.radial_gradient("L").save(written, "PNG")
    return written.getvalue()


ROWS = pa.record_batch(
    {
        "debt ratio": [0.1, 1e300, None],
        "Größe": ["<b>x</b>", "a & b", "s3://bucket/key"],
        "day": pa.array([0, None, 86_400], pa.timestamp("s")),
        "tweet": ["$5 for you\nand me", "", "'\"\\"],
        "photo": [_picture(), None, b"\xff\xd8\xff"],
    }
)
TABLE = tuple(ShownColumn(name, "tabular") for name in ("debt ratio", "Größe", "day"))


@pytest.mark.parametrize(
    "survey",
    [
        Survey(
            "Which?",
            ("a $5", "b & <c>", 'd "e"', "3", "für"),
            TABLE,
            "Take care.",
            "https://example.com/g",
        ),
        Survey("How $much?", (), TABLE),
        Survey(
            "Which?",
            tuple(f"class {number}" for number in range(40)),
            (ShownColumn("tweet", "text"),),
        ),
        Survey(
            "Which?",
            ("a", "b"),
            (ShownColumn("photo", "image"), ShownColumn("tweet", "text"), *TABLE),
        ),
    ],
    ids=["classes", "numbers", "text, many classes", "picture, text and table"],
)
def test_every_survey_is_accepted_and_comes_back_as_it_was(
    survey: Survey, client: SdkClient, journal: Journal
) -> None:
    """The configuration stays equal, and every task is recognised by what it shows."""
    marker = uuid4().hex
    project = ensure_project(client, marker, "any title", survey)
    tasks = [
        make_task(survey, f"{n:032x}", shown)
        for n, shown in enumerate(shown_rows(ROWS, survey.columns))
    ]

    push(client, project, tasks, journal)

    assert ensure_project(client, marker, "any title", survey) == project
    back = client.tasks(project.id, {}, ())
    assert [digest_of(task, "?") for task in back] == [task.shown_digest for task in tasks]
    assert [task["data"] for task in back] == [task.content["data"] for task in tasks]
    assert not any(task["predictions"] for task in back)


def test_pushing_again_makes_nothing(desk: Desk) -> None:
    tasks = questions(130)

    first, again = desk.ask(tasks), desk.ask(tasks)

    assert (first.created, first.existing, again.created, again.existing) == (130, 0, 0, 130)
    assert list(desk.asked()) == [task.prediction_id for task in tasks]


def test_doubles_are_removed_unless_they_are_answered(desk: Desk, say: Say) -> None:
    client, project = desk.client, desk.project
    tasks = questions(4)
    client.import_tasks(project.id, [dict(task.content) for task in tasks * 2])
    ids = sorted(task["id"] for task in client.tasks(project.id, {}, ("id",)))
    say(ids[4], "yes")
    say(ids[5], None)

    pushed = desk.ask(tasks)

    left = sorted(task["id"] for task in client.tasks(project.id, {}, ("id",)))
    assert (pushed.created, pushed.removed, left) == (0, 4, [ids[2], ids[3], ids[4], ids[5]])


def test_another_question_is_asked_anew(client: SdkClient, journal: Journal, say: Say) -> None:
    """The project follows the job file; the answered old task stays, the other goes."""
    marker = uuid4().hex
    project = ensure_project(client, marker, "flights", SURVEY)
    first = push(client, project, questions(2), journal)
    say(first.tasks["0" * 32], "yes")
    asks_now = replace(SURVEY, question="Was it late?")

    assert ensure_project(client, marker, "flights", asks_now) == project
    second = push(client, project, questions(2, asks_now), journal)

    assert (second.created, second.removed) == (2, 1)
    assert client.project(project.id)["task_number"] == 3
    assert "Was it late?" in client.project(project.id)["label_config"]


def test_what_is_shown_can_grow(client: SdkClient, journal: Journal) -> None:
    """Also by what the old tasks do not have; they give way."""
    marker = uuid4().hex
    push(client, ensure_project(client, marker, "flights", SURVEY), questions(1), journal)
    shows_more = replace(SURVEY, columns=(*SURVEY.columns, ShownColumn("tweet", "text")))
    task = make_task(shows_more, "0" * 32, '{"row":{"carrier":"AA"},"text1":"hello"}')

    pushed = push(client, ensure_project(client, marker, "flights", shows_more), [task], journal)

    assert (pushed.created, pushed.removed) == (1, 1)


def test_a_configuration_changed_by_hand_is_refused(client: SdkClient, api: Any) -> None:
    marker = uuid4().hex
    project = ensure_project(client, marker, "flights", SURVEY)
    config = api.projects.get(project.id).label_config
    api.projects.update(project.id, label_config=config.replace("yes", "perhaps"))

    with pytest.raises(ProjectChanged, match='value="perhaps"> is not ours'):
        ensure_project(client, marker, "flights", SURVEY)


def test_a_question_for_two_is_given_to_a_second_person(
    desk: Desk, api: Any, person: Any, say: Say
) -> None:
    """And the question for one is not."""
    one, two = questions(2)
    ids = desk.ids([one, replace(two, annotators=2)])
    for task in ids:
        say(task, "yes")

    given = person._client_wrapper.httpx_client.request(
        f"api/projects/{desk.project.id}/next", method="GET"
    )

    assert given.json()["id"] == ids[1]
    assert api.projects.get(desk.project.id).maximum_annotations == 1


class Books:
    """A job's table of answers and its cursor."""

    def __init__(self, client: SdkClient, project: Project, tasks: list[Task]) -> None:
        self.client, self.project = client, project
        self.drawn = {task.prediction_id: task.shown_digest for task in tasks}
        self.table, self.cursor = ANNOTATIONS.empty_table(), None
        self._known_at = datetime(2026, 1, 1, tzinfo=UTC)

    cursor: Cursor | None

    def pull(self) -> Intake:
        held = hold(self.table)
        pulled = pull(self.client, self.project, SURVEY, held, self.drawn, cursor=self.cursor)
        self.cursor = pulled.cursor
        return self.keep(take(pulled.answers, held, drawn=self.drawn))

    def keep(self, intake: Intake) -> Intake:
        self._known_at += timedelta(seconds=1)
        rows = to_table(intake.rows, job="j", purpose="verify", known_at=self._known_at)
        self.table = pa.concat_tables([self.table, rows])
        return intake


def test_answers_changes_skips_and_deletions_come_back(desk: Desk, api: Any, say: Say) -> None:
    tasks = questions(12)
    task = desk.ids(tasks)
    books = Books(desk.client, desk.project, tasks)
    made = [say(task[n], "yes") for n in range(6)]
    say(task[6], None)
    say(task[7], "nonsense")
    say(task[8], "yes")
    say(task[8], "no")

    first = books.pull()
    assert (first.labels, first.skipped, first.invalid, first.unknown) == (7, 1, 1, 0)
    assert {answer.lead_time for answer in first.rows} == {2.5}
    assert books.pull().rows == ()

    api.annotations.update(
        made[0].id,
        result=[
            {
                "from_name": "answer",
                "to_name": "row",
                "type": "choices",
                "value": {"choices": ["no"]},
            }
        ],
    )
    api.annotations.delete(made[1].id)
    api.tasks.delete(str(task[2]))
    say(task[9], "yes")
    second = books.pull()

    changes = {answer.prediction_id: (answer.answer, answer.state) for answer in second.rows}
    assert changes == {
        tasks[0].prediction_id: ("no", "valid"),
        tasks[1].prediction_id: ("yes", "deleted"),
        tasks[2].prediction_id: ("yes", "deleted"),
        tasks[9].prediction_id: ("yes", "valid"),
    }
    assert books.pull().rows == ()


def test_an_exported_file_says_the_same_as_a_pull(
    desk: Desk, api: Any, say: Say, tmp_path: Path
) -> None:
    tasks = questions(3)
    for task in desk.ids(tasks):
        say(task, "yes")
    books = Books(desk.client, desk.project, tasks)
    pulled = books.pull()
    file = tmp_path / "export.json"
    file.write_bytes(
        b"".join(api.projects.exports.download_sync(desk.project.id, export_type="JSON"))
    )

    found = read_answers(file, AnswerForm(SURVEY), lambda _batch, _keys: [])

    assert [replace(answer, source=desk.project.source) for answer in found] == list(pulled.rows)
    assert take(found, hold(books.table), drawn=books.drawn).rows == ()


def test_a_deleted_project_is_an_archive(client: SdkClient, journal: Journal, say: Say) -> None:
    """Its answers stay; the next push makes another, and a pull of that takes nothing back."""
    marker, tasks = uuid4().hex, questions(2)
    project = ensure_project(client, marker, "flights", SURVEY)
    books = Books(client, project, tasks)
    say(push(client, project, tasks, journal).tasks["0" * 32], "yes")
    books.pull()
    client.delete_project(project.id)
    assert find_project(client, marker) is None

    books.project = ensure_project(client, marker, "flights", SURVEY)
    push(client, books.project, tasks, journal)

    assert books.pull().rows == ()
    assert [answer.state for answer in hold(books.table).now.values()] == ["valid"]


def test_long_listings_are_complete(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page, though tasks disappear while we read."""
    monkeypatch.setattr(client_module, "PAGE", 10)
    desk.client.import_tasks(desk.project.id, [dict(task.content) for task in questions(25)])

    seen = []
    for task in each_task(desk.client, desk.project.id, ("id",)):
        seen.append(task["id"])
        if len(seen) == 5:
            desk.client.delete_unanswered(desk.project.id, seen)

    assert len(seen) == 25


def test_failures_say_what_to_do(running: Server, client: SdkClient) -> None:
    """Every one is ours, names the way out, and shows no key."""
    key = running.token
    cases: list[tuple[type[RecheckError], str, Callable[[], object]]] = [
        (LabelStudioUnreachable, "does not answer", lambda: _listed("http://127.0.0.1:9", key)),
        (LabelStudioRefused, "refuses the key", lambda: _listed(running.url, "0" * 40)),
        (LabelStudioRefused, "refuses the key", lambda: _listed(running.url, "a.b.c")),
        (LabelStudioRefused, "is not Label Studio", lambda: _listed(f"{running.url}/nowhere", key)),
        (LabelStudioRefused, "No Project matches", lambda: client.project(999_999)),
        (LabelStudioRefused, "No Project matches", lambda: client.tasks(999_999, {}, ("id",))),
        (SettingsInvalid, "the address", lambda: _listed("labels.example.com", key)),
    ]
    for kind, problem, call in cases:
        with pytest.raises(kind, match=problem) as failed:
            call()
        assert failed.value.fix
        assert key not in str(failed.value)


def _listed(url: str, key: str) -> object:
    with SdkClient(url, key) as client:
        return client.projects()


def test_a_refused_task_is_not_quoted(desk: Desk) -> None:
    """Rows have no place in logs."""
    with pytest.raises(LabelStudioRefused, match="400") as refused:
        desk.client.import_tasks(desk.project.id, [{"data": {"secret": "4711"}}])

    assert "4711" not in json.dumps(str(refused.value))


HALF = "\\ud800"  # half a character, as JSON writes it: the database takes it, and no reply can hold it


def _post(running: Server, path: str, body: str) -> int:
    """Send JSON as anybody may who has a key, whatever clients would refuse to write."""
    headers = {"Authorization": f"Token {running.token}", "Content-Type": "application/json"}
    return httpx.post(running.url + path, content=body, headers=headers).status_code


def test_what_people_meddle_with_is_set_aside_and_everything_else_goes_on(
    running: Server, desk: Desk, say: Say
) -> None:
    """Label Studio itself answers 500 to every page that holds one of these tasks."""
    tasks = questions(6)
    ids = desk.ids(tasks)
    for task in ids[:5]:
        say(task, "yes")
    digest = {"prediction_id": tasks[0].prediction_id, "shown_digest": tasks[0].shown_digest}
    odd = [
        {"data": tasks[0].content["data"] | {"prediction_id": {"a": 1}}, "meta": digest},
        {"data": tasks[0].content["data"] | {"prediction_id": [1]}, "meta": ["no", "notes"]},
    ]
    _post(running, f"/api/projects/{desk.project.id}/import", json.dumps(odd))
    texts = f'[{{"data": {{"prediction_id": "{HALF}", "row": "{HALF}"}}}}]'
    _post(running, f"/api/projects/{desk.project.id}/import", texts)
    region = (
        '{"from_name": "answer", "to_name": "row", "type": "choices", "value": {"choices": ["%s"]}}'
    )
    _post(running, f"/api/tasks/{ids[4]}/annotations", f'{{"result": [{region % HALF}]}}')

    drawn = {task.prediction_id for task in tasks}
    held = hold(ANNOTATIONS.empty_table())
    pulled = pull(desk.client, desk.project, SURVEY, held, drawn, cursor=None)
    pushed = desk.ask(tasks)

    assert [answer.prediction_id for answer in pulled.answers] == [
        task.prediction_id for task in tasks[:4]
    ]
    assert list(pulled.unreadable) == [f"task {ids[4]} of project {desk.project.id}"]
    assert (pushed.created, len(pushed.unreadable)) == (0, 1)
