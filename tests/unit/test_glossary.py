"""The glossary has each word once, and names tables, classes and files that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from pipelines.tables.schemas import TABLES

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| word", "| ---"))
]
WORDS, HOMES = [row[0].strip() for row in ROWS], [row[-1] for row in ROWS]
_TABLE = re.compile(r"the tables? ((?:`\w+`(?: and )?)+)")
_CLASS = re.compile(r"`(\w+)` in `([^`]+)`")
_PATH = re.compile(r"`([^`]+/[^`]+)`")


def test_words_are_in_order_and_each_has_one_meaning() -> None:
    assert len(WORDS) > 30
    assert sorted(set(WORDS)) == WORDS


def test_every_word_says_where_it_lives() -> None:
    assert [row for row in ROWS if len(row) != 3] == []
    assert [home for home in HOMES if not (_TABLE.search(home) or _PATH.search(home))] == []


def test_tables_exist() -> None:
    named = {name for home in HOMES for some in _TABLE.findall(home) for name in some.split("`")}

    assert named - {"", " and ", "labels"} - set(TABLES) == set()


def test_files_exist() -> None:
    paths = {path for home in HOMES for path in _PATH.findall(home)}

    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_classes_exist() -> None:
    classes = {pair for home in HOMES for pair in _CLASS.findall(home)}

    assert [(name, path) for name, path in classes if name not in _defined(ROOT / path)] == []


def _defined(path: Path) -> set[str]:
    """The names that a module defines: classes, and types of literals."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    classes = {node.name for node in body if isinstance(node, ast.ClassDef)}
    targets = {node.targets[0] for node in body if isinstance(node, ast.Assign)}
    return classes | {target.id for target in targets if isinstance(target, ast.Name)}
