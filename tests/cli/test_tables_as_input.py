"""A Delta table or a query of a database as data: read into files, and by the rules of files from there on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.fixtures.world import DAYS, World, loans

_QUERY = "SELECT * FROM loans WHERE age > 0"


class Kept:
    """The rows of loans in one kind of table; each kind changes them its own way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()

    path = ""
    settings: dict[str, str] = {}  # noqa: RUF012

    def write(self, rows: pa.Table) -> None:
        """Put the rows there."""
        raise NotImplementedError

    def run(self, sql: str) -> None:
        """Change some."""
        raise NotImplementedError


class InDelta(Kept):
    """A Delta table of several files."""

    path = "delta:../tables/loans"

    def write(self, rows: pa.Table) -> None:
        for start in range(0, rows.num_rows, 200):
            write_deltalake(self.folder / "loans", rows.slice(start, 200), mode="append")

    def run(self, sql: str) -> None:
        table = DeltaTable(self.folder / "loans")
        verb, condition = sql.split(" WHERE ")
        if verb.startswith("DELETE"):
            table.delete(condition)
        else:
            name, value = verb.rpartition(" SET ")[2].split(" = ")
            table.update(updates={name: value}, predicate=condition)


class InDuckDb(Kept):
    """A table of a DuckDB file."""

    path = "sql:warehouse"

    @property
    def _file(self) -> str:
        return str(self.folder / "loans.duckdb")

    def write(self, rows: pa.Table) -> None:
        self.settings = {"warehouse": f"duckdb:{self._file}"}
        with duckdb.connect(self._file) as base:
            base.register("given", rows)
            base.execute("CREATE TABLE loans AS SELECT * FROM given")

    def run(self, sql: str) -> None:
        with duckdb.connect(self._file) as base:
            base.execute(sql)


class InSqlite(Kept):
    """A table of a SQLite file; the address is in a file of the user's."""

    path = "sql:warehouse"

    @property
    def _file(self) -> Path:
        return self.folder / "loans.db"

    def write(self, rows: pa.Table) -> None:
        secret = self.folder / "address"
        secret.write_text(f"sqlite:{self._file}\n")
        secret.chmod(0o600)
        self.settings = {"warehouse": f"file:{secret}"}
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        marks = ", ".join("?" * rows.num_columns)
        texts = rows.set_column(1, "opened", pc.strftime(rows["opened"], "%Y-%m-%dT%H:%M:%S"))
        with closing(sqlite3.connect(self._file)) as base, base:
            base.execute(f"CREATE TABLE loans ({names})")
            base.executemany(
                f"INSERT INTO loans VALUES ({marks})",
                [tuple(row.values()) for row in texts.to_pylist()],
            )

    def run(self, sql: str) -> None:
        with closing(sqlite3.connect(self._file)) as base, base:
            base.execute(sql)


@pytest.fixture(params=[InDelta, InDuckDb, InSqlite], ids=lambda kind: kind.__name__)
def kept(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """The same loans, not in a file but in a table; the model is fitted already."""
    make: Callable[[Path], Kept] = request.param
    table = make(world.folder / "tables")
    table.write(loans())
    world.edit(r'path = ".*"\n', f'path = "{table.path}"\n')
    if table.settings:
        world.edit(r"\[data\]\n", f'[data]\nquery = "{_QUERY}"\n')
        monkeypatch.setenv("RECHECK_DATABASES", json.dumps(table.settings))
    return table


def _predicted(world: World) -> list[dict[str, Any]]:
    columns = "prediction_id, key, batch, label, score"
    return world.rows(f"select {columns} from predictions order by prediction_id")


def _statuses(world: World, *options: object) -> dict[str, str]:
    found = world.ok("score", *options)["batches"]
    return {one["batch"]: one["status"] for one in found}


def test_a_table_gives_the_predictions_that_a_file_of_its_rows_gives(
    kept: Kept, world: World, fitted: World, tmp_path: Path
) -> None:
    del kept
    from_file = fitted.copy(tmp_path / "file")
    from_file.ok("score")

    assert _statuses(world) == dict.fromkeys(DAYS, "published")

    assert _predicted(world) == _predicted(from_file)


def test_a_changed_row_makes_its_batch_changed_and_no_other(kept: Kept, world: World) -> None:
    world.ok("score")
    again = _statuses(world)
    kept.run(f"UPDATE loans SET age = 20 WHERE loan = '{_a_loan_of(world, DAYS[1])}'")

    changed = _statuses(world)

    assert again == dict.fromkeys(DAYS, "already")
    assert changed == {**again, DAYS[1]: "changed"}
    assert _statuses(world, "--batch", DAYS[1], "--replace") == {DAYS[1]: "replaced"}
    assert _statuses(world) == again


def test_deleted_rows_are_gone(kept: Kept, world: World) -> None:
    kept.run("DELETE FROM loans WHERE region = 3")

    world.ok("score")

    table = loans()
    left = table.filter(pc.not_equal(table["region"], 3))["loan"].to_pylist()
    assert {row["key"] for row in _predicted(world)} == set(left)
    assert world.broken_promises() == []


def test_no_copy_of_a_table_holds_a_row_that_was_forgotten(kept: Kept, world: World) -> None:
    """Copies by an earlier query of the job included."""
    world.ok("score")
    if kept.settings:
        world.edit(r"age > 0", "age > 1")
        world.ok("score")
    key = _a_loan_of(world, DAYS[1])
    kept.run(f"DELETE FROM loans WHERE loan = '{key}'")

    world.ok("forget", "--key", key, "--yes")
    world.ok("score")

    staged = [pq.read_table(path) for path in world.store.rglob("rows/*.parquet")]
    assert staged
    assert not any(key in rows["loan"].to_pylist() for rows in staged)
    assert world.broken_promises() == []


def test_a_named_batch_is_asked_for_alone(kept: Kept, world: World) -> None:
    """Its files are the only ones that are staged."""
    del kept

    assert _statuses(world, "--batch", DAYS[2]) == {DAYS[2]: "published"}

    staged = [path.name for path in world.store.rglob("rows/*.parquet")]
    assert staged == [f"{DAYS[2]}.parquet"]
    assert world.refused("score", "--batch", "1999-01-01").code == 4


def test_an_address_never_shows(kept: Kept, world: World) -> None:
    """Not in the store, and not in what a command says."""
    if not kept.settings:
        return
    told = world.run("score")

    secret = str(kept.folder)
    texts = [path.read_bytes() for path in world.store.rglob("*") if path.is_file()]
    assert secret not in told.out + told.err
    assert not any(secret.encode() in text for text in texts)


@pytest.mark.parametrize(
    ("pattern", "replacement", "code"),
    [
        (r'query = ".*"\n', "", "job_invalid"),
        (r'path = ".*"\n', 'path = "sql:other"\n', "settings_invalid"),
        (r'path = ".*"\n', 'path = "delta:../nowhere"\n', "job_invalid"),
        (r"SELECT \* FROM loans", "SELECT * FROM nothing", "input_unreadable"),
        (r"age > 0", "age > 1000", "input_unreadable"),
        (r"SELECT \*", "SELECT age, opened", "schema_mismatch"),
        (r"SELECT \* FROM loans", "DELETE FROM loans", "input_unreadable"),
    ],
)
def test_what_cannot_be_read_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, pattern: str, replacement: str, code: str
) -> None:
    table = InDuckDb(world.folder / "tables")
    table.write(loans())
    world.edit(r'path = ".*"\n', f'path = "{table.path}"\n')
    world.edit(r"\[data\]\n", f'[data]\nquery = "{_QUERY}"\n')
    monkeypatch.setenv("RECHECK_DATABASES", json.dumps(table.settings))
    world.edit(pattern, replacement)

    assert world.refused("score").error["code"] == code


def test_a_query_sees_no_file_of_the_machine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    table = InDuckDb(world.folder / "tables")
    table.write(loans())
    world.edit(r'path = ".*"\n', f'path = "{table.path}"\n')
    query = f"SELECT * FROM read_parquet('{world.data}')"
    world.edit(r"\[data\]\n", f'[data]\nquery = "{query}"\n')
    monkeypatch.setenv("RECHECK_DATABASES", json.dumps(table.settings))

    assert world.refused("score").error["code"] == "input_unreadable"


def _a_loan_of(world: World, day: str) -> str:
    [row] = world.rows(f"select min(key) as key from predictions where batch = '{day}'")
    return str(row["key"])


def test_init_with_a_query_that_the_database_refuses_speaks_of_the_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not of files, of which there are none."""
    table = InSqlite(tmp_path / "tables")
    table.write(loans())
    monkeypatch.setenv("RECHECK_DATABASES", json.dumps(table.settings))
    monkeypatch.chdir(tmp_path)
    words = ["init", "job", "--data", table.path, "--target", "outcome"]

    refused = World(tmp_path).run(*words, "--query", "SELECT * FROM nothing", job=False)
    without = World(tmp_path).run(*words, job=False)

    assert "try the query" in refused.error["fix"]
    assert "--query" in without.error["fix"]


@pytest.mark.parametrize("kind", [InDelta, InDuckDb, InSqlite])
def test_init_looks_at_a_table_and_writes_a_job_that_runs(
    kind: Callable[[Path], Kept], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = kind(tmp_path / "tables")
    table.write(loans())
    monkeypatch.setenv("RECHECK_DATABASES", json.dumps(table.settings))
    monkeypatch.chdir(tmp_path)
    data = table.path.replace("../", "")
    query = ["--query", _QUERY] if table.settings else []
    world = World(tmp_path)
    columns = ["--target", "outcome", "--key", "loan", "--time", "opened", "--batch-by", "day"]

    made = world.ok("init", "job", "--data", data, *query, *columns, job=False)

    assert made["batches"] == list(DAYS)
    assert "delta:../tables/loans" in world.job.read_text() or query
    assert {path.stem for path in (tmp_path / "job" / "store").rglob("*.parquet")} <= {*DAYS}
    world.ok("fit", "--batch", DAYS[0])
    assert _statuses(world, "--batch", DAYS[1]) == {DAYS[1]: "published"}
