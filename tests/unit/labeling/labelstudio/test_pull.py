"""What we hold after a pull is what Label Studio has, whatever happened there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.intake import Answer, Intake, hold, take, to_table
from labeling.labelstudio import listing
from labeling.labelstudio import pull as module
from labeling.labelstudio.projects import Project, ensure_project
from labeling.labelstudio.pull import Cursor, pull
from labeling.questions.shown import ShownColumn
from labeling.questions.survey import Survey
from labeling.questions.tasks import make_task
from pipelines.errors import LabelStudioUnreachable
from pipelines.tables.schemas import ANNOTATIONS
from tests.fixtures.fake_label_studio import FakeLabelStudio, content

PLAIN = ["tasks"] * 3  # the newest task, those that moved, and some of them in full
SURVEY = Survey("Late?", ("yes", "no"), (ShownColumn("carrier", "tabular"),))


@dataclass
class Desk:
    """A job with eight questions, its project, and the table of its answers."""

    server: FakeLabelStudio = field(default_factory=FakeLabelStudio)
    table: pa.Table = field(default_factory=ANNOTATIONS.empty_table)
    cursor: Cursor | None = None
    pulls: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tasks = [
            make_task(SURVEY, f"{n:032x}", json.dumps({"row": {"carrier": n}})) for n in range(8)
        ]
        self.drawn = {task.prediction_id: task.shown_digest for task in self.tasks}
        self.project = self.open()

    def open(self) -> Project:
        project = ensure_project(self.server, "0" * 32, "flights", SURVEY)
        self.server.import_tasks(project.id, [content(task) for task in self.tasks])
        return project

    def pull(self) -> Intake:
        held = hold(self.table)
        pulled = pull(self.server, self.project, SURVEY, held, self.drawn, cursor=self.cursor)
        intake = take(pulled.answers, held, drawn=self.drawn)
        self.pulls += 1
        known_at = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=self.pulls)
        rows = to_table(intake.rows, job="flights", purpose="verify", known_at=known_at)
        self.table, self.cursor = pa.concat_tables([self.table, rows]), pulled.cursor
        self.unreadable = pulled.unreadable
        return intake

    def held(self) -> dict[str, tuple[str | None, str, str | None]]:
        """What counts as said, by our books."""
        return {
            key: (answer.answer, answer.state, answer.annotator)
            for key, answer in hold(self.table).now.items()
            if answer.state != "deleted"
        }

    def said(self) -> dict[str, tuple[str | None, str, str | None]]:
        """What was said, by theirs."""
        return dict(self._said())

    def _said(self) -> Iterator[tuple[str, tuple[str | None, str, str | None]]]:
        for number, task in self.server.board.items():
            for one in task["annotations"] if task["data"]["prediction_id"] in self.drawn else ():
                text = None if one["was_cancelled"] else one["result"][0]["value"]["choices"][0]
                state = (
                    "skipped" if text is None else "valid" if text in SURVEY.answers else "invalid"
                )
                born = datetime.fromisoformat(one["created_at"]).strftime("%Y%m%dT%H%M%S%f")
                yield f"ls:{number}:{one['id']}:{born}", (text, state, str(one["completed_by"]))


def test_counts_what_came() -> None:
    """Two answers of one person to a question make one label."""
    desk = Desk()
    for task, answer in ((1, "yes"), (2, None), (3, "nonsense"), (4, "no"), (4, "no")):
        desk.server.answer(task, answer)

    intake = desk.pull()

    assert intake.counts == {
        "annotations": 5,
        "labels": 2,
        "skipped": 1,
        "invalid": 1,
        "unknown": 0,
        "stale": 0,
        "outcomes": 0,
    }


def test_the_same_again_adds_nothing() -> None:
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.pull()

    assert desk.pull().counts == dict.fromkeys(desk.pull().counts, 0)


def test_a_changed_answer_is_a_new_row_and_the_old_one_stays() -> None:
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.pull()
    desk.server.change(1, "no")

    desk.pull()

    assert desk.table["answer"].to_pylist() == ["yes", "no"]
    assert len(set(desk.table["annotation_id"].to_pylist())) == 1


def test_a_deleted_answer_leaves_a_tombstone() -> None:
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.pull()
    desk.server.take_back(1)

    desk.pull()

    assert desk.table["state"].to_pylist() == ["valid", "deleted"]


def test_a_deleted_task_takes_its_answers_back() -> None:
    """It leaves no trace there but the count of answers."""
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.server.answer(2, "no")
    desk.pull()
    desk.server.delete_task(1)

    desk.pull()

    assert desk.table["state"].to_pylist() == ["valid", "valid", "deleted"]


def test_answers_of_a_project_that_is_gone_stay() -> None:
    """Also when a later project gets the same ids for its tasks."""
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.pull()
    desk.server.delete_project(desk.project.id)
    desk.project = desk.open()
    desk.server.answer(1, "no")

    desk.pull()

    assert desk.table["state"].to_pylist() == ["valid", "valid"]


def test_an_answer_to_a_task_that_is_not_ours_is_unknown_and_does_not_cost_a_full_read() -> None:
    desk = Desk()
    foreign = [{"data": {"prediction_id": "f" * 32, "row": {}}}]
    desk.server.import_tasks(desk.project.id, foreign)
    desk.server.answer(9, "yes")
    first = desk.pull()
    desk.server.tick(1000)
    desk.server.answer(1, "yes")
    desk.server.answer(9, "no")
    desk.pull()
    desk.server.calls.clear()

    again = desk.pull()

    assert (first.unknown, first.unknown_ids, again.rows) == (1, ("f" * 32,), ())
    assert desk.server.calls == PLAIN


def test_an_answer_to_what_people_no_longer_see_is_stale() -> None:
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.drawn[desk.tasks[0].prediction_id] = "another digest"

    intake = desk.pull()

    assert (intake.stale, intake.labels, intake.rows[0].shown_digest) == (
        1,
        0,
        desk.tasks[0].shown_digest,
    )


def test_an_answer_belongs_to_the_question_as_it_was_asked() -> None:
    """The job asks something else by now; the task keeps the words of then."""
    desk = Desk()
    desk.server.answer(1, "yes")
    asks_now = Survey("Was it very late?", SURVEY.answers, SURVEY.columns)

    pulled = pull(desk.server, desk.project, asks_now, hold(desk.table), desk.drawn, cursor=None)

    assert pulled.answers[0].shown_digest == desk.tasks[0].shown_digest


def test_an_ordinary_pull_reads_what_moved_and_no_more() -> None:
    desk = Desk()
    for task in range(1, 6):
        desk.server.answer(task, "yes")
    desk.pull()
    desk.server.tick(1000)
    desk.server.answer(6, "yes")
    desk.pull()
    desk.server.answer(7, "no")
    desk.server.calls.clear()

    assert [answer.answer for answer in desk.pull().rows] == ["no"]
    assert desk.server.calls == PLAIN


def test_an_answer_to_a_foreign_task_that_is_taken_back_is_forgotten() -> None:
    desk = Desk()
    desk.server.import_tasks(desk.project.id, [{"data": {"prediction_id": "f" * 32, "row": {}}}])
    desk.server.answer(9, "yes")
    desk.server.answer(1, "yes")
    desk.pull()
    desk.pull()
    desk.server.take_back(9)
    desk.server.calls.clear()

    desk.pull()

    assert desk.server.calls == PLAIN


def test_a_cursor_survives_being_stored() -> None:
    cursor = Cursor("a" * 16, "2026-01-01T00:00:00+00:00", {"9": 1})

    assert Cursor.from_json(cursor.to_json()) == cursor


def test_a_lost_cursor_costs_a_full_read_and_nothing_else() -> None:
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.pull()
    desk.cursor = None

    assert desk.pull().counts["annotations"] == 0


EVENTS = st.one_of(
    st.tuples(st.just("answer"), st.integers(0, 20), st.sampled_from(["yes", "no", "other", None])),
    st.tuples(st.sampled_from(["change", "take back", "delete"]), st.integers(0, 20)),
    st.tuples(st.just("import"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 200)),
    st.just(("pull",)),
)


@given(st.lists(EVENTS, max_size=20))
def test_after_any_history_we_hold_what_they_have(history: Sequence[tuple[object, ...]]) -> None:
    """Answers, changes, deletions of answers and tasks, doubles, tasks of others, and pulls between."""
    desk = Desk()
    for event in [*history, ("wait", 100), ("pull",)]:
        _happen(desk, event)

    assert desk.held() == desk.said()
    assert desk.pull().rows == ()


def _happen(desk: Desk, event: tuple[object, ...]) -> None:
    server, tasks = desk.server, sorted(desk.server.board)
    answered = [task for task in tasks if server.board[task]["annotations"]]
    match event:
        case ("answer", int(place), (str() | None) as answer) if tasks:
            server.answer(tasks[place % len(tasks)], answer)
        case ("change", int(place)) if answered:
            server.change(answered[place % len(answered)], "no")
        case ("take back", int(place)) if answered:
            server.take_back(answered[place % len(answered)])
        case ("delete", int(place)) if tasks:
            server.delete_task(tasks[place % len(tasks)])
        case ("import", int(number)):
            ours = [content(task) for task in desk.tasks[number : number + 1]]
            server.import_tasks(desk.project.id, ours or [{"data": {"prediction_id": "f" * 32}}])
        case ("wait", int(seconds)):
            server.tick(seconds)
        case ("pull",):
            desk.pull()


def test_reads_again_what_was_stored_late() -> None:
    """A transaction that ends after a later one was seen is within the overlap."""
    desk = Desk()
    desk.server.tick(1000)
    desk.server.answer(1, "yes")
    desk.pull()
    seen = desk.server.now
    desk.server.answer(2, "no")
    desk.server.board[2]["updated_at"] = seen - timedelta(seconds=50)
    desk.server.calls.clear()

    assert [answer.annotation_id.split(":")[1] for answer in desk.pull().rows] == ["2"]
    assert desk.server.calls == PLAIN


def test_an_answer_from_an_exported_file_is_not_counted_again_by_a_pull() -> None:
    """It has the same name in both."""
    desk = Desk()
    desk.server.answer(1, "yes")
    desk.pull()
    held = hold(desk.table)
    exported: Answer = next(iter(held.now.values()))

    from_file = take([replace(exported, source="file")], held, drawn=desk.drawn)

    assert (from_file.rows, from_file.labels) == ((), 0)


def test_long_listings_are_read_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    desk = Desk()

    listed = listing.each_task(desk.server, desk.project.id, ("id",))

    assert [task["id"] for task in listed] == list(range(1, 9))


def test_pictures_are_fetched_in_small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL", 2)
    desk = Desk()
    for task in range(1, 6):
        desk.server.answer(task, "yes")
    desk.server.calls.clear()

    desk.pull()

    assert len(desk.server.calls) == 2 + 3


def _meta_is_a_list(desk: Desk) -> None:
    desk.server.board[2] |= {"meta": ["x"], "updated_at": desk.server.tick()}


def _names_no_prediction(desk: Desk) -> None:
    desk.server.alter(2, {"prediction_id": {"a": 1}})


def _shows_no_number(desk: Desk) -> None:
    desk.server.alter(2, {"row": float("nan")})


def _cannot_be_given(desk: Desk) -> None:
    desk.server.unspeakable.add(2)
    desk.server.board[2]["updated_at"] = desk.server.tick()


def _has_an_answer_without_a_time(desk: Desk) -> None:
    del desk.server.answer(2, "yes")["created_at"]


@pytest.mark.parametrize(
    "spoil, unreadable",
    [
        (_meta_is_a_list, []),
        (_names_no_prediction, []),
        (_shows_no_number, ["task 2 of project 1"]),
        (_cannot_be_given, ["task 2 of project 1"]),
        (_has_an_answer_without_a_time, ["task 2 of project 1"]),
    ],
)
def test_a_task_that_cannot_be_read_is_named_and_all_others_are_read(
    spoil: Callable[[Desk], None], unreadable: list[str]
) -> None:
    desk = Desk()
    for task in range(1, 9):
        desk.server.answer(task, "no")
    spoil(desk)

    desk.pull()

    assert list(desk.unreadable) == unreadable
    assert len(desk.held()) >= 7


@pytest.mark.parametrize(
    "spoil", [_shows_no_number, _cannot_be_given, _has_an_answer_without_a_time]
)
def test_an_answer_that_is_held_stays_where_its_task_cannot_be_read_any_more(
    spoil: Callable[[Desk], None],
) -> None:
    """Nobody deleted it; and nothing is read twice on its account."""
    desk = Desk()
    for task in range(1, 9):
        desk.server.answer(task, "no")
    desk.pull()
    spoil(desk)

    first = desk.pull()
    desk.server.calls.clear()
    second = desk.pull()

    assert (first.rows, second.rows, len(desk.held())) == ((), (), 8)
    assert (len(desk.unreadable), len(desk.server.calls) <= 12) == (1, True)


def test_a_task_that_can_be_read_again_is_read_by_the_next_pull() -> None:
    desk = Desk()
    desk.server.answer(2, "no")
    desk.server.unspeakable.add(2)
    desk.pull()
    desk.server.tick(3600)
    desk.server.unspeakable.clear()

    assert (desk.pull().labels, desk.unreadable) == (1, {})


def test_a_server_that_answers_nothing_is_no_task_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(_project: int) -> None:
        raise LabelStudioUnreachable("503", fix="repeat")

    desk = Desk()
    desk.server.answer(2, "no")
    desk.server.unspeakable.add(2)
    monkeypatch.setattr(desk.server, "project", down)

    with pytest.raises(LabelStudioUnreachable):
        desk.pull()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        '{"origin": "a"}',
        "[" * 100_000,
        '{"a": 1}',
        '{"origin": "a", "updated_at": "soon"}',
        '{"origin": "a", "updated_at": "2026-01-01", "unread": ["x"]}',
    ],
)
def test_a_note_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|JSON|value|isoformat|no time"):
        Cursor.from_json(text)
