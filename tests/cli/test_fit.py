"""What `fit` and `score` tell people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from functions.steps import push
from tests.fixtures.world import World, loans, with_column


def test_a_version_that_is_there_is_said_to_be(world: World) -> None:
    """Nothing is written then; counts are whole numbers."""
    version = world.ok("fit")["version"]

    told = world.run("fit", as_json=False)

    assert f"version {version} is there already, nothing was written: 480 rows, linear" in told.out
    assert "  holdout_rows: 120\n" in told.out
    assert "  accuracy: 0." in told.out


def test_a_dry_run_knows_a_version_that_is_not_live(world: World) -> None:
    """A pinned version is live, another one may be there."""
    world.edit("holdout = 0.2", "holdout = 0.3")
    version = world.run("fit", "--dry-run").answer["version"]
    assert f"version {version} would be made" in world.run("fit", "--dry-run", as_json=False).out
    world.ok("fit")
    world.edit("holdout = 0.3", "holdout = 0.2")
    world.ok("fit")
    world.edit("holdout = 0.2", "holdout = 0.3")

    assert "is there already" in world.run("fit", "--dry-run", as_json=False).out


TABLE = loans(60)
NONE: list[Any] = [None] * 60


@pytest.mark.parametrize(
    ("column", "values", "problem", "fix"),
    [
        ("outcome", NONE, "only 0 of 60 rows can train: 60 have no value in column 'outcome'", "--batch"),
        (
            "outcome",
            ["gone", "gone", "moved"] * 20,
            "60 have a target that is not one of target.answers ('gone', 'moved')",
            "target.answers",
        ),
        ("income", [float("inf")] * 60, "60 have 'infinite' in column 'income'", "mend the data"),
        ("loan", NONE, "60 have 'null_key' in column 'loan'", "mend the data"),
        (
            "outcome",
            ["paid"] * 5 + [None] * 40 + ["gone"] * 15,
            "only 5 of 60 rows can train: 40 have no value in column 'outcome'; 15 have a target",
            "target.answers",
        ),
    ],
    ids=["null", "unknown", "infinite", "no key", "several"],
)  # fmt: skip
def test_rows_that_cannot_train_are_counted_by_reason(
    world: World, column: str, values: list[Any], problem: str, fix: str
) -> None:
    typed = pa.array(values, TABLE.schema.field(column).type)
    world.write(with_column(TABLE, column, typed))

    told = world.refused("fit")

    assert told.error["code"] == "estimator_refused"
    assert problem in told.error["problem"]
    assert fix in told.error["fix"]


def test_a_batch_without_rows_is_unknown(world: World) -> None:
    """As it is to `score`."""
    codes = [world.refused(verb, "--batch", "1999-01-01").code for verb in ("fit", "score")]

    assert codes == [4, 4]


@pytest.fixture
def asked(world: World) -> World:
    """The same rows without a truth: people are asked."""
    world.edit('column = "outcome"', "")
    world.edit(r"\[labeling\]", "[labeling]\ntrain_budget = 20")
    return world


def test_rows_that_nobody_answered_are_counted(asked: World) -> None:
    """Three answers are too few: the others have none."""
    push.draw_training_rows(open_app(asked.job), ())
    rows = asked.rows("select prediction_id from samples where purpose = 'train' limit 3")
    path = Path(asked.folder / "answers.csv")
    path.write_text(
        "\n".join(["prediction_id,answer", *(f"{r['prediction_id']},paid" for r in rows)])
    )
    asked.ok("pull", "--file", path)

    told = asked.refused("fit")

    assert "only 3 of 600 rows can train: 597 have no answer" in told.error["problem"]
    assert "let more people answer" in told.error["fix"]


def test_without_any_answer_the_next_step_is_named(asked: World) -> None:
    """To ask, and once people were asked, to wait for them."""
    first = asked.refused("fit").error
    push.draw_training_rows(open_app(asked.job), ())
    second = asked.refused("fit").error

    assert first["code"] == second["code"] == "step_missing"
    assert f"recheck push {asked.job} --purpose train" in first["fix"]
    assert "push" not in second["fix"]
    assert "60 were drawn" in second["problem"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("", "predictions made elsewhere, without a version"),
        ('version = "region"', "column 'region'"),
    ],
)
def test_predictions_made_elsewhere_have_the_version_that_a_column_says(
    tmp_path: Path, more: str, line: str
) -> None:
    world = World(tmp_path)
    pq.write_table(loans(60), world.data)
    named = [
        "--data",
        world.data,
        "--predicted",
        "outcome",
        "--key",
        "loan",
        "--batch-by",
        "region",
    ]
    world.ok("init", world.job.parent, *named, job=False)
    world.edit(r"\[predictions\]", f"[predictions]\n{more}")
    world.edit('"region", ', "")  # people never see the version

    told = world.run("score", as_json=False)

    assert told.code == 0, told
    assert line in told.out.splitlines()[0]
    assert "unversioned" not in told.out
