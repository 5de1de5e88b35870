"""Tables: whole commits or none, repeats told from first times, and partitions of any name."""

from __future__ import annotations

import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from infra.clouds.folder import Folder
from pipelines.errors import ConcurrentRun, StoreUnavailable
from pipelines.tables.schemas import table_of
from pipelines.tables.table import Table
from pipelines.tables.table_files import WrittenFile

SCHEMA = pa.schema([("job", pa.string()), ("batch", pa.string()), ("key", pa.string())])
BY = ("job", "batch")
ODD = ["Über/see x=1 %", "a+b", "..", ".", " ", "a%20b", "a\nb", 'it\'s "so"', "2026-11-20", "007"]


def parted(folder: Path) -> Table:
    return Table(Folder(folder / "parted"), SCHEMA, BY)


def plain(folder: Path) -> Table:
    return Table(Folder(folder / "plain"), SCHEMA)


def rows(*keys: str, batch: str = "a") -> pa.Table:
    return table_of(SCHEMA, [{"job": "j", "batch": batch, "key": key} for key in keys])


def place(batch: str = "a") -> dict[str, str]:
    return {"job": "j", "batch": batch}


def written(table: Table, name: str, *keys: str, batch: str = "a") -> WrittenFile:
    return table.write_file(table.folder(place(batch)) + name, rows(*keys).select(["key"]))


def put(table: Table, number: int, *keys: str, batch: str = "a", app: str = "score") -> None:
    """Make a batch hold these keys, by the commit of that number."""
    file = written(table, f"{number}-{'-'.join(keys)}.parquet", *keys, batch=batch)
    table.replace(place(batch), [file], transaction=(f"{app}/{batch}", number), note={"n": "1"})


def keys(table: Table, batch: str = "a") -> list[str]:
    table.refresh()
    found: list[str] = table.read(["key"], place(batch))["key"].to_pylist()
    return found


def test_before_the_first_commit_a_table_is_empty(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    table = parted(tmp_path)

    assert (table.files(), table.partitions(), table.transaction("score")) == ([], [], 0)
    assert table.read().schema == SCHEMA
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_seen_by_nobody_before_the_commit(tmp_path: Path) -> None:
    table = parted(tmp_path)
    put(table, 1, "old")

    written(table, "2.parquet", "new")

    assert keys(table) == ["old"]


def test_a_commit_replaces_one_partition_and_leaves_others(tmp_path: Path) -> None:
    table = parted(tmp_path)
    put(table, 1, "one", "two")
    put(table, 1, "three", batch="b")

    put(table, 2, "four")

    assert (keys(table), keys(table, "b")) == (["four"], ["three"])


def test_a_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    """A batch that is replaced while somebody reads it is the old one to the end."""
    table, reader = parted(tmp_path), parted(tmp_path)
    put(table, 1, "old")
    opened = reader.files(place())

    put(table, 2, "new")

    assert reader.files(place()) == opened
    assert reader.read(["key"], place())["key"].to_pylist() == ["old"]


def test_a_repeat_is_told_from_a_first_time(tmp_path: Path) -> None:
    """The transaction's number says how often an id committed; a number is committed once."""
    table = parted(tmp_path)
    put(table, 1, "first")

    with pytest.raises(ConcurrentRun, match="committed score/a first"):
        put(parted(tmp_path), 1, "again")

    assert (keys(table), table.transaction("score/a")) == (["first"], 1)


def test_of_two_writers_of_a_batch_the_second_is_told(tmp_path: Path) -> None:
    """Both began before either committed; the loser's files are in nobody's way."""
    first, second = parted(tmp_path), parted(tmp_path)
    put(first, 1, "old")
    assert second.transaction("score/a") == 1

    put(first, 2, "first")
    with pytest.raises(ConcurrentRun):
        put(second, 2, "second")

    assert keys(first) == keys(second) == ["first"]


@pytest.mark.parametrize("earlier", [[], ["a", "b"]], ids=["new batches", "known batches"])
def test_writers_of_other_batches_are_in_nobodys_way(tmp_path: Path, earlier: list[str]) -> None:
    """Delta takes every overwrite for a reader of the whole table; we look at the batch alone."""
    first, second = parted(tmp_path), parted(tmp_path)
    for batch in earlier:
        put(first, 1, "old", batch=batch)
    number = 2 if earlier else 1
    assert len(second.files()) == len(earlier)

    put(first, number, "one", batch="a")
    put(second, number, "two", batch="b")

    assert (keys(first, "a"), keys(first, "b")) == (["one"], ["two"])


def _append_at_once(folder: str, number: int) -> None:
    Table(Folder(Path(folder)), SCHEMA).append(rows(f"key {number}"))


def test_many_can_begin_a_table_at_once(tmp_path: Path) -> None:
    """The first commits of several processes all count, whoever makes the table."""
    with ProcessPoolExecutor(4, get_context("forkserver")) as pool:
        list(pool.map(_append_at_once, [str(tmp_path / "new")] * 8, range(8)))

    found = Table(Folder(tmp_path / "new"), SCHEMA).read()["key"].to_pylist()
    assert sorted(found) == [f"key {number}" for number in range(8)]


def test_an_append_with_a_transaction_happens_once(tmp_path: Path) -> None:
    table = plain(tmp_path)
    table.append(rows("one"), transaction=("sample/a", 1))

    with pytest.raises(ConcurrentRun):
        plain(tmp_path).append(rows("two"), transaction=("sample/a", 1))

    assert keys_of_plain(tmp_path) == ["one"]


def keys_of_plain(folder: Path) -> list[str]:
    found: list[str] = plain(folder).read()["key"].to_pylist()
    return found


def test_an_append_falls_into_its_partitions(tmp_path: Path) -> None:
    table = parted(tmp_path)

    table.append(pa.concat_tables([rows("one"), rows("two", batch="b"), rows("three")]))

    assert (keys(table), keys(table, "b")) == (["one", "three"], ["two"])
    assert table.partitions() == [place("a"), place("b")]


@pytest.mark.parametrize("batch", ODD)
def test_a_batch_may_have_any_name(tmp_path: Path, batch: str) -> None:
    """Also one that reads like a path; twice, for a replace must find what it replaces."""
    table = parted(tmp_path)
    put(table, 1, "old", batch=batch)
    put(table, 2, "new", batch=batch)

    assert table.read(None, place(batch)).to_pylist() == [{**place(batch), "key": "new"}]
    assert table.partitions() == [place(batch)]
    assert all((tmp_path / "parted") in path.parents for path in tmp_path.rglob("*.parquet"))


def test_other_programs_read_the_same_names(tmp_path: Path) -> None:
    """DuckDB, given what Delta lists, finds every batch under its name."""
    table = parted(tmp_path)
    for batch in ODD:
        put(table, 1, "key", batch=batch)

    listed = DeltaTable(table.address).file_uris()
    options = "hive_partitioning=true, hive_types_autocast=false, union_by_name=true"
    with duckdb.connect() as connection:
        sql = f"select batch, key from read_parquet(?, {options})"  # noqa: S608  # both halves are ours
        found = connection.execute(sql, [listed]).fetchall()

    assert sorted(found) == sorted((batch, "key") for batch in ODD)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_folder_says_its_batch(batch: str) -> None:
    """From a batch to its folder and back; the folder is one level deep, whatever the name."""
    table = Table(Folder(Path("nowhere")), SCHEMA, BY)

    folder = table.folder(place(batch))

    assert folder.count("/") == 2
    assert folder.isascii()


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    """A write that fails leaves neither the file nor its beginnings."""
    table = parted(tmp_path)
    put(table, 1, "old")
    (tmp_path / "parted" / "full").mkdir()
    (tmp_path / "parted" / "full" / "x.parquet").mkdir()  # what is to be written cannot replace it

    with pytest.raises(StoreUnavailable):
        table.write_file("full/x.parquet", rows("new"))

    assert [path.name for path in (tmp_path / "parted" / "full").iterdir()] == ["x.parquet"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    table = parted(tmp_path)

    one, two = (table.write_file(name, rows("k", "l")) for name in ("one.parquet", "two.parquet"))

    base = tmp_path / "parted"
    assert (base / one.path).read_bytes() == (base / two.path).read_bytes()
    assert (one.size, one.rows) == ((base / one.path).stat().st_size, 2)


def test_a_table_travels_closed(tmp_path: Path) -> None:
    table = parted(tmp_path)
    put(table, 1, "one")

    there = pickle.loads(pickle.dumps(table))  # noqa: S301  # our own

    assert keys(there) == ["one"]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "parted").write_text("in the way")

    with pytest.raises(StoreUnavailable, match="parted"):
        put(parted(tmp_path), 1, "one")


def test_a_published_file_that_is_gone_is_told(tmp_path: Path) -> None:
    table = parted(tmp_path)
    put(table, 1, "one")
    shutil.rmtree(tmp_path / "parted" / "job=j")

    with pytest.raises(StoreUnavailable, match="parquet"):
        table.read()
