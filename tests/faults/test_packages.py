"""A package that is not what was signed scores nothing, and the way out leads out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fixtures import crashes
from tests.fixtures.crashes import Orders
from tests.fixtures.world import World, loans

PACKAGE = 8  # the exit code of a package that is refused


def package_of(world: World) -> Path:
    [folder] = world.store.glob("models/*/[!.]*/")
    return folder


def files(world: World) -> list[Path]:
    return sorted(path for path in package_of(world).rglob("*") if path.is_file())


def refused(world: World) -> None:
    """Score says no, publishes nothing, and the doctor counts it as a broken promise."""
    before = world.rows("select count(*) n from predictions")

    told = world.refused("score", "--replace")

    assert (told.code, told.error["code"]) == (PACKAGE, "package_refused")
    assert world.rows("select count(*) n from predictions") == before
    assert [promise["id"] for promise in world.broken_promises()] == ["P7"]


def test_a_flipped_bit_in_any_file_is_refused(scored: World, tmp_path: Path) -> None:
    """At its beginning, in its middle and at its end."""
    world = scored.copy(tmp_path)

    for path in files(world):
        whole = path.read_bytes()
        path.chmod(0o644)
        for place in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            refused(world)
        path.write_bytes(whole)

    assert world.broken_promises() == []


def test_a_missing_or_an_added_file_is_refused(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)

    for path in files(world):
        whole = path.read_bytes()
        path.unlink()
        refused(world)
        path.write_bytes(whole)
    for name in ("extra.py", "deeper/extra.pkl", ".extra.py.1-00000000.part"):
        extra = package_of(world) / name
        extra.parent.mkdir(exist_ok=True)
        extra.write_text("x = 1\n")
        refused(world)
        extra.unlink()


def test_a_package_in_the_place_of_another_is_refused(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    own = package_of(world)
    other = own.with_name("0" * 12)
    shutil.copytree(own, other)
    world.edit("holdout = 0.2", f'version = "{other.name}"\nholdout = 0.2')

    told = world.refused("score", "--replace")

    assert told.code == PACKAGE
    assert "in the place of another" in told.error["problem"]


def test_a_package_that_somebody_else_signed_is_refused(
    scored: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user, with a key of their own, does not trust ours."""
    world = scored.copy(tmp_path / "world")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "somebody"))

    told = world.refused("score", "--replace")

    assert told.code == PACKAGE
    assert "RECHECK_TRUSTED_KEYS" in told.error["fix"]


def test_after_a_refusal_a_fit_heals(scored: World, tmp_path: Path) -> None:
    """The same data make the same version; a spoilt folder must not stand in its way."""
    world = scored.copy(tmp_path)
    world.write(loans(), row_group_size=250)  # what the model was trained on
    path = files(world)[0]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    told = world.refused("score", "--replace")
    assert "fit the model again" in told.error["fix"]

    again, _ = crashes.run(world.words("fit"))

    assert again.code == 0, again
    assert again.answer["version"] == package_of(world).name
    assert "set aside" in again.err
    assert world.ok("score", "--replace")["batches"]
    assert world.broken_promises() == []


def test_a_job_file_with_other_features_is_refused(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    world.edit(r"income = .*\n", "")

    told = world.refused("score", "--replace")

    assert told.code == PACKAGE
    assert "recheck fit" in told.error["fix"]


def test_a_version_that_is_not_there_is_told_with_those_that_are(
    scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    world.edit("holdout = 0.2", 'version = "abc"\nholdout = 0.2')

    told = world.refused("score", "--replace")

    assert told.error["code"] == "step_missing"
    assert package_of(world).name in told.error["problem"]


def test_without_a_fit_nothing_is_scored(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    shutil.rmtree(world.store)

    told = world.refused("score")

    assert told.error["code"] == "step_missing"
    assert "recheck fit" in told.error["fix"]


def test_a_key_that_was_lost_costs_a_fit(
    scored: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another key signs the same version anew."""
    world = scored.copy(tmp_path / "world")
    world.write(loans(), row_group_size=250)  # what the model was trained on
    before = package_of(world).name
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "new"))
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "new")}

    [answer] = crashes.run_all([world.words("fit")], [Orders(environment=environment)])

    assert answer is not None
    assert answer[0].answer["version"] == before == package_of(world).name
    assert world.ok("score", "--replace")["batches"]


def test_what_a_writer_left_of_the_signature_is_no_added_file(
    scored: World, tmp_path: Path
) -> None:
    """A kill between the name of the signature and its tidying up leaves a copy of it."""
    world = scored.copy(tmp_path)
    signature = package_of(world) / "signature.json"
    left = signature.with_name(".signature.json.7-0123abcd.part")
    shutil.copy(signature, left)
    world.ok("score", "--replace")

    left.write_text("something else")

    refused(world)
