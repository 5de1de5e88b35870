from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import growth
from tests.benchmarks.growth import COMMANDS, MARKS, Cost, missed, table, write


def _cost(size: int, seconds: float, megabytes: float = 0.1) -> Cost:
    return Cost(size, dict.fromkeys(COMMANDS, seconds), megabytes)


def test_a_table_takes_the_place_of_its_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands around it, and the tables of other axes, stay."""
    page = tmp_path / "speed.md"
    page.write_text(f"before\n\n{MARKS[0]}\n{MARKS[1]}\nafter\n")
    monkeypatch.setattr(growth, "PAGE", page)
    old, new, other = (
        list(table(axis, [_cost(size, 1)]))
        for axis, size in (("rows", 1), ("rows", 2), ("cohorts", 3))
    )

    for tables in ({"rows": old, "cohorts": other}, {"rows": new}):
        write(tables)

    body = "\n\n".join("\n".join(lines) for lines in (new, other))
    assert page.read_text() == f"before\n\n{MARKS[0]}\n{body}\n\n{MARKS[1]}\nafter\n"


def test_a_cost_that_grows_faster_than_the_size_misses_its_goal() -> None:
    assert list(missed("rows", [_cost(1, 1), _cost(2, 2.3)])) == []
    assert len(list(missed("rows", [_cost(1, 1), _cost(2, 2.5)]))) == len(COMMANDS)


def test_a_page_that_is_too_large_misses_its_goal() -> None:
    assert list(missed("classes", [_cost(1, 1), _cost(2, 1, 3.1)])) == [
        "the page of 2 classes has 3.1 MB"
    ]
