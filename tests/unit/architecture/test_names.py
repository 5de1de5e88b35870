"""One name for one thing: files, classes and values."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path

from functions.cli.commands import recheck
from tests.fixtures.repository import PACKAGES, ROOT, modules, python, texts

SAYS_NOTHING = re.compile(r"(^|/)(utils?|helpers?|common|core|misc|manager)(\.py|/)")

# A command is served by the edge that does the work, and both are named after it.
SERVED = {"errors", "estimate", "fit", "plan", "pull", "push", "score"}

# Tests of several modules at once.
TOGETHER = {
    "functions/test_notebook.py",  # the steps, called one after the other as a notebook does
}

# Values that several rooms compare with, and that are written once.
CONSTANTS = ("verify", "seen_in_training")


def _double(pairs: Iterable[tuple[str, Hashable]]) -> dict[str, set[Hashable]]:
    """Return the keys that have several values, with the values."""
    values = defaultdict(set)
    for key, value in pairs:
        values[key].add(value)
    return {key: many for key, many in values.items() if len(many) > 1}


def test_names_say_something() -> None:
    assert [name for name in texts() if SAYS_NOTHING.search(name)] == []


def test_a_step_is_a_command() -> None:
    """Every command has a step of its name but the one that keeps a server on this machine."""
    steps = {path.stem for path in (ROOT / "functions/steps").glob("*.py")} - {"__init__"}

    assert steps == set(recheck.commands) - {"labelstudio"}


def test_a_class_has_a_name_of_its_own() -> None:
    """Whoever reads a public name knows which class it is, without the import."""
    double = _double(
        (node.name, module.name)
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )

    assert double == {}


def test_a_file_has_a_name_of_its_own() -> None:
    """But for a command and what serves it."""
    double = _double(
        (module.path.stem, module.path)
        for module in modules().values()
        if module.path.stem != "__init__"
    )

    assert double.keys() - SERVED == set()


def test_a_test_is_named_after_a_module_and_lies_where_it_lies() -> None:
    """`tests/unit/infra/engines/test_choice.py` tests `infra/engines/choice.py`."""
    tests = {
        path.removeprefix("tests/unit/")
        for path in texts()
        if path.startswith(tuple(f"tests/unit/{package}/" for package in PACKAGES))
        and Path(path).name.startswith("test_")
    }

    lost = {name for name in tests if not (ROOT / name.replace("/test_", "/")).is_file()}

    assert lost == TOGETHER


def test_no_file_is_named_like_the_standard_library() -> None:
    """`import queue` must never mean ours."""
    names = [name for name in python() if Path(name).stem in sys.stdlib_module_names]

    assert names == []


def test_arrays_are_named_in_one_place() -> None:
    """`Floats` is the same thing wherever it stands."""
    namers = {
        module.name
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("npt.NDArray[")
    }

    assert namers == {"pipelines.columns.buffers"}


def test_a_value_that_rooms_share_is_written_once() -> None:
    """As a constant, which the others import."""
    places = {
        value: {
            module.name
            for module in modules().values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant) and node.value == value
        }
        for value in CONSTANTS
    }

    assert {value: names for value, names in places.items() if len(names) > 1} == {}
