"""Each promise can be broken: a store that was damaged in one way is told by that promise alone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import SecretStr

from functions import label_studio
from functions.app import App, open_app
from functions.steps import push
from infra import clock
from infra.settings import Access
from labeling.answers import current
from labeling.estimates import estimation
from pipelines.tables import schemas
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import World

Row = dict[str, Any]
TOKEN = "a-token-of-thirty-two-characters"


@pytest.fixture(scope="module")
def answered(scored: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A scored job with a draw, answers to it, and an estimate."""
    world = scored.copy(tmp_path_factory.mktemp("answered"))
    world.ok("sample", "--budget", 12)
    rows = world.rows("select prediction_id, label from samples order by prediction_id")
    tell(world, {row["prediction_id"]: row["label"] for row in rows[:15]})
    world.ok("estimate")
    assert world.broken_promises() == []
    return world


@pytest.fixture
def world(answered: World, tmp_path: Path) -> World:
    """The same, to be damaged."""
    return answered.copy(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeLabelStudio:
    """A Label Studio that every command finds."""
    fake = FakeLabelStudio()
    for module in (label_studio, push):
        monkeypatch.setattr(module, "connect", lambda *_: nullcontext(fake))
    monkeypatch.setattr(App, "label_studio", Access(fake.url, SecretStr(TOKEN)))
    return fake


def tell(world: World, answers: dict[str, str]) -> None:
    """Answers by prediction id, in a file."""
    path = world.folder / "answers.csv"
    lines = [f"{name},{answer}" for name, answer in answers.items()]
    path.write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    world.ok("pull", "--file", path)


def promises(world: World) -> dict[str, Row]:
    return {one["id"]: one for one in world.run("doctor").answer["promises"]}


def broken(world: World) -> list[str]:
    return [one["id"] for one in world.broken_promises()]


def rewrite(world: World, table: str, change: Callable[[list[Row]], list[Row]]) -> None:
    """Put other rows in the place of a table's."""
    store = open_app(world.job).store
    rows = change(store.table(table).read().to_pylist())
    for row in rows:
        if "cohorts" in row:  # Arrow tells a map as pairs
            row["cohorts"] = dict(row["cohorts"])
    shutil.rmtree(world.store / table)
    store.table(table).refresh()
    store.table(table).append(schemas.table_of(schemas.TABLES[table], rows))


def in_one_stratum(rows: list[Row]) -> list[Row]:
    """The samples of a stratum of which several were drawn, by rank."""
    first = next(row for row in rows if row["rank"] == 2)
    place = (first["batch"], first["stratum"])
    return sorted(
        (row for row in rows if (row["batch"], row["stratum"]) == place),
        key=lambda one: one["rank"],
    )


def asked(world: World) -> list[str]:
    """The predictions that are drawn."""
    rows = world.rows("select prediction_id from samples order by prediction_id")
    return [row["prediction_id"] for row in rows]


def test_a_published_batch_that_no_run_made_breaks_p1(world: World) -> None:
    shutil.rmtree(world.store / "runs")

    assert "P1" in broken(world)


def alter(path: Path) -> None:
    """Change the last byte of the rows of a Parquet file; its size and its footer stay."""
    content = bytearray(path.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-9 - length] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("table", ["predictions", "quarantine"])
def test_a_byte_of_a_published_file_that_was_changed_breaks_p1(table: str, world: World) -> None:
    path = min((world.store / table).rglob("*.parquet"))
    alter(path)

    found = promises(world)["P1"]

    assert found["ok"] is False
    assert path.name in found["detail"]


def test_a_draw_takes_no_predictions_that_were_changed(world: World) -> None:
    path = min((world.store / "predictions").rglob("*.parquet"))
    alter(path)

    told = world.refused("sample", "--redraw", "a test")

    assert told.error["code"] == "store_unavailable"
    assert path.name in told.error["problem"]
    assert "--replace" in told.error["fix"]


def test_files_that_an_earlier_release_published_are_counted_as_not_verified(world: World) -> None:
    rewrite(world, "runs", lambda rows: [row | {"files": None} for row in rows])

    found = promises(world)["P1"]

    assert found["ok"] is True
    assert "2 of an earlier release have no digests" in found["detail"]
    world.ok("sample", "--redraw", "a test")


def test_ranks_in_another_order_than_the_hashes_break_p2(world: World) -> None:
    def swapped(rows: list[Row]) -> list[Row]:
        first, second, *_ = in_one_stratum(rows)
        first["rank"], second["rank"] = second["rank"], first["rank"]
        return rows

    rewrite(world, "samples", swapped)

    assert broken(world) == ["P2"]


def test_a_row_that_was_left_out_of_a_draw_breaks_p2(world: World) -> None:
    """The order of the others stays as it was."""

    def shifted(rows: list[Row]) -> list[Row]:
        for row in in_one_stratum(rows):
            row["rank"] += 1
        return rows

    rewrite(world, "samples", shifted)

    assert broken(world) == ["P2"]


@pytest.mark.parametrize("column", ["score_sums", "score_histogram", "domains", "size"])
def test_a_draw_that_keeps_other_counts_than_its_predictions_give_breaks_p2(
    column: str, world: World
) -> None:
    def changed(rows: list[Row]) -> list[Row]:
        row = rows[0]
        if column == "size":
            row["size"] += 1
        else:
            row[column] = re.sub(
                r"[1-9]", lambda digit: str(10 - int(digit[0])), row[column], count=1
            )
        return rows

    rewrite(world, "designs", changed)

    assert f"designs.{column}" in promises(world)["P2"]["detail"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("label", "lost"), ("score", 0.125), ("scores", {"paid": 1.0}), ("key", "another")],
)
def test_a_sampled_row_that_is_not_its_prediction_breaks_p2(
    column: str, value: object, world: World
) -> None:
    def changed(rows: list[Row]) -> list[Row]:
        for row in rows:
            row[column] = value
        return rows

    rewrite(world, "samples", changed)

    assert "P2" in broken(world)


@pytest.mark.parametrize(
    "words",
    [("sample", "--budget", 20), ("sample", "--redraw", "a test")],
    ids=["a top-up", "a redraw"],
)
def test_a_later_draw_keeps_p2(world: World, words: tuple[Any, ...]) -> None:
    world.ok(*words)

    assert promises(world)["P2"]["ok"] is True


def test_a_row_that_was_not_counted_breaks_p3(world: World) -> None:
    def one_more(rows: list[Row]) -> list[Row]:
        for row in rows:
            if row["step"] == "score":
                outputs = json.loads(row["outputs"])
                row["outputs"] = json.dumps(outputs | {"rows_in": outputs["rows_in"] + 1})
        return rows

    rewrite(world, "runs", one_more)

    assert broken(world) == ["P3"]


def test_a_question_without_a_task_breaks_p4(world: World, server: FakeLabelStudio) -> None:
    world.ok("push")
    assert broken(world) == []

    server.delete_task(max(server.board))

    assert broken(world) == ["P4"]


def test_a_task_twice_breaks_p4_until_the_next_push(world: World, server: FakeLabelStudio) -> None:
    project = world.ok("push")["project"]
    server.import_tasks(project, [server.tasks_of(project)[0]])
    assert broken(world) == ["P4"]

    world.ok("push")

    assert broken(world) == []


def test_a_skipped_task_beside_an_answered_one_keeps_p4(
    world: World, server: FakeLabelStudio
) -> None:
    """A push removes neither, for a skip is an answer too."""
    project = world.ok("push")["project"]
    server.import_tasks(project, [server.tasks_of(project)[0]])
    server.answer(min(server.board), "paid")
    server.answer(max(server.board), None)
    world.ok("push")

    assert promises(world)["P4"]["ok"] is True


def test_answered_copies_are_told_where_p4_holds(world: World, server: FakeLabelStudio) -> None:
    made = world.ok("push")
    server.import_tasks(made["project"], [server.tasks_of(made["project"])[0]])
    for task in (min(server.board), max(server.board)):
        server.answer(task, "paid")

    assert promises(world)["P4"]["detail"] == (
        f"each of {made['created']} pushed questions has one task "
        "(1 has answered copies, which count once)"
    )


def test_an_altered_task_breaks_p4_until_the_next_push(
    world: World, server: FakeLabelStudio
) -> None:
    """The answered one stays, beside a new one."""
    made = world.ok("push")
    first, second = sorted(server.board)[:2]
    server.answer(first, "paid")
    for task in (first, second):
        server.alter(task, {"row": [{"Name": "a", "Value": "CHANGED"}]})
    assert broken(world) == ["P4"]
    assert "has 0 tasks" in promises(world)["P4"]["detail"]
    assert world.ok("push", "--dry-run")["created"] == 2

    assert world.ok("push")["created"] == 2

    assert promises(world)["P4"] == {
        "id": "P4",
        "ok": True,
        "detail": f"each of {made['created']} pushed questions has one task "
        "(1 more was altered there after the push and answered, which is stale)",
    }
    assert world.ok("push")["created"] == 0


def test_a_project_that_is_gone_leaves_p4_open(world: World, server: FakeLabelStudio) -> None:
    """Deleting it is archival; the way out is another push."""
    server.delete_project(world.ok("push")["project"])

    found = promises(world)["P4"]

    assert found["ok"] is None
    assert "recheck push" in found["detail"]


def test_an_answer_that_moved_to_another_question_breaks_p5(world: World) -> None:
    other = asked(world)[-1]

    def moved(rows: list[Row]) -> list[Row]:
        later = max(row["known_at"] for row in rows) + timedelta(seconds=1)
        return [*rows, rows[0] | {"prediction_id": other, "known_at": later}]

    rewrite(world, "annotations", moved)

    assert broken(world) == ["P5"]


def test_a_label_that_counts_an_answer_twice_breaks_p5(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code that counts is wrong; the raw answers tell."""
    right = current.current_answers

    def doubled(annotations: pa.Table, samples: pa.Table) -> pa.Table:
        return pa.concat_tables([right(annotations, samples)] * 2)

    monkeypatch.setattr(current, "current_answers", doubled)

    assert broken(world) == ["P5"]


def test_an_answer_that_estimates_leave_out_breaks_p5(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6 could not tell, had the same code made the stored figures."""
    right = estimation.estimates

    def without_one(
        designs: pa.Table, samples: pa.Table, annotations: pa.Table, **rest: Any
    ) -> Any:
        return right(designs, samples, annotations.slice(1), **rest)

    monkeypatch.setattr(estimation, "estimates", without_one)

    assert "P5" in broken(world)


def test_a_figure_that_was_changed_breaks_p6(world: World) -> None:
    def raised(rows: list[Row]) -> list[Row]:
        return [row | {"value": 0.5} for row in rows]

    rewrite(world, "estimates", raised)

    assert broken(world) == ["P6"]


def test_an_answer_that_was_lost_breaks_p5_and_p6(world: World) -> None:
    """The newest one, so that what is left was known earlier than the estimate says."""
    name = asked(world)[-1]
    [label] = [
        row["label"] for row in world.rows("select * from samples") if row["prediction_id"] == name
    ]
    tell(world, {name: label})
    world.ok("estimate")

    rewrite(
        world, "annotations", lambda rows: [row for row in rows if row["prediction_id"] != name]
    )

    assert broken(world) == ["P5", "P6"]


def test_a_figure_of_another_formula_is_not_held_against_p6(world: World) -> None:
    """Of the release before, or of the next one."""

    def of_another(rows: list[Row]) -> list[Row]:
        return [row | {"value": 0.5, "estimator_version": "0"} for row in rows]

    rewrite(world, "estimates", of_another)

    found = promises(world)["P6"]
    assert found["ok"] is True
    assert "other formulas" in found["detail"]


def test_what_an_older_formula_said_is_said_again_as_of_then(world: World) -> None:
    """With its version; today's figure is a row of its own."""
    rewrite(
        world,
        "estimates",
        lambda rows: [row | {"value": 0.5, "estimator_version": "1"} for row in rows],
    )
    then = world.rows("select max(as_of)::text as moment from estimates")[0]["moment"]

    again = world.ok("estimate", "--as-of", then)["estimates"]
    now = world.ok("estimate")["estimates"]

    assert {(one["value"], one["estimator_version"]) for one in again} == {(0.5, "1")}
    assert {one["estimator_version"] for one in now} == {"2"}
    assert {
        one["estimator_version"]
        for one in world.ok("estimate", "--as-of", "2999-01-01")["estimates"]
    } == {"2"}
    assert promises(world)["P6"]["ok"] is True


def test_a_metric_that_is_not_wanted_any_more_keeps_p6(world: World) -> None:
    world.edit("task = ", 'metrics = ["accuracy"]\ntask = ')

    assert promises(world)["P6"]["ok"] is True


def test_an_answer_that_the_job_file_does_not_list_any_more_keeps_p6(world: World) -> None:
    """Figures of that class stay, and averages over the classes of then."""
    world.edit("task = ", 'metrics = ["accuracy", "f1", "f1_macro"]\ntask = ')
    world.ok("estimate")

    world.edit(r'answers = \["late", ', "answers = [")

    assert promises(world)["P6"]["ok"] is True


def test_a_changed_package_breaks_p7(world: World) -> None:
    [path] = world.store.glob("models/*/[!.]*/training_keys.bin")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    assert broken(world) == ["P7"]


def test_rows_that_show_what_they_must_not_break_p8(world: World) -> None:
    """And P2, which reads the rows of one of the batches again."""

    def shown(rows: list[Row]) -> list[Row]:
        for row in rows:
            seen = json.loads(row["shown"])
            row["shown"] = json.dumps(seen | {"outcome": "lost"})
        return rows

    rewrite(world, "samples", shown)

    assert broken(world) == ["P2", "P8"]


@pytest.mark.parametrize("name", ["notes/log.json", "reports/old.csv", "unnamed"])
def test_the_access_token_in_any_file_breaks_p8(
    world: World, server: FakeLabelStudio, name: str
) -> None:
    del server
    path = world.store / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"called with {TOKEN}")

    assert broken(world) == ["P8"]


def test_the_access_token_in_a_table_breaks_p8(world: World, server: FakeLabelStudio) -> None:
    """Packed, so that its bytes do not lie there."""
    del server

    def told(rows: list[Row]) -> list[Row]:
        return [row | {"actor": f"me with {TOKEN}"} for row in rows]

    rewrite(world, "runs", told)

    found = promises(world)["P8"]
    assert found["ok"] is False
    assert "runs/" in found["detail"]


def test_p8_says_where_it_looked(world: World, server: FakeLabelStudio) -> None:
    del server

    assert "files of the store" in promises(world)["P8"]["detail"]


def test_p8_says_where_no_token_is_known(world: World) -> None:
    assert "no access token is known" in promises(world)["P8"]["detail"]


def test_a_clock_that_was_set_back_changes_no_figure_of_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is stored later was known later: a scoring, a draw, answers, estimates."""
    then = world.rows("select max(as_of)::text as moment from estimates")[0]["moment"]
    before = world.ok("estimate", "--as-of", then)["estimates"]

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Yesterday:
            real = datetime.now(tz) - timedelta(days=1)
            return cls.fromtimestamp(real.timestamp(), tz)

    monkeypatch.setattr(clock, "datetime", Yesterday)
    (world.store / "notes" / "last-commit").unlink()
    told = world.run("score", "--replace", "--early")
    world.ok("sample", "--redraw", "the clock")
    names = asked(world)
    tell(world, dict.fromkeys(names[-9:], "paid"))
    world.ok("estimate")

    assert "warning: the clock says" in told.err
    assert world.ok("estimate", "--as-of", then)["estimates"] == before
    assert broken(world) == []
