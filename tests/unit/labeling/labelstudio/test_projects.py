"""A job finds its own project again, follows the job file, and stops at changes by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from labeling.labelstudio.projects import ensure_project, find_project, project_marker
from labeling.questions.label_page import label_config
from labeling.questions.shown import ShownColumn
from labeling.questions.survey import Survey
from pipelines.errors import LabelStudioRefused, ProjectChanged
from tests.fixtures.fake_label_studio import FakeLabelStudio, Record

SURVEY = Survey("Late?", ("yes", "no"), (ShownColumn("carrier", "tabular"),), "Take care.")
MARKER = project_marker("seed", "flights", "verify")


@pytest.fixture
def server() -> FakeLabelStudio:
    return FakeLabelStudio()


def test_a_project_is_made_once(server: FakeLabelStudio) -> None:
    first = ensure_project(server, MARKER, "flights", SURVEY)

    assert ensure_project(server, MARKER, "flights", SURVEY) == first
    assert find_project(server, MARKER) == first
    assert len(server.boards) == 1


def test_jobs_and_purposes_have_projects_of_their_own() -> None:
    """Also jobs with the same title."""
    markers = {
        project_marker(seed, job, purpose)
        for seed in ("a", "b")
        for job in ("flights", "loans")
        for purpose in ("verify", "train")
    }

    assert len(markers) == 8


def test_labelers_are_blind_and_the_order_is_ours(server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, "flights", SURVEY)

    settings = server.boards[project.id]
    assert settings["show_collab_predictions"] is False
    assert settings["sampling"] == "Sequential sampling"
    assert (settings["expert_instruction"], settings["show_instruction"]) == (
        "<p>Take care.</p>",
        True,
    )


@pytest.mark.parametrize(
    "title", ["", "x", "a name that goes on and on and on, far beyond fifty characters"]
)
def test_any_title_fits(title: str, server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, title, SURVEY)

    assert 3 <= len(server.boards[project.id]["title"]) <= 50


def test_no_later_project_has_the_same_origin(server: FakeLabelStudio) -> None:
    first = ensure_project(server, MARKER, "flights", SURVEY)
    server.delete_project(first.id)

    second = ensure_project(server, MARKER, "flights", SURVEY)

    assert (first.id, first.origin) != (second.id, second.origin)
    assert first.id == second.id


def test_of_a_project_and_its_copy_the_oldest_counts(server: FakeLabelStudio) -> None:
    """Copying a project copies its description."""
    first = ensure_project(server, MARKER, "flights", SURVEY)
    server.create_project(server.boards[first.id] | {"id": 7})

    assert ensure_project(server, MARKER, "flights", SURVEY) == first


def test_two_first_pushes_at_once_end_in_one_project() -> None:
    class Racing(FakeLabelStudio):
        """Another run makes the project between our look and our call."""

        def create_project(self, settings: Mapping[str, Any]) -> Record:
            if not self.boards:
                super().create_project(settings)
            return super().create_project(settings)

    server = Racing()

    project = ensure_project(server, MARKER, "flights", SURVEY)

    assert list(server.boards) == [project.id] == [1]


def test_the_project_follows_the_job_file(server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, "flights", SURVEY)
    asks_now = replace(SURVEY, question="Was it late?", instructions="Take more care.")

    assert ensure_project(server, MARKER, "flights", asks_now) == project
    assert server.boards[project.id]["label_config"] == label_config(asks_now)
    assert server.boards[project.id]["expert_instruction"] == "<p>Take more care.</p>"


def test_words_added_to_the_description_stay(server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, "flights", SURVEY)
    server.boards[project.id]["description"] += " Ask Ann."

    ensure_project(server, MARKER, "flights", replace(SURVEY, question="Was it late?"))

    assert server.boards[project.id]["description"].endswith(" Ask Ann.")


@pytest.mark.parametrize("job_changed_too", [False, True])
def test_a_configuration_changed_by_hand_is_refused(
    server: FakeLabelStudio, *, job_changed_too: bool
) -> None:
    """It says what differs, and the way out."""
    project = ensure_project(server, MARKER, "flights", SURVEY)
    server.boards[project.id]["label_config"] = label_config(
        replace(SURVEY, answers=("yes", "maybe"))
    )
    survey = replace(SURVEY, question="Was it late?") if job_changed_too else SURVEY

    with pytest.raises(ProjectChanged, match='value="maybe"> is not ours') as refused:
        ensure_project(server, MARKER, "flights", survey)

    assert "delete the word that begins with `recheck:`" in refused.value.fix


def test_spacing_is_no_change(server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, "flights", SURVEY)
    server.boards[project.id]["label_config"] = label_config(SURVEY).replace("><", ">\n  <")

    assert ensure_project(server, MARKER, "flights", SURVEY) == project


def test_a_project_that_cannot_follow_says_why() -> None:
    """Label Studio keeps the classes that answers have."""

    class Stubborn(FakeLabelStudio):
        def update_project(self, project: int, settings: Mapping[str, Any]) -> None:
            del project, settings
            raise LabelStudioRefused("these labels still exist in annotations: no", fix="")

    server = Stubborn()
    ensure_project(server, MARKER, "flights", SURVEY)

    with pytest.raises(ProjectChanged, match="still exist in annotations"):
        ensure_project(server, MARKER, "flights", replace(SURVEY, answers=("yes", "maybe")))


def test_without_its_marker_a_project_is_an_archive(server: FakeLabelStudio) -> None:
    old = ensure_project(server, MARKER, "flights", SURVEY)
    server.boards[old.id]["description"] = "kept for the record"

    assert ensure_project(server, MARKER, "flights", SURVEY).id != old.id


def test_the_card_says_what_is_asked(server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, "flights verify", SURVEY)

    board = server.boards[project.id]
    assert board["title"] == "flights: Late?"
    assert board["description"].startswith("Late? Asked of single rows by the job flights verify.")

    ensure_project(server, MARKER, "flights verify", replace(SURVEY, question="Was it late?"))

    assert board["title"] == "flights: Was it late?"
    assert board["description"].startswith("Was it late? Asked")
    assert board["description"].count("recheck:") == 1


def test_a_card_of_an_earlier_release_says_so_from_the_next_push_on(
    server: FakeLabelStudio,
) -> None:
    project = ensure_project(server, MARKER, "flights verify", SURVEY)
    board = server.boards[project.id]
    mark = board["description"].split()[-1]
    board |= {
        "title": "flights verify",
        "description": f"flights verify. Keep the next word: {mark}",
    }

    ensure_project(server, MARKER, "flights verify", SURVEY)

    assert board["title"] == "flights: Late?"
    assert board["description"].startswith("Late? ")


def test_a_title_of_your_own_stays(server: FakeLabelStudio) -> None:
    project = ensure_project(server, MARKER, "flights verify", SURVEY)
    server.boards[project.id] |= {
        "title": "For Ann",
        "description": server.boards[project.id]["description"].replace(
            "Late? Asked of single rows", "Please before Friday. Asked"
        ),
    }

    ensure_project(server, MARKER, "flights verify", replace(SURVEY, question="Was it late?"))

    assert server.boards[project.id]["title"] == "For Ann"
    assert "Please before Friday." in server.boards[project.id]["description"]
