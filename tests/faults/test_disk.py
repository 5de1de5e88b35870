"""A store that is full, read-only or not there: told, with the way out, and nothing is lost."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures import crashes, no_links
from tests.fixtures.crashes import Orders
from tests.fixtures.world import START, Told, World, environment, loans

STORE = 19  # the exit code of a store that cannot be used


def told_by_the_store(told: Told) -> None:
    """One of our own errors, about the store, with what to do."""
    assert told.code == STORE, told
    assert told.error["code"] == "store_unavailable"
    assert "Traceback" not in told.err
    assert told.error["fix"]


@pytest.mark.parametrize("size", [0, 300, 1_200, 2_500])
@pytest.mark.parametrize("verb", ["score", "sample", "fit"])
def test_a_file_that_cannot_grow_publishes_nothing_by_half(
    base: World, scored: World, tmp_path: Path, verb: str, size: int
) -> None:
    """Wherever the limit strikes: a data file, a log, a note, a package."""
    world = (scored if verb == "sample" else base).copy(tmp_path)
    if verb == "fit":
        world.edit("holdout = 0.2", "holdout = 0.3")
    options = ["--budget", "10"] if verb == "sample" else []

    [answer] = crashes.run_all([world.words(verb, *options)], [Orders(most_bytes=size)])

    assert answer is not None
    told_by_the_store(answer[0])
    assert world.broken_promises() == []
    again, _ = crashes.run(world.words(verb, *options))
    assert again.code == 0, again
    assert world.broken_promises() == []


@functools.cache
def may_mount() -> bool:
    """Whether this machine lets a test have mounts of its own; some containers do not."""
    return in_a_place_of_its_own("mount -t tmpfs none /mnt").returncode == 0


def in_a_place_of_its_own(script: str) -> subprocess.CompletedProcess[str]:
    """A shell that may mount what it likes, and leaves nothing behind."""
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-euc", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )


def command(world: World, *words: str) -> str:
    line = [*START, *world.words(*words)]
    return " ".join(f"'{word}'" for word in line)


@pytest.mark.parametrize("engine", ["inline", "local"])
def test_a_full_disk_is_told_and_heals_with_more_room(
    fitted: World, tmp_path: Path, engine: str
) -> None:
    """A disk of 100 kB, half of it used up by the model."""
    world = fitted.copy(tmp_path / "world")
    world.write(loans(3_000))
    if not may_mount():  # then a file that may not grow is as near as one can come
        words = world.words("score", "--engine", engine)
        [answer] = crashes.run_all([words], [Orders(most_bytes=20_000)])
        assert answer is not None
        told_by_the_store(answer[0])
        return
    kept, disk = tmp_path / "kept", world.store
    shutil.move(disk, kept)
    disk.mkdir()

    done = in_a_place_of_its_own(
        f"mount -t tmpfs -o size=100k none {disk}; cp -r {kept}/. {disk}\n"
        f"{command(world, 'score', '--engine', engine)} || echo $? >&2\n"
        f"mount -o remount,size=10m {disk}\n"
        f"{command(world, 'score', '--engine', 'inline')} > {tmp_path}/second\n"
        f"{command(world, 'doctor')} > {tmp_path}/doctor\n"
    )

    assert done.returncode == 0, done
    first = Told(int(done.stderr.split()[-1]), done.stdout, done.stderr)
    told_by_the_store(first)
    assert "free space" in first.error["fix"]
    assert '"published"' in (tmp_path / "second").read_text()
    assert '"ok": false' not in (tmp_path / "doctor").read_text()


@pytest.mark.parametrize("verb", ["score", "fit", "sample", "estimate", "pull"])
def test_a_read_only_store_is_told(scored: World, tmp_path: Path, verb: str) -> None:
    """By every command that writes; what was there can still be read."""
    world = scored.copy(tmp_path / "world")
    world.edit("holdout = 0.2", "holdout = 0.3" if verb == "fit" else "holdout = 0.2")
    (tmp_path / "answers.csv").write_text("prediction_id,answer\nx,paid\n")
    options = {"score": ["--replace"], "pull": ["--file", str(tmp_path / "answers.csv")]}
    words = [verb, *options.get(verb, [])]
    if not may_mount():  # then what cannot be written is what is no folder
        for path in [
            *world.store.glob("*/_delta_log"),
            world.store / "notes",
            world.store / "models",
        ]:
            shutil.rmtree(path, ignore_errors=True)
            path.write_text("in the way")
        told = world.spawn(*words)
        assert told.code in (0, STORE), told
        assert "Traceback" not in told.err
        return

    done = in_a_place_of_its_own(
        f"mount --bind {world.store} {world.store}\n"
        f"mount -o remount,ro,bind {world.store}\n"
        f"{command(world, *words)} || echo $? >&2\n"
        f"{command(world, 'status')} > {tmp_path}/status\n"
    )

    assert done.returncode == 0, done
    assert '"scored"' in (tmp_path / "status").read_text()
    if verb != "estimate":  # without an answer there is nothing to keep
        told = Told(int(done.stderr.split()[-1]), done.stdout, done.stderr)
        told_by_the_store(told)
        assert "right to write" in told.error["fix"] or "write access" in told.error["fix"]


@pytest.mark.parametrize("verb", ["score", "fit", "sample"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new store", "store of before"])
def test_a_file_system_without_hard_links_is_refused_by_name(
    scored: World, tmp_path: Path, verb: str, *, is_new: bool
) -> None:
    """Every commit needs them; what is there can still be read."""
    world = scored.copy(tmp_path / "world")
    world.edit("holdout = 0.2", "holdout = 0.3" if verb == "fit" else "holdout = 0.2")
    if is_new:
        (world.store / "recheck-store.json").unlink()
    options = ["--replace"] if verb == "score" else []
    start = [sys.executable, no_links.__file__, *START[1:]]

    told = world.spawn(verb, *options, start=start)
    after = world.spawn("status", start=start)

    told_by_the_store(told)
    assert "makes no hard links" in told.error["problem"]
    assert "RECHECK_STORE" in told.error["fix"]
    assert after.code == 0


BLOCKED: dict[str, Callable[[World], Path]] = {
    "store": lambda world: world.store,
    "predictions": lambda world: world.store / "predictions",
    "runs": lambda world: world.store / "runs",
    "models": lambda world: world.store / "models",
}


@pytest.mark.parametrize("what", list(BLOCKED))
@pytest.mark.parametrize("verb", ["score", "sample", "fit", "status", "doctor"])
def test_a_file_where_a_folder_should_be_is_told(
    scored: World, tmp_path: Path, what: str, verb: str
) -> None:
    """Never by a traceback; by the doctor as something that cannot be checked."""
    world = scored.copy(tmp_path)
    place = BLOCKED[what](world)
    shutil.rmtree(place)
    place.write_text("in the way")

    told, _ = crashes.run(world.words(verb))

    assert "Traceback" not in told.err, told.err
    assert told.code != 99
    if verb != "doctor" and told.code != 0:
        assert told.error.keys() == {"code", "problem", "fix"}


@pytest.mark.parametrize("verb", ["score", "fit", "sample", "estimate", "pull"])
def test_a_dry_run_needs_no_right_to_write(scored: World, tmp_path: Path, verb: str) -> None:
    """Also where nobody took a lock before: a folder stands where locks would lie."""
    world = scored.copy(tmp_path / "world")
    (tmp_path / "answers.csv").write_text("prediction_id,answer\nx,paid\n")
    options = {"score": ["--replace"], "pull": ["--file", str(tmp_path / "answers.csv")]}
    shutil.rmtree(world.store / "locks")
    (world.store / "locks").write_text("no lock can be made here")

    world.ok(verb, *options.get(verb, []), "--dry-run")
