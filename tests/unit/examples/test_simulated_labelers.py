"""The demo's simulated labelers: how they err, and that a repeat answers nothing twice."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.flights.labelers import Labelers, Truth
from examples.flights.simulate import Answered, Project, answer, truths_of

APRIL = datetime.fromisoformat("2013-04-01T05:00")
CROWD = Labelers(("late", "on time"), "1", {"late": 0.2, "on time": 0.1})
CONFIG = '<View><Table name="row"/><Choices name="answer" toName="row"/></View>'
FLAWLESS = replace(CROWD, errors={"late": 0.0, "on time": 0.0}, never=0.0, revised=0.0)


def replies(labelers: Labelers, truth: str, count: int = 20_000) -> list[Any]:
    asked = (labelers.replies(f"p{number}", Truth(truth, APRIL)) for number in range(count))
    return [reply for [reply] in filter(None, asked)]


@pytest.mark.parametrize(("truth", "rate"), [("late", 0.2), ("on time", 0.1)])
def test_people_err_at_the_stated_rate(truth: str, rate: float) -> None:
    """Within four standard errors of it, per true answer."""
    given_ = replies(CROWD, truth)

    wrong = sum(reply.answer != truth for reply in given_) / len(given_)

    assert wrong == pytest.approx(rate, abs=4 * (rate / len(given_)) ** 0.5)


def test_some_questions_are_never_answered() -> None:
    assert len(replies(CROWD, "late")) / 20_000 == pytest.approx(0.95, abs=0.007)


def test_some_answers_are_wrong_first_and_corrected_later() -> None:
    revised = [reply for reply in replies(CROWD, "late") if reply.first != reply.answer]

    assert len(revised) / 20_000 == pytest.approx(0.95 * 0.8 * 0.02, abs=0.005)
    assert all(reply.answer == "late" and reply.corrected > reply.given for reply in revised)


def test_half_of_the_answers_come_within_the_median_lag() -> None:
    soon = [reply.given - APRIL <= CROWD.lag for reply in replies(CROWD, "late")]

    assert sum(soon) / len(soon) == pytest.approx(0.5, abs=0.015)


@given(st.text(), st.integers(0, 5))
def test_different_people_answer_one_question(prediction_id: str, wanted: int) -> None:
    """As many as are asked, at most the whole crowd, in the order of time."""
    found = FLAWLESS.replies(prediction_id, Truth("late", APRIL), wanted)

    assert len({reply.person for reply in found}) == len(found) == min(wanted, FLAWLESS.people)
    assert [reply.given for reply in found] == sorted(reply.given for reply in found)


@given(st.text(), st.integers(1, 3))
def test_the_same_seed_gives_the_same_answers(prediction_id: str, wanted: int) -> None:
    """So an interrupted simulation goes on as if it had not been."""
    truth = Truth("late", APRIL)

    assert CROWD.replies(prediction_id, truth, wanted) == CROWD.replies(
        prediction_id, truth, wanted
    )


class FakeLabelStudio:
    """As much of the server as the simulation sees."""

    def __init__(self, tasks: int, overlap: int = 1) -> None:
        self.tasks, self.overlap = tasks, overlap
        self.users = [{"id": 1, "email": "someone@example.com"}]
        self.annotations: list[dict[str, Any]] = []

    def project(self) -> Project:
        transport = httpx.MockTransport(self.handle)
        return Project(httpx.Client(base_url="http://fake", transport=transport), 7)

    def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or "null")
        number = int((re.findall(r"/(\d+)/", request.url.path) or [0])[-1])
        answer: Any
        match request.method, re.sub(r"\d+", "N", request.url.path):
            case "GET", "/api/projects/N/":
                answer = {"label_config": CONFIG}
            case "GET", "/api/tasks":
                answer = self.page(int(request.url.params["page"]))
            case "GET", "/api/users/":
                answer = self.users
            case "POST", "/api/users/":
                answer = {**body, "id": len(self.users) + 1}
                self.users.append(answer)
            case "GET", "/api/tasks/N/annotations/":
                answer = self.of(number)
            case "POST", "/api/tasks/N/annotations/":
                answer = {**body, "id": len(self.annotations), "task": number}
                self.annotations.append(answer)
            case "PATCH", "/api/annotations/N/":
                answer = self.annotations[number]
                answer |= body
        return httpx.Response(200, json=answer)

    def page(self, page: int) -> dict[str, Any]:
        numbers = range(self.tasks)[500 * (page - 1) : 500 * page]
        return {"total": self.tasks, "tasks": [self.task(number) for number in numbers]}

    def task(self, number: int) -> dict[str, Any]:
        data = {"prediction_id": f"p{number}"}
        count = len(self.of(number))
        return {"id": number, "data": data, "overlap": self.overlap, "total_annotations": count}

    def of(self, task: int) -> list[dict[str, Any]]:
        return [row for row in self.annotations if row["task"] == task]

    def choices(self) -> dict[int, str]:
        return {row["task"]: row["result"][0]["value"]["choices"][0] for row in self.annotations}


def truths(count: int) -> dict[str, Truth]:
    return {f"p{number}": Truth("late", APRIL) for number in range(count)}


def test_every_question_gets_its_answer_over_pages() -> None:
    server = FakeLabelStudio(tasks=501)

    done = answer(server.project(), truths(501), FLAWLESS, today=APRIL + timedelta(days=60))

    assert done == Answered(501, corrected=0, left_open=0, waiting=0, never=0, unknown=0)
    assert server.choices() == dict.fromkeys(range(501), "late")


def test_a_repeat_answers_nothing_twice() -> None:
    server = FakeLabelStudio(tasks=40, overlap=2)
    later = APRIL + timedelta(days=60)
    first = answer(server.project(), truths(40), FLAWLESS, today=later, leave_open=5)

    second = answer(server.project(), truths(40), FLAWLESS, today=later, leave_open=5)

    assert (first.answered, first.left_open) == (70, 5)
    assert (second.answered, second.left_open) == (0, 5)
    assert all(not server.of(task) for task in range(35, 40))


def test_answers_come_when_they_are_due() -> None:
    """Two days, the median lag, bring about half of them; the rest waits."""
    server = FakeLabelStudio(tasks=200)

    early = answer(server.project(), truths(200), FLAWLESS, today=APRIL + FLAWLESS.lag)

    assert 70 < early.answered < 130
    assert early.answered + early.waiting == 200


def test_an_answer_is_corrected_once() -> None:
    """Who was wrong first changes the same annotation; another look changes nothing."""
    server = FakeLabelStudio(tasks=30)
    hesitant = replace(FLAWLESS, revised=1.0)
    soon, later = APRIL + timedelta(hours=12), APRIL + timedelta(days=90)
    first = answer(server.project(), truths(30), hesitant, today=soon)
    wrong = [choice for choice in server.choices().values() if choice == "on time"]

    second = answer(server.project(), truths(30), hesitant, today=later)
    third = answer(server.project(), truths(30), hesitant, today=later)

    assert 0 < len(wrong) < 30
    assert first.corrected + second.corrected == 30
    assert (third.answered, third.corrected) == (0, 0)
    assert first.answered + second.answered == len(server.annotations) == 30
    assert set(server.choices().values()) == {"late"}


def test_who_answered_wrong_at_first_has_corrected_it_by_a_late_look() -> None:
    """At the stated rate, although answer and correction were both due before that look."""
    server = FakeLabelStudio(tasks=1000)
    often = replace(FLAWLESS, revised=0.02)

    done = answer(server.project(), truths(1000), often, today=APRIL + timedelta(days=90))

    assert 8 <= done.corrected <= 35
    assert set(server.choices().values()) == {"late"}


def test_a_question_without_a_truth_is_counted_and_left() -> None:
    server = FakeLabelStudio(tasks=3)

    done = answer(server.project(), truths(2), FLAWLESS, today=APRIL + timedelta(days=60))

    assert (done.answered, done.unknown) == (2, 1)


def test_the_same_people_come_back() -> None:
    server = FakeLabelStudio(tasks=1)

    assert server.project().people(3) == server.project().people(3) == [2, 3, 4]


def test_truth_is_found_by_the_key_of_the_flight() -> None:
    flight = {"year": 2013, "month": 4, "day": 1, "carrier": "UA", "flight": 7, "origin": "EWR"}
    row = {**flight, "outcome": "late", "scheduled_departure": APRIL}
    samples = pa.table({"prediction_id": ["a", "b"], "key": ['[2013,4,1,"UA",7,"EWR"]', '["x"]']})

    assert truths_of(samples, pa.Table.from_pylist([row])) == {"a": Truth("late", APRIL)}
