"""Every engine gives the same bytes and the same answers, by the terminal: one suite for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from infra.engines import choice
from pipelines.input.fragments import FRAGMENT_ROWS
from tests.fixtures.world import World, edited, fit, loans

ENGINES: dict[str, tuple[list[str], dict[str, str]]] = {
    **{name: (["--engine", name], {}) for name in choice.ENGINES},
    "inline, two processes": (["--engine", "inline"], {"RECHECK_WORKERS": "2"}),
}
OTHERS = [name for name in ENGINES if name != "inline"]
MODELS = {"linear": "LogisticRegression", "library": "HistGradientBoostingClassifier"}
SHAPES = ["parquet", "csv"]


def hard_table() -> pa.Table:
    """Three days in turn, with bad rows, and rows of one key near to and far from each other."""
    table = loans(FRAGMENT_ROWS + 4_000, seed=7)
    last = table.num_rows - 1
    copies = {last: 10, last - 1: 20, 50: 40}  # of whole rows: far away, far away, near
    order = [copies.get(row, row) for row in range(table.num_rows)]
    table = table.take(pa.array(order))
    keys = table["loan"].to_pylist()
    table = edited(table, "loan", {5: None, 60: keys[70], last - 5: keys[80]})
    table = edited(table, "income", {last - 1: 1.0, 90: float("inf"), last - 7: float("nan")})
    table = edited(table, "product", {100: "nobody has seen this", 101: None})
    return edited(table, "opened", {110: None})


def write(world: World, table: pa.Table, shape: str) -> None:
    """The table as the job's data: some row groups, one longer than a fragment; or CSV."""
    if shape == "csv":
        path = world.folder / "loans.csv"
        # Arrow writes a time with a blank, and no zone.
        pyarrow.csv.write_csv(table, path)
        world.edit(r"loans\.parquet", "loans.csv")
        return
    with pq.ParquetWriter(world.data, table.schema) as writer:
        for first, rows in ((0, FRAGMENT_ROWS + 1_000), (FRAGMENT_ROWS + 1_000, 1_000)):
            writer.write_table(table.slice(first, rows), row_group_size=rows)
        writer.write_table(table.slice(FRAGMENT_ROWS + 2_000), row_group_size=700)


@dataclass(frozen=True)
class Done:
    """What an engine left behind."""

    answer: dict[str, Any]
    files: dict[str, bytes]  # of predictions, by name
    quarantine: list[dict[str, Any]]


def score(world: World, engine: str) -> Done:
    options, settings = ENGINES[engine]
    told = world.spawn("score", *options, **settings)
    assert told.code == 0, told
    folder = world.store / "predictions"
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.parquet")}
    columns = "batch, key, reason, source, row, attempt"
    rows = world.rows(f"select {columns} from quarantine order by all")  # noqa: S608  # ours
    assert not world.broken_promises()
    return Done(told.answer, files, rows)


@pytest.fixture(scope="module")
def fitted_with(fitted: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """The fitted job with another estimator; each is fitted once."""
    made: dict[str, World] = {}

    def of(model: str) -> World:
        if model not in made:
            world = fitted.copy(tmp_path_factory.mktemp(model))
            if model != "linear":
                world.edit("LogisticRegression", MODELS[model])
                fit(world)
            made[model] = world
        return made[model]

    return of


@pytest.fixture(scope="module")
def scored(
    fitted_with: Callable[[str], World], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str, str], Done]:
    """What each engine makes of each model and shape of data; each combination once."""
    known: dict[tuple[str, str, str], Done] = {}
    table = hard_table()

    def of(model: str, shape: str, engine: str) -> Done:
        if (model, shape, engine) not in known:
            world = fitted_with(model).copy(tmp_path_factory.mktemp("scored"))
            write(world, table, shape)
            known[model, shape, engine] = score(world, engine)
        return known[model, shape, engine]

    return of


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize(
    ("model", "shape"), [("linear", "parquet"), ("linear", "csv"), ("library", "parquet")]
)
def test_every_engine_gives_the_same_bytes(
    scored: Callable[[str, str, str], Done], model: str, shape: str, engine: str
) -> None:
    """Of every file, those that duplicates left behind included; under the same names."""
    one, other = scored(model, shape, "inline"), scored(model, shape, engine)

    assert one.files.keys() == other.files.keys()
    assert [name for name in one.files if one.files[name] != other.files[name]] == []


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_engine_gives_the_same_answer(
    scored: Callable[[str, str, str], Done], shape: str, engine: str
) -> None:
    one, other = scored("linear", shape, "inline"), scored("linear", shape, engine)

    assert one.answer == other.answer
    assert one.quarantine == other.quarantine


@pytest.mark.parametrize("shape", SHAPES)
def test_the_hard_rows_are_all_accounted_for(
    scored: Callable[[str, str, str], Done], shape: str
) -> None:
    """Of identical copies the first stays, differing ones all go; a NaN is a missing value."""
    done = scored("linear", shape, "inline")

    reasons = sorted(row["reason"] for row in done.quarantine)
    batches = {batch["batch"]: batch for batch in done.answer["batches"]}
    assert reasons == sorted(
        ["null_key", "infinite", "no_batch", *["duplicate_row"] * 2, *["duplicate_key"] * 2]
        + ["duplicate_key"] * sum(_same_day(pair) for pair in ((60, 70), (-5, 80)))
    )
    assert sum(batch["rows_in"] for batch in batches.values()) == FRAGMENT_ROWS + 4_000
    assert batches["unknown"]["predictions"] == 0


def _same_day(pair: tuple[int, int]) -> int:
    """Two rows that share a key are told only within a batch: each of both, then."""
    days = pc.strftime(hard_table()["opened"], "%Y-%m-%d").to_pylist()
    one, other = (place if place >= 0 else len(days) - 1 + place for place in pair)
    return 2 * (days[one] == days[other])


def test_what_is_wrong_with_one_file_costs_its_batch_alone_on_every_engine(
    fitted: World, tmp_path: Path
) -> None:
    """The error is the same, and so are the batches that went well."""
    told = {}
    for engine, (options, settings) in ENGINES.items():
        world = fitted.copy(tmp_path / engine.replace(" ", "-"))
        world.edit(r"loans\.parquet", "{batch}.parquet")
        world.edit('by = "day"', 'by = "path"')
        world.edit("timezone.*", "")
        for day in ("a", "b", "c"):
            pq.write_table(loans(50, seed=ord(day)), world.folder / f"{day}.parquet")
        (world.folder / "b.parquet").write_bytes(b"PAR1 and no more")
        world.data.unlink()
        told[engine] = world.spawn("score", *options, **settings)

    for other in OTHERS:
        assert (told[other].code, told[other].answer) == (5, told["inline"].answer)
    assert "b.parquet: not a whole Parquet file" in told["inline"].error["problem"]
    states = {b["batch"]: b["status"] for b in told["inline"].answer["batches"]}
    assert states == {"a": "published", "b": "failed", "c": "published"}
