"""The doctor tells a broken promise from one that it cannot check."""

from __future__ import annotations

from typing import Any

import pytest

from functions.batches import model
from functions.steps import doctor
from pipelines.errors import VersionsDiffer
from pipelines.models import package
from pipelines.tables import table_files
from tests.fixtures.world import World


def promises(world: World) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in world.run("doctor").answer["promises"]}


def test_a_check_that_breaks_off_is_a_failure_and_the_others_still_run(world: World) -> None:
    """A file of predictions that is gone stops the count of its rows."""
    world.ok("score")
    next(world.store.glob("predictions/**/*.parquet")).unlink()

    told = world.run("doctor")

    found = promises(world)
    assert told.code == 1
    assert [name for name in found if found[name]["ok"] is False] == ["P1", "P2", "P3"]
    assert "FileNotFoundError" in found["P3"]["detail"]
    assert "--replace" in found["P3"]["detail"]
    assert found["P5"]["ok"] is True


def test_whatever_breaks_a_check_is_told_by_its_type_and_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(app: object, views: object) -> None:
        del app, views
        raise ZeroDivisionError("nothing to divide")

    monkeypatch.setattr(doctor, "answers_count_once", broken)

    found = promises(world)

    assert found["P5"]["ok"] is False
    assert "ZeroDivisionError: nothing to divide" in found["P5"]["detail"]
    assert "please report" in found["P5"]["detail"]


def test_a_package_that_other_versions_made_is_not_broken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be checked here, and scoring refuses it as any other that it cannot run."""
    world.ok("score")

    def upgraded(_manifest: object) -> None:
        raise VersionsDiffer("the model runs in numpy 1.0", fix="fit the model again")

    monkeypatch.setattr(package, "_check_libraries", upgraded)

    told, found = world.refused("score", "--replace"), promises(world)["P7"]
    assert (told.code, told.error["code"]) == (8, "package_refused")
    assert found["ok"] is None
    assert "the model runs in numpy 1.0: fit the model again" in found["detail"]


def _versions(changes: dict[str, str]) -> dict[str, str]:
    return model.versions() | changes


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, the writer of Parquet writes other bytes."""
    options = table_files._writing
    monkeypatch.setattr(
        table_files, "_writing", lambda schema: options(schema) | {"compression": "snappy"}
    )


def score_with(world: World, versions: dict[str, str], *batches: str) -> None:
    """Score as a machine with these libraries would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "versions", lambda: versions)
        world.ok("score", *(word for batch in batches for word in ("--batch", batch)))


def test_other_bytes_by_another_library_are_no_broken_promise(
    world: World, request: pytest.FixtureRequest
) -> None:
    """P2 holds for the same libraries: with others it cannot be checked, and says what to do."""
    score_with(world, _versions({"pyarrow": "1.0"}))
    request.getfixturevalue("rewritten")

    found = promises(world)["P2"]

    assert found["ok"] is None
    assert "pyarrow 1.0 (now " in found["detail"]
    assert "--replace" in found["detail"]


def test_other_bytes_by_the_same_libraries_break_the_promise(
    world: World, request: pytest.FixtureRequest
) -> None:
    world.ok("score")
    request.getfixturevalue("rewritten")

    assert promises(world)["P2"]["ok"] is False


def test_the_same_bytes_keep_the_promise_whatever_the_libraries(world: World) -> None:
    score_with(world, _versions({"scikit-learn": "0.1"}))

    assert promises(world)["P2"]["ok"] is True


def test_a_batch_of_todays_libraries_is_checked_before_others(world: World) -> None:
    """Also where it is larger."""
    first, second, third = (one["batch"] for one in world.ok("score", "--dry-run")["batches"])
    score_with(world, _versions({"pyarrow": "1.0"}), first, second)
    world.ok("score", "--batch", third)

    assert f"batch {third} " in promises(world)["P2"]["detail"]
