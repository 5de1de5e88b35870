"""A bad file costs the batches that it may hold, and no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from functions import label_studio
from functions.app import App
from functions.steps import push
from infra.settings import Access
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import DAYS, Told, World, loans

GOOD, BAD, LAST = DAYS
UNREAD = "files that nobody could read"
TABLE = loans(120)


def of_day(day: str) -> pa.Table:
    return TABLE.filter(pc.equal(pc.strftime(TABLE["opened"], "%Y-%m-%d"), day))


def file_of(world: World, day: str) -> Path:
    return world.folder / f"loans-{day}.parquet"


@pytest.fixture
def nights(world: World) -> World:
    """A job by day over one file a day."""
    for day in DAYS:
        pq.write_table(of_day(day), file_of(world, day))
    world.data.unlink()
    world.edit(r"loans\.parquet", "loans-*.parquet")
    return world


def states(told: Told) -> dict[str, str]:
    return {one["batch"]: one["status"] for one in told.answer["batches"]}


def a_renamed_feature(path: Path) -> None:
    names = ["earned" if n == "income" else n for n in TABLE.column_names]
    pq.write_table(pq.read_table(path).rename_columns(names), path)


def a_renamed_time(path: Path) -> None:
    names = ["when" if n == "opened" else n for n in TABLE.column_names]
    pq.write_table(pq.read_table(path).rename_columns(names), path)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def numbers_for_times(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "opened", pa.array(range(len(table)))), path)


SPOILED: dict[Callable[[Path], None], str] = {
    a_renamed_feature: "schema_mismatch",
    a_renamed_time: "schema_mismatch",
    truncated: "input_unreadable",
    numbers_for_times: "schema_mismatch",
}


@pytest.mark.parametrize("spoil", list(SPOILED), ids=lambda spoil: spoil.__name__)
def test_a_bad_file_fails_the_day_that_its_rows_or_its_name_tell_and_no_other(
    nights: World, spoil: Callable[[Path], None]
) -> None:
    spoil(file_of(nights, BAD))

    told = nights.run("score")

    assert states(told) == {GOOD: "published", BAD: "failed", LAST: "published"}
    assert (told.code != 0, told.answer["error"]["code"]) == (True, SPOILED[spoil])
    assert f"loans-{BAD}.parquet" in told.answer["error"]["problem"]
    assert nights.ok("score", "--batch", GOOD)["batches"][0]["status"] == "already"
    assert nights.broken_promises() == []


def test_a_bad_file_of_a_published_day_fails_that_day_and_leaves_it_as_it_is(
    nights: World,
) -> None:
    nights.ok("score")
    before = nights.rows("select count(*) n from predictions")
    truncated(file_of(nights, BAD))

    told = nights.run("score")

    assert states(told) == {GOOD: "already", BAD: "failed", LAST: "already"}
    assert nights.rows("select count(*) n from predictions") == before
    assert {b["batch"]: b["state"] for b in nights.ok("status")["batches"]}[BAD] == "unreadable"


def test_a_file_that_tells_nothing_fails_by_itself_and_stops_no_batch_that_is_named(
    nights: World,
) -> None:
    file_of(nights, BAD).rename(nights.folder / "loans-x.parquet")
    truncated(nights.folder / "loans-x.parquet")

    told, named = nights.run("score"), nights.run("score", "--batch", GOOD)

    assert states(told) == {GOOD: "published", LAST: "published", UNREAD: "failed"}
    assert "loans-x.parquet" in told.answer["error"]["problem"]
    assert (named.code, states(named)) == (0, {GOOD: "already"})
    assert "loans-x.parquet" in named.err


def test_a_day_whose_file_is_of_0_bytes_or_without_rows_is_empty(nights: World) -> None:
    file_of(nights, GOOD).write_bytes(b"")
    pq.write_table(TABLE.slice(0, 0), file_of(nights, BAD))

    told = nights.run("score")

    assert (told.code, states(told)) == (0, {GOOD: "empty", BAD: "empty", LAST: "published"})


def test_a_published_day_is_never_replaced_by_nothing(nights: World) -> None:
    nights.ok("score")
    before = nights.rows("select count(*) n from predictions")
    file_of(nights, BAD).write_bytes(b"")

    told, again = nights.run("score", "--replace"), nights.run("score")

    assert states(told) == {GOOD: "replaced", BAD: "failed", LAST: "replaced"}
    assert told.answer["error"]["code"] == "batch_refused"
    assert states(again)[BAD] == "changed"
    assert nights.rows("select count(*) n from predictions") == before


def test_a_batch_that_is_refused_stops_no_other_that_is_named(nights: World) -> None:
    told = nights.run("score", "--batch", "2020-01-01", "--batch", GOOD)

    assert states(told) == {"2020-01-01": "failed", GOOD: "published"}
    assert told.answer["error"]["code"] == "batch_unknown"


def test_a_run_draws_from_good_days_and_estimates_whatever_one_file_is(nights: World) -> None:
    truncated(file_of(nights, BAD))

    told = nights.run("run", "--since", GOOD)

    steps = {(one["step"], one["batch"]): one["status"] for one in told.answer["steps"]}
    assert [steps["sample", day] for day in (GOOD, LAST)] == ["drawn"] * 2
    assert steps["estimate", None] == "done"


def test_each_error_is_printed_once_with_its_batches_beside_the_table(nights: World) -> None:
    for day in (BAD, LAST):
        a_renamed_feature(file_of(nights, day))

    told = nights.run("score", as_json=False)

    assert f"{GOOD}  published" in told.out
    assert [line.split(":")[1] for line in told.err.splitlines() if line.startswith("error")] == [
        f" batch {BAD}",
        f" batch {LAST}",
    ]


def test_an_exception_in_the_users_function_names_batch_file_and_row_and_fails_that_batch_alone(
    nights: World,
) -> None:
    (nights.job.parent / "prepare.py").write_text(
        "import pyarrow.compute as pc\n"
        "def prepare(batch):\n"
        "    if pc.any(pc.equal(batch['age'], 17)).as_py():\n"
        "        raise ValueError('too young')\n"
        "    return batch\n"
    )
    nights.edit(r"\[features\]", '[features]\nfunction = "prepare.py:prepare"')
    assert nights.spawn("fit").code == 0
    young = of_day(BAD)
    ages: list[Any] = young["age"].to_pylist()
    ages[5] = 17
    names = young.column_names
    young = young.set_column(names.index("age"), "age", pa.array(ages))
    pq.write_table(young, file_of(nights, BAD))

    told = nights.run("score", "--engine", "inline")

    assert states(told) == {GOOD: "published", BAD: "failed", LAST: "published"}
    error = told.answer["error"]
    assert error["problem"].startswith(f"batch {BAD}, loans-{BAD}.parquet, row 5: ")
    assert "ValueError: too young" in error["problem"]


def test_rows_without_a_time_are_refused_where_they_are_too_many_of_all_rows(
    nights: World,
) -> None:
    """Some are set aside; a file whose times are all gone is no night as usual."""
    path = file_of(nights, BAD)
    table = pq.read_table(path)
    some: list[Any] = table["opened"].to_pylist()
    some[0] = None
    for times, state in ((some, "published"), ([None] * len(table), "failed")):
        pq.write_table(table.set_column(1, "opened", pa.array(times, pa.timestamp("us"))), path)
        told = nights.run("score", "--replace")
        assert states(told)["unknown"] == state, told


def test_a_batch_whose_input_left_before_the_question_changed_stops_no_other(
    nights: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can read its rows again, so it stays as it was asked; the others are asked anew."""
    server = FakeLabelStudio()
    monkeypatch.setattr(App, "label_studio", Access(server.url, SecretStr("t0k3n")))
    for module in (label_studio, push):
        monkeypatch.setattr(module, "connect", lambda *_: nullcontext(server))
    for command in ("score", "sample", "push"):
        nights.ok(command)
    file_of(nights, BAD).unlink()
    nights.edit('question = ".*"', 'question = "What now?"')

    unsampled = nights.refused("push")
    nights.ok("sample", "--batch", GOOD, "--batch", LAST)
    pushed = nights.run("push")
    promises = {one["id"]: one for one in nights.run("doctor").answer["promises"]}

    assert unsampled.error["code"] == "step_missing"
    assert pushed.code == 0
    assert f"when batch {BAD!r} was drawn from" in pushed.err
    assert promises["P4"]["ok"], promises["P4"]
    assert "wait for `recheck sample`" in promises["P4"]["detail"]
