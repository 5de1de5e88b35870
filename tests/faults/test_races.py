"""Two runs at once, and runs that are killed at any time: one wins, none mixes, a repeat heals."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from functions.app import open_app
from tests.fixtures import crashes
from tests.fixtures.crashes import Orders
from tests.fixtures.world import START, World, environment, loans

DONE, LATE = 0, 20  # exit codes: done, and another run was first
SEED = 5


def versions(world: World) -> dict[str, set[str]]:
    """The versions that a reader sees in each batch."""
    rows = open_app(world.job).store.table("predictions").read(["batch", "version"]).to_pylist()
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["batch"], set()).add(row["version"])
    return found


def at_once(*lines: list[str]) -> list[int]:
    """Run commands that wait for each other before every commit; return their exit codes."""
    meeting = crashes.barrier(len(lines))
    answers = crashes.run_all(lines, [Orders(barrier=meeting)] * len(lines))
    told = [answer[0] for answer in answers if answer is not None]
    assert len(told) == len(lines)
    assert not any("Traceback" in one.err for one in told), told
    return [one.code for one in told]


@pytest.mark.parametrize("replace", [[], ["--replace"]], ids=["first", "replace"])
def test_two_equal_runs_of_a_batch_are_one(
    base: World, scored: World, tmp_path: Path, replace: list[str]
) -> None:
    """The loser finds its own work published, and says so."""
    world = (scored if replace else base).copy(tmp_path)

    codes = at_once(*[world.words("score", *replace)] * 3)

    assert set(codes) <= ({DONE, LATE} if replace else {DONE})
    assert DONE in codes
    assert world.broken_promises() == []
    assert {b["status"] for b in world.ok("score")["batches"]} == {"already"}


@pytest.fixture(scope="module")
def two_models(base: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The job with a second version of its model, and a job file that pins the first."""
    world = base.copy(tmp_path_factory.mktemp("two"))
    first = next(path.name for path in world.store.glob("models/*/*/"))
    other = world.job.with_name("pinned.toml")
    other.write_text(world.job.read_text().replace("holdout", f'version = "{first}"\nholdout'))
    world.edit("holdout = 0.2", "holdout = 0.3")
    told, _ = crashes.run(world.words("fit"))
    assert told.code == 0, told
    return world


def test_two_models_do_not_mix_in_a_batch(two_models: World, tmp_path: Path) -> None:
    """One of them wins each batch; the loser says that another run was first."""
    world = two_models.copy(tmp_path)
    pinned = ["score", str(world.job.with_name("pinned.toml")), "--json"]

    codes = at_once(world.words("score"), pinned)

    assert set(codes) <= {DONE, LATE}
    assert DONE in codes or codes == [LATE, LATE]  # each may have won one batch
    assert {batch: len(found) for batch, found in versions(world).items()} == {
        "2026-01-05": 1,
        "2026-01-06": 1,
    }
    broken = [promise for promise in world.broken_promises() if promise["id"] != "P2"]
    assert broken == []


def test_runs_of_other_batches_are_in_nobodys_way(base: World, tmp_path: Path) -> None:
    """A backfill of many batches by many processes needs no second try."""
    world = base.copy(tmp_path)
    days = [f"2026-02-{day:02d}" for day in range(1, 7)]
    world.write(loans(120, days=days))

    world.ok("score")

    codes = at_once(*[world.words("score", "--batch", day, "--replace") for day in days])

    assert codes == [DONE] * len(days)
    assert versions(world).keys() == set(days)
    assert world.broken_promises() == []


def test_two_draws_at_once_are_one(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)

    codes = at_once(*[world.words("sample", "--budget", "10")] * 3)

    assert codes == [DONE] * 3
    assert world.rows("select count(*) n from samples") == [{"n": 20}]
    assert world.broken_promises() == []


def test_two_estimates_at_once_store_each_figure_once(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    world.ok("sample", "--budget", "10")

    codes = at_once(*[world.words("estimate")] * 2)

    assert codes == [DONE] * 2
    [stored] = world.rows("select count(*) n from estimates")
    assert stored["n"] == len(world.ok("estimate")["estimates"])


def test_two_fits_at_once_make_one_package(base: World, tmp_path: Path) -> None:
    world = base.copy(tmp_path)
    world.edit("holdout = 0.2", "holdout = 0.25")

    codes = at_once(*[world.words("fit")] * 2)

    assert codes == [DONE] * 2
    assert len(list(world.store.glob("models/*/*/"))) == 2
    assert world.ok("score")["batches"]


@pytest.mark.parametrize("engine", ["inline", "local"])
def test_a_run_can_be_killed_at_any_time(base: World, tmp_path: Path, engine: str) -> None:
    """Within Delta's own commit, too; workers of the killed run spoil nothing."""
    world = base.copy(tmp_path)
    words = [*START, *world.words("score", "--replace", "--engine", engine)]
    began = time.monotonic()
    subprocess.run(words, check=True, capture_output=True, env=environment(RECHECK_WORKERS="2"))
    whole = time.monotonic() - began
    sizes = world.rows("select batch, count(*) n from predictions group by batch order by batch")
    clock = random.Random(SEED)  # noqa: S311  # moments, not secrets

    for _ in range(5):
        with subprocess.Popen(
            words,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(RECHECK_WORKERS="2"),
        ) as child:
            time.sleep(whole * clock.uniform(0.3, 1.0))
            child.kill()

        counts = "select batch, count(*) n from predictions group by batch order by batch"
        assert world.rows(counts) == sizes
        assert world.broken_promises() == []

    assert world.ok("score", "--replace")["batches"]
    assert world.broken_promises() == []
