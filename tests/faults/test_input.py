"""Bad input: a message with the way out, the documented exit code, and nothing lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.fixtures.world import World, edited, loans, with_column

UNKNOWN, UNREADABLE, MISMATCH, REFUSED = 4, 5, 6, 7  # exit codes
TABLE = loans(60, days=("2026-01-05", "2026-01-06"))
LONG = 10_000_000


def predictions(world: World) -> list[dict[str, Any]]:
    return world.rows("select * from predictions order by batch, key")


def reasons(world: World) -> list[tuple[str, str | None]]:
    """The reason and the column of each row in quarantine."""
    rows = world.rows('select reason, "column" c from quarantine order by source, row')
    return [(row["reason"], row["c"]) for row in rows]


def as_csv(world: World, table: pa.Table) -> Path:
    """Make the job read a CSV file with this table."""
    path = world.folder / "loans.csv"
    pyarrow.csv.write_csv(table, path)
    world.edit(r"loans\.parquet", "loans.csv")
    return path


def without_a_feature(world: World) -> None:
    world.write(TABLE.drop_columns(["income"]))


def without_the_key(world: World) -> None:
    world.write(TABLE.drop_columns(["loan"]))


def without_the_time(world: World) -> None:
    world.write(TABLE.drop_columns(["opened"]))


def text_for_numbers(world: World) -> None:
    world.write(with_column(TABLE, "income", ["much"] * 60))


def numbers_as_text(world: World) -> None:
    world.write(with_column(TABLE, "income", [str(x) for x in TABLE["income"].to_pylist()]))


def lists_for_numbers(world: World) -> None:
    world.write(with_column(TABLE, "income", [[1.0]] * 60))


def numbers_for_times(world: World) -> None:
    world.write(with_column(TABLE, "opened", list(range(60))))


def bytes_for_categories(world: World) -> None:
    world.write(with_column(TABLE, "product", [b"\x00"] * 60))


def truncated(world: World) -> None:
    os.truncate(world.data, world.data.stat().st_size // 2)


def empty(world: World) -> None:
    world.data.write_bytes(b"")


def gone(world: World) -> None:
    world.data.unlink()


def another_format(world: World) -> None:
    world.data.write_text("loan,income\n1,2\n")


def without_rows(world: World) -> None:
    world.write(TABLE.slice(0, 0))


def broken_quotes(world: World) -> None:
    path = as_csv(world, TABLE)
    lines = path.read_text("utf-8").splitlines()
    lines[5] = lines[5][:-1]  # the quote that closes the last value
    path.write_text("\n".join(lines) + "\n", "utf-8")


def a_row_too_short(world: World) -> None:
    path = as_csv(world, TABLE)
    lines = path.read_text("utf-8").splitlines()
    lines[5] = lines[5].rpartition(",")[0]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def a_header_alone(world: World) -> None:
    as_csv(world, TABLE.slice(0, 0))


def every_number_wrong(world: World) -> None:
    as_csv(world, with_column(TABLE, "income", ["much"] * 60))


def every_key_the_same(world: World) -> None:
    world.write(with_column(TABLE, "loan", ["one"] * 60))


WRONG: dict[Callable[[World], None], tuple[int, str]] = {
    without_a_feature: (MISMATCH, "column 'income' is missing; it has 'loan', 'opened'"),
    without_the_key: (MISMATCH, "column 'loan' is missing"),
    without_the_time: (MISMATCH, "column 'opened' is missing"),
    text_for_numbers: (MISMATCH, "column 'income' holds string, the job file says it is a number"),
    numbers_as_text: (MISMATCH, "column 'income' holds string, the job file says it is a number"),
    lists_for_numbers: (MISMATCH, "column 'income' holds list"),
    numbers_for_times: (MISMATCH, "the time column holds int64"),
    bytes_for_categories: (MISMATCH, "column 'product' holds binary"),
    truncated: (UNREADABLE, "loans.parquet: not a whole Parquet file"),
    empty: (UNREADABLE, "loans.parquet: the file is empty"),
    gone: (UNREADABLE, "no file at ../loans.parquet"),
    another_format: (UNREADABLE, "loans.parquet: not a whole Parquet file"),
    without_rows: (UNKNOWN, "no row belongs to batch '2026-01-05'"),
    broken_quotes: (UNREADABLE, "loans.csv: "),
    a_row_too_short: (UNREADABLE, "Expected 8 columns, got 7"),
    a_header_alone: (UNKNOWN, "no row belongs to batch '2026-01-05'"),
    every_number_wrong: (REFUSED, "not_a_number"),
    every_key_the_same: (REFUSED, "duplicate_key"),
}


@pytest.mark.parametrize("spoil", list(WRONG), ids=lambda spoil: spoil.__name__)
def test_what_cannot_be_scored_is_told_and_what_was_published_stays(
    world: World, spoil: Callable[[World], None]
) -> None:
    world.write(TABLE)
    world.ok("score")
    before = predictions(world)

    spoil(world)
    told = world.refused("score", "--batch", "2026-01-05", "--replace")

    code, problem = WRONG[spoil]
    assert (told.code, problem in told.error["problem"]) == (code, True), told
    assert predictions(world) == before
    assert world.broken_promises() == []


def test_an_unknown_batch_is_told_with_where_to_look(world: World) -> None:
    told = world.refused("score", "--batch", "1999-01-01")

    assert told.code == UNKNOWN
    assert "recheck status" in told.error["fix"]


@pytest.mark.parametrize("batch", ["2026-02-30", "2026-W01", "", "..", "a/b", "x" * 300])
def test_a_batch_that_reads_like_no_period_is_unknown(world: World, batch: str) -> None:
    assert world.refused("score", "--batch", batch).code == UNKNOWN


def test_columns_more_or_in_another_order_change_nothing(world: World) -> None:
    world.write(TABLE)
    world.ok("score")
    before = predictions(world)

    names = [*reversed(TABLE.column_names), "more"]
    world.write(TABLE.append_column("more", pa.array(range(60))).select(names))

    assert {b["status"] for b in world.ok("score")["batches"]} == {"already"}
    world.ok("score", "--replace")
    assert predictions(world) == before


def test_an_unseen_category_and_a_missing_value_are_scored(world: World) -> None:
    table = edited(TABLE, "product", {3: "nobody has seen this", 4: None, 5: ""})
    world.write(edited(table, "income", {6: None, 7: float("nan")}))

    world.ok("score")

    assert (len(predictions(world)), reasons(world)) == (60, [])


def test_a_wrong_value_costs_its_row(world: World) -> None:
    infinity = float("inf")
    world.write(edited(edited(TABLE, "loan", {3: None}), "income", {4: infinity, 5: -infinity}))

    world.ok("score")

    assert reasons(world) == [("null_key", "loan"), ("infinite", "income"), ("infinite", "income")]
    assert len(predictions(world)) == 57


def test_a_key_keeps_its_zeros_whether_from_csv_or_parquet(world: World) -> None:
    """And is the same key, with the same identifier and prediction."""
    parquet = world.copy(world.folder / "other")
    parquet.write(TABLE)
    parquet.ok("score")
    as_csv(world, TABLE)

    world.ok("score")

    assert "00007" in [row["key"] for row in predictions(world)]
    assert predictions(world) == predictions(parquet)


@pytest.mark.parametrize("column", ["loan", "product"])
def test_bytes_that_are_no_text_cost_their_row(world: World, column: str) -> None:
    """Parquet files hold what their writers put there."""
    values = [str(value).encode() for value in TABLE[column].to_pylist()]
    values[3] = b"\xff\xfe"
    texts = pa.array(values, pa.binary()).view(pa.string())
    world.write(TABLE.set_column(TABLE.column_names.index(column), column, texts))

    world.ok("score")

    assert reasons(world) == [("invalid_utf8", column)]
    assert len(predictions(world)) == 59
    assert world.broken_promises() == []


@pytest.mark.parametrize("column", ["loan", "opened", "income", "region", "product"])
def test_bytes_that_are_no_text_cost_their_row_in_any_column_of_csv(
    world: World, column: str
) -> None:
    """Also where a time or a number is looked for."""
    path = as_csv(world, TABLE)
    lines = path.read_bytes().split(b"\n")
    place = TABLE.column_names.index(column)
    values = lines[4].split(b",")
    values[place] = b"\xff"
    path.write_bytes(b"\n".join([*lines[:4], b",".join(values), *lines[5:]]))

    world.ok("score")

    assert reasons(world) == [("invalid_utf8", column)]
    assert len(predictions(world)) == 59
    assert world.broken_promises() == []


@pytest.mark.parametrize("column", ["loan", "product"])
@pytest.mark.parametrize("shape", ["parquet", "csv"])
def test_a_text_of_ten_megabytes_is_a_text(world: World, column: str, shape: str) -> None:
    """As a key or as a category that nobody has seen; people are shown its beginning."""
    table = edited(TABLE, column, {3: "x" * LONG})
    if shape == "csv":
        as_csv(world, table)
    else:
        world.write(table)

    world.ok("score")
    world.ok("sample", "--budget", 60)

    assert len(predictions(world)) == 60
    [longest] = world.rows("select max(length(shown)) n from samples")
    assert longest["n"] < 100_000
    assert world.broken_promises() == []


def test_more_bad_rows_than_allowed_refuse_the_batch_alone(world: World) -> None:
    """By how many, why, and where the first one is."""
    days = [str(value.date()) for value in TABLE["opened"].to_pylist()]
    bad = [row for row, day in enumerate(days) if day == "2026-01-05"][:5]
    world.write(edited(TABLE, "income", dict.fromkeys(bad, float("inf"))))

    told = world.refused("score")

    assert told.code == REFUSED
    wanted = f"5 of {days.count('2026-01-05')} rows are bad (5 infinite; the first: loans.parquet"
    assert wanted in told.error["problem"]
    assert f"row {bad[0]}, column 'income'" in told.error["problem"]
    refused, published = told.answer["batches"]
    assert refused == {"batch": "2026-01-05", "status": "failed", "error": told.error}
    assert (published["batch"], published["status"]) == ("2026-01-06", "published")
    assert {row["batch"] for row in predictions(world)} == {"2026-01-06"}


def test_a_file_that_changed_in_place_is_told_and_replaced_on_demand(world: World) -> None:
    world.write(TABLE)
    world.ok("score")

    world.write(edited(TABLE, "income", {0: 1.0}))

    status = {b["batch"]: b["status"] for b in world.ok("score")["batches"]}
    assert sorted(status.values()) == ["already", "changed"]
    replaced = world.ok("score", "--replace")["batches"]
    assert {b["status"] for b in replaced} == {"replaced"}
    assert {b["status"] for b in world.ok("score")["batches"]} == {"already"}


def test_the_same_rows_in_another_file_are_the_same_input(world: World) -> None:
    """Written anew, in another order, with other row groups."""
    world.write(TABLE)
    world.ok("score")

    world.write(TABLE.take(pa.array(list(reversed(range(60))))), row_group_size=7)

    assert {b["status"] for b in world.ok("score")["batches"]} == {"already"}
    assert world.broken_promises() == []


def test_a_file_of_an_earlier_batch_that_comes_late_leaves_others_alone(world: World) -> None:
    """The doctor scores a batch again and finds the same files under the same names."""
    world.edit(r"loans\.parquet", "days/{batch}.parquet")
    world.edit('by = "day"', 'by = "path"')
    world.edit("timezone.*", "")
    (world.folder / "days").mkdir()
    for day in ("b", "a"):
        pq.write_table(loans(30, seed=ord(day)), world.folder / "days" / f"{day}.parquet")
        world.ok("score")

    assert world.broken_promises() == []
    assert {b["status"] for b in world.ok("score")["batches"]} == {"already"}
