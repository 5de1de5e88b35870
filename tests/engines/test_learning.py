"""What is learned, and what goes wrong meanwhile, is the same on every engine, by the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.engines import choice
from tests.fixtures.world import World, loans, made, with_column


def test_every_engine_makes_the_same_package(tmp_path: Path) -> None:
    """Each of its bytes: statistics, model, golden rows and signature."""
    world = made(tmp_path / "world", loans())
    packages = {}

    for engine in choice.ENGINES:
        copy = world.copy(tmp_path / engine)
        told = copy.spawn("fit", "--engine", engine)
        assert told.code == 0, told
        packages[engine] = _files(copy)

    one, *others = packages.values()
    assert all(other == one for other in others)


@pytest.mark.parametrize("engine", choice.ENGINES)
def test_numbers_too_large_for_statistics_are_refused_by_name(engine: str, tmp_path: Path) -> None:
    """Beam would turn the error into one of its own, with a traceback and without the way out."""
    table = loans(200)
    huge = [1e308 if row % 2 else -1.7e308 for row in range(table.num_rows)]
    world = made(tmp_path / "world", with_column(table, "income", huge))

    told = world.spawn("fit", "--engine", engine)

    assert told.error["code"] == "job_invalid", told
    assert "income" in told.error["problem"]
    assert "Traceback" not in told.err


@pytest.mark.parametrize("verb", ["fit", "score"])
def test_an_engine_that_there_is_not_is_refused_before_any_work(world: World, verb: str) -> None:
    told = world.refused(verb, "--engine", "abacus")

    assert told.error["code"] == "engine_unavailable"
    assert told.error["fix"] == f"use {', '.join([choice.AUTO, *choice.ENGINES][:-1])} or local"


def _files(world: World) -> dict[str, bytes]:
    folder = world.store / "models"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
