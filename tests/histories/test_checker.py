"""The checker sees what it is there for: a product that was broken on purpose is found out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.repository import PACKAGES
from tests.histories import breakages, input_moves
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
