"""Two jobs of one store with one model name: each scores with its own packages, and what is live is a fact."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.world import World


@dataclass(frozen=True)
class Other(World):
    """Another job over the same data, in the same store."""

    @property
    def job(self) -> Path:
        return self.folder / "job" / "other.toml"


def beside(world: World, *changes: tuple[str, str]) -> Other:
    """A second job file beside the first."""
    other = Other(world.folder)
    shutil.copy(world.job, other.job)
    other.edit('name = "[^"]*"', 'name = "other"')
    for pattern, replacement in changes:
        other.edit(pattern, replacement)
    return other


@pytest.fixture
def world(scored: World, tmp_path: Path) -> World:
    return scored.copy(tmp_path)


@pytest.fixture
def other(world: World) -> Other:
    """A job that has fitted a model of the same name."""
    job = beside(world, ("holdout = 0.2", "holdout = 0.3"))
    job.ok("fit")
    return job


def live(world: World) -> Path:
    [path] = world.store.glob("models/*.live")
    return path


def name_of(world: World) -> str:
    return str(world.rows("select job from runs limit 1")[0]["job"])


def test_each_job_scores_with_its_own_model(world: World, other: Other) -> None:
    before = world.rows("select distinct version from predictions")

    [first] = {world.ok("score", "--replace")["version"]}
    [second] = {other.ok("score")["version"]}

    assert [{"version": first}] == before
    assert second != first
    assert world.broken_promises() == other.broken_promises() == []


def test_the_model_of_another_job_is_refused_by_name(world: World, other: Other) -> None:
    version = other.ok("score")["version"]
    world.edit("holdout = 0.2", f'version = "{version}"\nholdout = 0.2')

    told = world.refused("score", "--replace")

    assert told.error["code"] == "package_refused"
    assert "'other'" in told.error["problem"]
    assert "from_job = 'other'" in told.error["fix"]


def test_a_job_without_a_model_of_its_own_takes_none_by_accident(world: World) -> None:
    job = beside(world)

    told = job.refused("score")

    assert told.error["code"] == "package_refused"
    assert name_of(world) in told.error["fix"]


def test_a_job_file_may_name_whose_model_it_takes(world: World) -> None:
    job = beside(world, ("holdout = 0.2", f'from_job = "{name_of(world)}"\nholdout = 0.2'))
    [version] = world.rows("select distinct version from predictions")

    assert job.ok("score")["version"] == version["version"]
    assert job.broken_promises() == []
    assert job.refused("fit").error["code"] == "job_invalid"


def test_a_model_that_another_job_fitted_from_the_same_data_is_its(world: World) -> None:
    """The same recipe makes the same version, and a version has one package."""
    world.ok("fit")

    assert "from_job" in beside(world).refused("fit").error["fix"]


def test_a_job_that_scored_with_a_model_that_it_does_not_name_breaks_p7(
    world: World, other: Other
) -> None:
    del other
    world.edit("holdout = 0.2", 'from_job = "other"\nholdout = 0.2')
    world.ok("score", "--replace")
    assert world.broken_promises() == []

    world.edit('from_job = "other"\n', "")

    assert [one["id"] for one in world.broken_promises()] == ["P7"]


def test_a_file_of_the_live_version_that_was_changed_changes_nothing(world: World) -> None:
    """The table `releases` decides; the file is told by score and by doctor."""
    old = world.ok("score", "--replace")["version"]
    live(world).write_text("0123456789ab\n")

    told = world.run("score", "--replace")

    assert told.answer["version"] == old
    assert ".live says '0123456789ab'" in told.err
    assert [one["id"] for one in world.broken_promises()] == ["P7"]
    world.ok("fit")
    assert world.broken_promises() == []


def test_a_file_of_the_live_version_that_was_turned_back_is_told(world: World) -> None:
    """As after a fit that was killed at its last step: no promise is broken."""
    old = live(world).read_text()
    world.edit("holdout = 0.2", "holdout = 0.3")
    new = world.ok("fit")["version"]
    live(world).write_text(old)

    told = world.run("score", "--replace")
    promises = {one["id"]: one for one in world.run("doctor").answer["promises"]}

    assert told.answer["version"] == new
    assert "warning" in told.err
    assert promises["P7"]["ok"] is True
    assert ".live says" in promises["P7"]["detail"]


def test_releases_that_were_lost_are_missed(world: World) -> None:
    shutil.rmtree(world.store / "releases")

    told = world.refused("score", "--replace")

    assert told.error["code"] == "package_refused"
    assert [one["id"] for one in world.broken_promises()] == ["P7"]
    world.ok("fit")
    world.ok("score", "--replace")
    assert world.broken_promises() == []


@pytest.mark.parametrize(
    "words",
    [
        ("score",),
        ("sample",),
        ("estimate",),
        ("status",),
        ("run",),
        ("report",),
        ("pull", "--file", "x"),
        ("doctor",),
    ],
    ids=lambda words: words[0],
)
def test_another_job_of_the_same_name_is_refused(world: World, words: tuple[str, ...]) -> None:
    """Every command says whose the name is, and changes nothing."""
    before = sorted(path for path in world.store.rglob("*") if path.is_file())
    world.edit('id = "[0-9a-f]+"', f'id = "{"0" * 32}"')

    told = world.refused(*words)

    assert told.error["code"] == "job_invalid"
    assert "belongs to another job" in told.error["problem"]
    assert sorted(path for path in world.store.rglob("*") if path.is_file()) == before


def test_a_job_file_that_lost_its_id_is_told_how_to_go_on(world: World) -> None:
    had = re.search('id = "([0-9a-f]+)"', world.job.read_text())
    assert had
    world.edit('id = "[0-9a-f]+".*\n', "")

    fix = world.refused("status").error["fix"]

    line = f'id = "{had[1]}"'
    assert line in fix
    world.edit('name = "job"', f'name = "job"\n{line}')
    world.ok("status")


def test_rows_that_another_job_erased_are_none_that_somebody_took_away(
    world: World, other: Other
) -> None:
    other.ok("score")
    world.ok("sample", "--budget", 5)
    other.ok("sample", "--budget", 5)
    [first, *_] = other.rows("select key, batch from samples where job = 'other' order by key")

    other.ok("forget", "--key", first["key"], "--yes")
    other.ok("remove", "--batch", first["batch"], "--yes")

    assert world.broken_promises() == []
    assert other.broken_promises() == []
