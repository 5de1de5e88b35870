"""A question gets exactly one task, whatever is lost, late, doubled or changed."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clouds.folder import Folder
from labeling.labelstudio import push as module
from labeling.labelstudio.projects import Project, ensure_project
from labeling.labelstudio.push import Journal, PushResult, count_missing, push
from labeling.questions.shown import ShownColumn
from labeling.questions.survey import Survey
from labeling.questions.tasks import Task, digest_of, make_task
from pipelines.errors import LabelStudioUnreachable
from tests.fixtures.fake_label_studio import FakeLabelStudio, content

SURVEY = Survey("Late?", ("yes", "no"), (ShownColumn("carrier", "tabular"),))
OTHER = Survey("Was it late?", ("yes", "no"), (ShownColumn("carrier", "tabular"),))
FATES = st.sampled_from(["pass", "lose request", "lose reply", "late"])


@pytest.fixture(autouse=True, scope="module")
def _no_waiting() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "PATIENCE", 0.02)
    patch.setattr(module, "PAUSE", 0.001)
    patch.setattr(module, "CHUNK", 3)
    yield
    patch.undo()


@pytest.fixture
def server() -> FakeLabelStudio:
    return FakeLabelStudio()


@pytest.fixture
def project(server: FakeLabelStudio) -> Project:
    return ensure_project(server, "0" * 32, "flights", SURVEY)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Folder(tmp_path / "notes"), "push.json")


def questions(count: int, survey: Survey = SURVEY, annotators: int = 1) -> list[Task]:
    shown = [json.dumps({"row": {"carrier": str(number)}}) for number in range(count)]
    return [make_task(survey, f"{n:032x}", text, annotators) for n, text in enumerate(shown)]


def there(server: FakeLabelStudio, project: Project) -> list[str]:
    return [task["data"]["prediction_id"] for task in server.tasks_of(project.id)]


def test_makes_each_task_once_in_the_given_order(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    tasks = questions(8)[::-1]

    first, again = push(server, project, tasks, journal), push(server, project, tasks, journal)

    assert (first.created, first.existing, again.created, again.existing) == (8, 0, 0, 8)
    assert there(server, project) == [task.prediction_id for task in tasks]
    assert first.tasks == again.tasks


@pytest.mark.parametrize("fate", ["lose request", "lose reply"])
def test_a_lost_import_is_looked_for_before_it_is_sent_again(
    fate: str, server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    server.plan = [fate]

    pushed = push(server, project, questions(3), journal)

    assert pushed.created == len(there(server, project)) == 3
    assert sum(call.startswith("import") for call in server.calls) == (
        2 if fate == "lose request" else 1
    )


def test_gives_up_with_the_way_out_and_goes_on_later(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """Three lost requests in a row are an error; nothing that was made is made again."""
    server.plan = ["pass", *["lose request"] * 3]

    with pytest.raises(LabelStudioUnreachable, match="lost 3 of 6 tasks"):
        push(server, project, questions(6), journal)
    pushed = push(server, project, questions(6), journal)

    assert (pushed.created, pushed.existing) == (3, 3)


def test_waits_for_the_import_of_a_push_that_was_killed(
    server: FakeLabelStudio, project: Project, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is still under way in the server is not sent again."""
    tasks = questions(3)
    journal.begin(project.origin, tasks)
    server.plan = ["late"]
    with pytest.raises(LabelStudioUnreachable):
        server.import_tasks(project.id, [content(task) for task in tasks])
    monkeypatch.setattr(time, "sleep", lambda _seconds: server.catch_up())
    monkeypatch.setattr(module, "PATIENCE", 3600.0)  # however slow this machine is

    pushed = push(server, project, tasks, journal)

    assert (pushed.created, pushed.existing, pushed.removed) == (0, 3, 0)


def test_does_not_wait_for_an_import_of_another_project(project: Project, journal: Journal) -> None:
    journal.begin("elsewhere", questions(1))

    assert journal.left(project.origin) == ([], 0.0)


def test_does_not_wait_when_nothing_is_under_way(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    push(server, project, questions(2), journal)

    assert journal.left(project.origin) == ([], 0.0)


def test_removes_unanswered_doubles_and_keeps_the_oldest(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    tasks = questions(2)
    push(server, project, tasks, journal)
    server.import_tasks(project.id, [content(task) for task in tasks])

    pushed = push(server, project, tasks, journal)

    assert (pushed.removed, sorted(server.board)) == (2, [1, 2])


def test_keeps_the_answered_one_of_two(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """A skip is an answer too."""
    (task,) = questions(1)
    push(server, project, [task], journal)
    server.import_tasks(project.id, [content(task)])
    server.answer(2, None)

    pushed = push(server, project, [task], journal)

    assert (pushed.tasks, list(server.board)) == ({task.prediction_id: 2}, [2])


def test_asks_anew_when_something_else_is_shown_or_asked(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """The answered old task stays; the unanswered one gives way."""
    push(server, project, questions(2), journal)
    server.answer(1, "yes")

    pushed = push(server, project, questions(2, OTHER), journal)

    assert (pushed.created, pushed.removed, sorted(server.board)) == (2, 1, [1, 3, 4])


def test_a_task_that_somebody_altered_is_made_anew(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """The answered one stays, for an answer is never removed; the unanswered one gives way."""
    tasks = questions(3)
    push(server, project, tasks, journal)
    server.answer(1, "yes")
    for task in (1, 2):
        server.alter(task, {"row": {"carrier": "CHANGED"}})

    assert count_missing(server, project, tasks) == 2
    pushed, again = push(server, project, tasks, journal), push(server, project, tasks, journal)

    assert (pushed.created, pushed.existing, pushed.removed) == (2, 1, 1)
    assert (again.created, again.existing, again.removed) == (0, 3, 0)
    assert sorted(server.board) == [1, 3, 4, 5]
    assert [again.tasks[task.prediction_id] for task in tasks] == [4, 5, 3]


def test_a_task_that_lost_its_prediction_is_made_anew(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """An answer to it would be nobody's."""
    tasks = questions(1)
    push(server, project, tasks, journal)
    server.alter(1, {"prediction_id": "lost"})

    pushed = push(server, project, tasks, journal)

    assert (pushed.created, pushed.removed, list(server.board)) == (1, 1, [2])


def test_a_task_that_was_altered_and_mended_stays(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    (task,) = questions(1)
    push(server, project, [task], journal)
    server.alter(1, {"row": {"carrier": "CHANGED"}})
    server.alter(1, content(task)["data"])

    pushed = push(server, project, [task], journal)

    assert (pushed.existing, list(server.board)) == (1, [1])


def test_an_altered_task_is_found_in_a_large_project(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    push(server, project, questions(20), journal)
    server.alter(2, {"row": {"carrier": "CHANGED"}})

    pushed = push(server, project, questions(5), journal)

    assert (pushed.created, pushed.removed, len(server.board)) == (1, 1, 20)


def test_a_copy_without_our_notes_is_known_by_what_it_shows(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """Answers to it count, so it is a double."""
    (task,) = questions(1)
    push(server, project, [task], journal)
    server.import_tasks(project.id, [{"data": content(task)["data"]}])

    pushed = push(server, project, [task], journal)

    assert (pushed.created, pushed.removed, list(server.board)) == (0, 1, [1])


def test_leaves_the_tasks_of_others_alone(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """Another batch, and a task that somebody made by hand."""
    push(server, project, questions(6)[3:], journal)
    server.import_tasks(project.id, [{"data": {"row": {}}}] * 2)

    push(server, project, questions(3), journal)

    assert len(server.board) == 8


def test_a_question_that_is_dropped_goes_unless_it_is_answered(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    tasks = questions(4)
    made = push(server, project, tasks, journal).tasks
    ids = [task.prediction_id for task in tasks]
    server.answer(made[ids[2]], "yes")

    pushed = push(server, project, tasks[:2], journal, dropped=ids[2:])

    assert there(server, project) == ids[:3]
    assert (pushed.removed, set(pushed.tasks)) == (1, set(ids[:2]))


def test_looks_up_its_own_tasks_in_a_large_project(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    push(server, project, questions(20), journal)

    pushed = push(server, project, questions(5), journal)

    assert (pushed.existing, len(server.board)) == (5, 20)


def test_lists_the_whole_project_where_that_takes_fewer_requests(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    push(server, project, questions(250), journal)
    server.calls.clear()

    push(server, project, questions(250), journal)

    assert server.calls == ["tasks"]


def test_asks_for_more_people_where_a_question_is_for_several(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    """Also when the push that made the task was killed before it could say so."""
    push(server, project, questions(2), journal)

    push(server, project, questions(2, annotators=3), journal)
    push(server, project, questions(2, annotators=3), journal)

    assert [task["overlap"] for task in server.board.values()] == [3, 3]
    assert server.calls.count("set_annotators") == 2


def test_large_tasks_travel_in_smaller_imports(
    server: FakeLabelStudio, project: Project, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)

    push(server, project, questions(2), journal)

    assert server.calls.count("import 1: pass") == 2


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("push"), st.integers(1, 8), st.booleans(), st.lists(FATES, max_size=4)
            ),
            st.tuples(st.sampled_from(["answer", "alter"]), st.integers(0, 30)),
            st.just(("catch up",)),
        ),
        max_size=10,
    )
)
def test_after_any_history_each_question_has_one_task(
    tmp_path_factory: pytest.TempPathFactory, history: Sequence[tuple[object, ...]]
) -> None:
    """Pushes with any losses, of questions that change, with answers and alterations between; then one that goes well."""
    server = FakeLabelStudio()
    project = ensure_project(server, "0" * 32, "flights", SURVEY)
    journal = Journal(Folder(tmp_path_factory.mktemp("notes")), "push.json")
    answered: set[int] = set()
    for event in history:
        match event:
            case ("push", int(count), bool(changed), list(plan)):
                server.plan = plan
                _try_to_push(
                    server, project, questions(count, OTHER if changed else SURVEY), journal
                )
            case ("answer", int(place)) if server.board:
                task = sorted(server.board)[place % len(server.board)]
                server.answer(task, "yes")
                answered.add(task)
            case ("alter", int(place)) if server.board:
                server.alter(
                    sorted(server.board)[place % len(server.board)], {"row": {"carrier": "CHANGED"}}
                )
            case ("catch up",):
                server.catch_up()
    server.catch_up()
    server.plan = []
    tasks = questions(8)

    pushed = push(server, project, tasks, journal)

    keys = Counter(_key(record) for record in server.board.values() if not record["annotations"])
    assert answered <= server.board.keys()
    assert set(keys.values()) <= {1}
    assert keys.keys() <= {(task.prediction_id, task.shown_digest) for task in tasks}
    for wanted in tasks:
        mine = [
            key
            for key, found in server.board.items()
            if _key(found) == (wanted.prediction_id, wanted.shown_digest)
        ]
        assert pushed.tasks[wanted.prediction_id] in mine
        assert len(mine) == 1 or answered.issuperset(mine)


def _key(record: dict[str, dict[str, str]]) -> tuple[str, str]:
    return record["data"]["prediction_id"], digest_of(record, "")


def _try_to_push(
    server: FakeLabelStudio, project: Project, tasks: Sequence[Task], journal: Journal
) -> PushResult | None:
    try:
        return push(server, project, tasks, journal)
    except LabelStudioUnreachable:
        return None


def test_a_task_that_cannot_be_read_is_named_and_its_question_asked_anew(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    tasks = questions(8)
    push(server, project, tasks, journal)
    server.unspeakable.add(3)

    first, again = push(server, project, tasks, journal), push(server, project, tasks, journal)

    assert [name.split(":")[0] for name in first.unreadable] == ["task 3 of project 1"]
    assert (first.created, again.created, len(again.unreadable)) == (1, 0, 1)


@pytest.mark.parametrize("meta", [["a"], "text", {"prediction_id": {"a": 1}, "shown_digest": "x"}])
def test_a_task_whose_notes_are_gone_is_known_by_what_it_shows(
    meta: object, server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    push(server, project, questions(3), journal)
    server.board[2]["meta"] = meta

    pushed = push(server, project, questions(3), journal)

    assert (pushed.created, pushed.removed, pushed.unreadable) == (0, 0, ())


def test_a_task_that_names_no_prediction_is_asked_anew(
    server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    push(server, project, questions(3), journal)
    server.alter(2, {"prediction_id": {"a": 1}})

    pushed = push(server, project, questions(3), journal)

    assert (pushed.created, pushed.removed) == (1, 1)


@pytest.mark.parametrize("note", [b"", b"null", b"[" * 100_000, b'{"origin": 5}'])
def test_a_note_of_nothing_under_way_stops_no_push(
    note: bytes, server: FakeLabelStudio, project: Project, journal: Journal
) -> None:
    journal.files.put(journal.name, note)

    assert push(server, project, questions(3), journal).created == 3
