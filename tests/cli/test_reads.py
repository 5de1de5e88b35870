"""What commands read and load where a store holds everything: no pandas, no file twice, none too many."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from functions.steps.report import gather
from infra.clouds.folder import Folder
from labeling.report import Reason
from tests.fixtures.world import World, environment, with_column

HEAVY = {"apache_beam", "pandas", "sklearn", "scipy", "label_studio_sdk"}
LIGHT = {
    "status": (),
    "sample": (),
    "sample --redraw": ("--redraw", "again"),
    "pull": ("--file", "answers.csv"),
    "estimate": (),
    "report": (),
    "doctor": (),
    "score": ("--engine", "inline"),
    "score --replace": ("--engine", "inline", "--replace"),
}
FEW, MANY = 4, 20  # batches


@pytest.fixture(scope="module")
def full(fitted: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Scored, drawn from twice, answered, estimated, scored anew and reported."""
    world = fitted.copy(tmp_path_factory.mktemp("full"))
    world.ok("score")
    world.ok("sample", "--budget", 20)
    answer(world)
    world.ok("pull", "--file", world.folder / "answers.csv")
    for verb in ("estimate", "report", "run"):
        world.ok(verb)
    world.ok("score", "--replace")
    world.ok("sample")
    return world


def answer(world: World) -> None:
    """Let people agree with every prediction that was drawn."""
    rows = world.rows("select prediction_id, label from samples order by prediction_id")
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    (world.folder / "answers.csv").write_text("\n".join(["prediction_id,answer", *lines]) + "\n")


@pytest.mark.parametrize("words", [*LIGHT, "query"])
def test_a_command_loads_nothing_heavy_on_a_full_store(
    words: str, full: World, tmp_path: Path
) -> None:
    world = full.copy(tmp_path / "copy")
    if words == "query":
        sql = "select known_at, state from samples join labels using (prediction_id)"
        line = world.words("query", sql, "--job", world.job, job=False)
    else:
        options = [world.folder / one if one == "answers.csv" else one for one in LIGHT[words]]
        line = world.words(words.split(maxsplit=1)[0], *options)

    assert loaded(line) == []


def loaded(line: list[str]) -> list[str]:
    """Return which of the heavy modules a command of a fresh process has loaded at its end."""
    program = f"""
import json, sys
from functions.cli.main import main
try:
    main()
except SystemExit as ended:
    assert ended.code in (0, 10), ended.code
print(json.dumps(sorted({HEAVY!r} & set(sys.modules))), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *line],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def judged(fitted: World, tmp_path_factory: pytest.TempPathFactory) -> dict[int, World]:
    """Stores of few and of many batches, each of them scored, drawn from and answered by itself."""
    worlds = {}
    for count in (FEW, MANY):
        world = fitted.copy(tmp_path_factory.mktemp(f"judged-{count}"))
        shutil.rmtree(world.store / "predictions", ignore_errors=True)
        days = [f"2026-01-{day:02d}" for day in range(1, count + 1)]
        write_days(world, days)
        for day in days:
            world.ok("score", "--batch", day)
            world.ok("sample", "--batch", day, "--budget", 5)
        answer(world)
        world.ok("pull", "--file", world.folder / "answers.csv")
        world.ok("estimate")
        worlds[count] = world
    return worlds


def write_days(world: World, days: list[str]) -> None:
    """Give each day the same few rows, under keys of its own."""
    rows = pq.read_table(world.data).slice(0, 12)
    parts = []
    for day in days:
        moments = pa.array([f"{day}T12:00:00"] * rows.num_rows).cast(pa.timestamp("us"))
        keys = pa.array([f"{day} {number}" for number in range(rows.num_rows)])
        part = rows.set_column(rows.column_names.index("opened"), "opened", moments)
        parts.append(part.set_column(part.column_names.index("loan"), "loan", keys))
    world.write(pa.concat_tables(parts))


@contextmanager
def counted(store: Path) -> Iterator[Counter[str]]:
    """Count how often each file of a store's tables is opened or read, but for Delta's logs."""
    opens: Counter[str] = Counter()
    real_open, real_read = Folder.open, Folder.read

    def note(folder: Folder, name: str) -> None:
        path = folder.path / name
        if path.is_relative_to(store) and path.suffix == ".parquet":
            opens[str(path.relative_to(store))] += 1

    def opened(folder: Folder, name: str) -> pa.NativeFile:
        note(folder, name)
        return real_open(folder, name)

    def read(folder: Folder, name: str, **options: object) -> bytes:
        note(folder, name)
        return real_read(folder, name, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folder, "open", opened)
        patch.setattr(Folder, "read", read)
        yield opens


@pytest.mark.parametrize("verb", ["status", "estimate", "report", "sample"])
def test_no_file_is_read_twice_in_a_command(verb: str, judged: dict[int, World]) -> None:
    world = judged[MANY]

    with counted(world.store) as opens:
        world.ok(verb)

    assert {name: count for name, count in opens.items() if count > 1} == {}
    assert opens


@pytest.mark.parametrize("verb", ["status", "estimate", "report"])
def test_a_command_opens_no_more_files_where_there_are_more_batches(
    verb: str, judged: dict[int, World]
) -> None:
    """Small tables are joined: at most sixteen small files each, whatever was appended."""
    opens = {}
    for count, world in judged.items():
        with counted(world.store) as opened:
            world.ok(verb)
        opens[count] = Counter(name.partition("/")[0] for name in opened)

    assert "predictions" not in opens[MANY]
    assert max(opens[MANY].values()) <= 17


def test_a_report_counts_quarantined_rows_without_opening_any(
    fitted: World, tmp_path: Path
) -> None:
    """The record of each scoring has the reasons."""
    world = fitted.copy(tmp_path / "world")
    rows = pq.read_table(world.data)
    world.write(with_column(rows, "income", [float("inf"), *rows["income"].to_pylist()[1:]]))
    world.ok("score")

    with counted(world.store) as opens:
        data = gather(open_app(world.job))

    assert data.reasons == [Reason("infinite", "income", 1)]
    assert world.rows("select reason from quarantine") == [{"reason": "infinite"}]
    assert [name for name in opens if name.startswith("quarantine/")] == []


def test_sampling_reads_the_predictions_of_its_own_batch_alone(judged: dict[int, World]) -> None:
    world = judged[MANY]
    with counted(world.store) as opens:
        world.ok("sample", "--batch", "2026-01-03", "--redraw", "again")

    read = [name for name in opens if name.startswith("predictions/")]
    assert read
    assert all("batch=2026-01-03" in name for name in read)


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select 1 as one", set()),
        ("select count(*) from runs", {"runs"}),
        ("show tables", set()),
    ],
)
def test_a_query_opens_only_what_it_names(
    sql: str, tables: set[str], judged: dict[int, World]
) -> None:
    world = judged[FEW]

    with counted(world.store) as opens:
        world.rows(sql)

    assert {name.partition("/")[0] for name in opens} == tables


@contextmanager
def opened_by_duckdb(log: Path) -> Iterator[list[str]]:
    """List every file that DuckDB opens by itself, each time that it does; filled at the end."""
    opens: list[str] = []
    connect = duckdb.connect

    def logged() -> duckdb.DuckDBPyConnection:
        connection = connect()
        connection.execute(
            f"CALL enable_logging('FileSystem', storage = 'file', storage_config = {{'path': '{log}'}})"
        )
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", logged)
        yield opens
    with (log / "duckdb_log_entries.csv").open() as lines:
        calls = [json.loads(entry["message"]) for entry in csv.DictReader(lines)]
    opens += [call["path"] for call in calls if call["op"] == "OPEN"]


ALL_ROWS = "select label, avg(score), max(batch) from predictions group by label"


def test_a_query_opens_a_file_of_predictions_at_most_twice(
    judged: dict[int, World], tmp_path: Path
) -> None:
    """Once for its columns and rows, once more for whoever reads a part of it beside."""
    world = judged[MANY]

    with opened_by_duckdb(tmp_path) as opens:
        world.rows(ALL_ROWS)

    assert len(set(opens)) == MANY
    assert max(Counter(opens).values()) <= 2


def test_a_query_of_a_batch_opens_the_files_of_no_other(
    judged: dict[int, World], tmp_path: Path
) -> None:
    with opened_by_duckdb(tmp_path) as opens:
        judged[MANY].rows(f"{ALL_ROWS}, batch having batch = '2026-01-03'")

    assert opens
    assert all("batch=2026-01-03" in name for name in opens)


@pytest.mark.parametrize("sql", ["describe predictions", "select 'predictions' as word"])
def test_a_query_without_rows_opens_no_file_of_predictions(
    sql: str, judged: dict[int, World], tmp_path: Path
) -> None:
    with opened_by_duckdb(tmp_path) as opens:
        judged[FEW].rows(sql)

    assert opens == []


@pytest.mark.parametrize("name", ["'pre' || 'dictions'", "'run' || 's'"])
def test_a_table_that_is_read_without_its_name_is_refused(
    name: str, judged: dict[int, World]
) -> None:
    """It would have no rows: the query's words say which tables are read."""
    world = judged[FEW]

    told = world.run("query", f"from query_table({name})", "--job", world.job, job=False)

    assert told.error["code"] == "query_invalid"
    assert "does not stand in the query" in told.error["problem"]


def test_a_file_of_predictions_without_a_column_has_nulls_there(
    judged: dict[int, World], tmp_path: Path
) -> None:
    """As an earlier release would have written it."""
    world = judged[FEW].copy(tmp_path / "world")
    file = next((world.store / "predictions").rglob("batch=2026-01-02/*.parquet"))
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["score"]), file)

    rows = world.rows("select batch, count(score) as n from predictions group by 1 order by 1")

    assert [row["n"] for row in rows] == [12, 0, 12, 12]
