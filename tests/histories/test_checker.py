"""The checker sees what it is there for: a product that was broken on purpose is found out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.repository import PACKAGES
from tests.histories import breakages, input_moves
from tests.histories.checker.kept import Asked, others_are_kept, wanted_are_scored
from tests.histories.history import new, told
from tests.histories.settling import settle

BROKEN = {
    breakages.answers_are_doubled: "answers_count_once",
    breakages.bad_rows_are_lost: "one_attempt_each",
    breakages.probabilities_are_wrong: "probabilities_are_as_designed",
    breakages.drawn_rows_lose_their_cohorts: "published as",
    breakages.the_largest_hashes_are_drawn: "draws_are_as_designed",
    breakages.strata_have_no_weights: "the tables give",
    breakages.answers_are_not_counted: "the tables (",
    breakages.wrong_rows_are_hidden: "errors lacks",
    breakages.a_command_breaks_off: "Traceback",
}


def settled(folder: Path, *changes: Callable[[], None]) -> list[str]:
    """Bring a job of three classes to its end, by a product that was changed so; return what is found."""
    history = new(folder, "calm", "files")
    history.console.changes = changes
    history.begin()
    input_moves.spoil_row(history.ground)
    history.ground.write()
    settle(history)
    found: list[str] = told(history)["violations"]
    return found


def test_a_product_that_is_whole_breaks_nothing(tmp_path: Path) -> None:
    assert settled(tmp_path / "calm") == []


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: change.__name__)
def test_a_product_that_was_broken_is_found_out(change: Callable[[], None], tmp_path: Path) -> None:
    found = settled(tmp_path / "broken", change)

    assert any(BROKEN[change] in words for words in found), found[:5]


def test_a_draw_for_a_class_by_another_probability_is_found_out(tmp_path: Path) -> None:
    history = new(tmp_path / "shares", "calm", "shares")
    history.begin()
    history.ground.set_in("sampling", "for", '{metric = "f1", class = "cat"}')
    for command in (["score", "--replace"], ["sample", "--redraw", "for a class"]):
        history.console.answer(history.words(*command))
    history.check()
    assert told(history)["violations"] == []
    history.console.changes = (breakages.classes_are_divided_by_another_probability,)

    history.console.answer(history.words("sample", "--redraw", "again"))
    history.check()

    assert any("class_draws_are_by_probability" in words for words in history.found)


@pytest.mark.parametrize(
    ("words", "replaces", "changed", "found"),
    [
        (["run"], False, {"b"}, []),
        (["run"], True, {"a"}, ["nobody named"]),
        (["run", "--since", "a"], True, {"a"}, []),
        (["run", "--batch", "a"], False, {"a"}, ["nobody asked"]),
        (["score"], False, {"a", "b"}, ["nobody asked"]),
        (["score", "--replace"], False, {"a", "b"}, []),
        (["score", "--batch", "b"], True, {"a"}, ["nobody named"]),
    ],
)
def test_a_batch_that_nobody_named_or_replaced_is_found_out(
    words: list[str], *, replaces: bool, changed: set[str], found: list[str]
) -> None:
    """The job file begins with `b`, and only `a` is published."""
    asked = Asked(words, replaces, "b", ())
    after = {batch: {"new"} if batch in changed else {"old"} for batch in {"a", *changed}}

    told_of = [*others_are_kept(asked, ["a", "b"], {"a": {"old"}}, after)]

    assert [word for word in found for one in told_of if word in one] == found
    assert len(told_of) == len(found)


def test_a_batch_of_training_is_none_that_a_run_takes_by_itself() -> None:
    """Unless it is the only one."""
    asked = Asked(["run"], False, None, {"a"})

    assert asked.wanted(["a", "b"]) == {"b"}
    assert asked.wanted(["a"]) == {"a"}
    assert [*wanted_are_scored(asked, ["a", "b"], {})] == ["['run'] went well and left out b"]


def test_the_checker_imports_nothing_of_the_product() -> None:
    """Else a mistake there would be made here, too."""
    imported = {
        name.split(".")[0]
        for path in (Path(__file__).parent / "checker").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }

    assert not imported & set(PACKAGES)
