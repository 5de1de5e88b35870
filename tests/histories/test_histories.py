"""P1 to P6 over random pasts: commands, kills, races, clocks, late and wrong answers, changed inputs."""

from __future__ import annotations

import os

import pytest

from tests.histories.run import every

SEED = os.environ.get("HISTORIES_SEED", "2026")
MANY = 60
SHORT = (3, 7)  # moves


@pytest.fixture(scope="module")
def results() -> list[dict[str, object]]:
    """What each history did and broke; the same ones in every build, but for when they are killed."""
    return list(every([f"{SEED}/{number}" for number in range(MANY)], SHORT))


def test_no_history_breaks_a_promise(results: list[dict[str, object]]) -> None:
    """`make histories N=1 FIRST=<number> SEED=<seed> MOVES="3 7"` repeats one."""
    broken = {
        f"make histories N=1 FIRST={number} SEED={SEED} MOVES='3 7'": one["violations"]
        for number, one in enumerate(results)
        if one["violations"]
    }

    assert broken == {}


def test_they_are_killed_often(results: list[dict[str, object]]) -> None:
    """Else they would show little."""
    assert sum(int(str(one["kills"])) for one in results) > MANY / 6
