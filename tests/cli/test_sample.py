"""What a draw keeps for estimators that come later: scores of all rows, and of all classes."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from functions.batches import discovery
from pipelines.columns.relations import where_in
from pipelines.input.batch_rows import batches_of
from pipelines.tables.schemas import DESIGNS, SAMPLES
from pipelines.tables.table import Table
from tests.fixtures.world import DAYS, World, edited, loans, with_column

FACTS = {
    "designs": [
        "score_sums",
        "score_histogram",
        "value_sums",
        "sums_left_out",
        "histograms_left_out",
        "content_digest",
    ],
    "samples": ["scores"],
}
SCHEMAS = {"designs": DESIGNS, "samples": SAMPLES}


@pytest.fixture
def drawn(world: World) -> World:
    world.ok("score")
    world.ok("sample", "--budget", 60)
    return world


def as_an_older_release_left_it(world: World) -> None:
    """Its tables lack the newer columns; each batch was one commit."""
    for name, columns in FACTS.items():
        table = open_app(world.job).store.table(name)
        rows, numbers = table.read(), [table.transaction(_transaction(day)) for day in DAYS]
        old = pa.schema([field for field in SCHEMAS[name] if field.name not in columns])
        shutil.rmtree(table.address)
        for day, number in zip(DAYS, numbers, strict=True):
            own = where_in(rows, "batch", day).select(old.names)
            Table(table.store_files, old).append(
                own, transaction=(_transaction(day), 1) if number else None
            )


def _transaction(day: str) -> str:
    return f"sample/job/{day}/verify"


def scores(world: World, draw: int = 1) -> list[dict[str, Any]]:
    rows = world.rows("select draw_no, label, score, scores from samples_history")
    return [row for row in rows if row["draw_no"] == draw]


def test_a_drawn_row_keeps_the_probability_of_every_class(drawn: World) -> None:
    """They are 1 together, and that of the label is its score, to the bit."""
    rows = scores(drawn)

    assert len(rows) == 180
    for row in rows:
        assert list(row["scores"]) == ["late", "lost", "paid"]
        assert sum(row["scores"].values()) == pytest.approx(1, rel=0, abs=1e-9)
        assert row["scores"][row["label"]] == row["score"]


def test_a_design_sums_up_the_scores_of_all_rows(drawn: World) -> None:
    """Over all strata: what SQL finds in the predictions, whole and by cohort."""
    kept: dict[str, list[int]] = {}
    bins: dict[str, int] = {}
    for row in drawn.rows("select * from designs"):
        assert (row["value_sums"], row["sums_left_out"], row["histograms_left_out"]) == (None, 0, 0)
        domains = json.loads(row["domains"])
        assert json.loads(row["score_sums"]).keys() == domains.keys()
        for domain, sums in json.loads(row["score_sums"]).items():
            kept[domain] = [a + b for a, b in zip(kept.get(domain, [0, 0, 0]), sums, strict=True)]
        for name, count in json.loads(row["score_histogram"])[""].items():
            bins[name] = bins.get(name, 0) + count

    rows = drawn.rows("select score, cohorts, floor(score * 64)::int as bin from predictions")
    for domain, product in {"": None, "product=car": "car"}.items():
        points = [
            round(row["score"] * 1e6)
            for row in rows
            if product in (None, row["cohorts"].get("product"))
        ]
        assert kept[domain] == [len(points), sum(points), sum(point**2 for point in points)]
    assert bins == Counter(str(row["bin"]) for row in rows)


def test_rows_are_read_once_for_what_people_see_and_for_scores(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ok("score")
    read = []

    def watched(*args: Any, **options: Any) -> Iterator[Any]:
        read.append(args[1])
        yield from batches_of(*args, **options)

    monkeypatch.setattr(discovery, "batches_of", watched)
    world.ok("sample", "--batch", DAYS[0])

    splits = pq.ParquetFile(world.data).num_row_groups
    assert len(read) == len({split.row_group for split in read}) == splits


def test_a_store_of_an_older_release_is_drawn_from_as_before(drawn: World) -> None:
    """Its rows have no such facts; a top-up brings those of the new rows and of the batch."""
    as_an_older_release_left_it(drawn)
    assert drawn.ok("sample", "--budget", 60)["batches"][0]["draw"] == 1

    drawn.ok("sample", "--budget", 90)

    assert {row["scores"] for row in scores(drawn, 1)} == {None}
    new = scores(drawn, 2)
    assert len(new) == 90
    assert all(row["scores"][row["label"]] == row["score"] for row in new)
    sums = drawn.rows("select draw_no, count(*) n, count(score_sums) kept from designs group by 1")
    assert {row["draw_no"]: row["kept"] / row["n"] for row in sums} == {1: 0.0, 2: 1.0}
    assert drawn.broken_promises() == []
    drawn.ok("estimate")


def test_a_replaced_batch_keeps_the_scores_of_its_new_version(drawn: World) -> None:
    table = loans()
    income = np.array(table["income"].to_pylist()) * 1.5
    drawn.write(with_column(table, "income", income), row_group_size=250)
    drawn.ok("score", "--replace")

    drawn.ok("sample", "--budget", 60)

    rows = scores(drawn, 2)
    assert len(rows) == 180
    assert all(row["scores"][row["label"]] == row["score"] for row in rows)


def test_a_cohort_that_is_added_later_counts_for_rows_that_were_drawn_before(drawn: World) -> None:
    """Nobody is asked anew, and until then nothing is broken: the draw is of the earlier scoring."""
    before = drawn.rows("select prediction_id from samples order by all")
    drawn.job.write_text(drawn.job.read_text("utf-8") + '\n[cohorts.age]\ncolumn = "age"\n')
    drawn.edit(r'column = "age"', 'column = "age"\nedges = [40]')
    drawn.ok("score", "--replace")
    assert drawn.broken_promises() == []

    [reason] = {one["reason"] for one in drawn.ok("sample", "--budget", 60)["batches"]}

    assert reason == "carried over"
    assert drawn.rows("select prediction_id from samples order by all") == before
    rows = drawn.rows("select cohorts from samples")
    assert all(row["cohorts"].get("age") for row in rows)
    assert drawn.broken_promises() == []
    assert {one["draw"] for one in drawn.ok("sample", "--budget", 60)["batches"]} == {2}


def test_where_the_job_has_other_features_by_now_rows_are_drawn_without_scores(
    world: World,
) -> None:
    """The package that scored the batch reads other columns than the job file names."""
    world.ok("score")
    world.edit('age = {kind = "numeric"}', 'age = {kind = "categorical"}')

    world.ok("sample")

    assert {row["scores"] for row in scores(world)} == {None}


def test_a_range_is_told_to_be_no_batch_and_not_to_be_scored_first(drawn: World) -> None:
    """Scoring it would help nothing: `sample` takes names alone."""
    refused = drawn.refused("sample", "--batch", f"{DAYS[0]}..{DAYS[1]}").error

    assert "only `fit` and `score` take ranges" in refused["problem"]
    assert f"`recheck status {drawn.job}`" in refused["fix"]


def test_an_input_that_changed_is_told_before_anything_is_scored(world: World) -> None:
    world.ok("score")
    world.write(edited(loans(), "income", {0: float("inf")}), row_group_size=250)

    assert world.refused("sample").error["code"] == "input_changed"


def test_the_draws_of_all_batches_read_the_input_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file with 400 batches was read 400 times."""
    world.ok("score")
    passes: list[list[str]] = []
    inner = discovery.rows_of

    def rows_of(job: Any, inputs: Any, batches: Any, *number: int) -> Any:
        passes.append(list(batches))
        return inner(job, inputs, batches, *number)

    monkeypatch.setattr(discovery, "rows_of", rows_of)

    world.ok("sample")

    assert passes == [list(DAYS)]


def test_a_batch_whose_input_changed_stops_no_draw_of_another(world: World) -> None:
    """Although both are read in one pass."""
    world.ok("score")
    rows = pq.read_table(world.data)
    place = [str(when)[:10] for when in rows["opened"].to_pylist()].index(DAYS[1])
    world.write(edited(rows, "income", {place: 1234.5}))

    told = world.run("sample").answer

    states = {one["batch"]: "error" not in one for one in told["batches"]}
    assert states == {DAYS[0]: True, DAYS[1]: False, DAYS[2]: True}


def test_answers_that_no_longer_count_are_told_with_the_column_that_reads_otherwise(
    drawn: World,
) -> None:
    rows = drawn.rows("select key, batch, label from samples")
    answers = drawn.folder / "answers.csv"
    lines = (f"{row['key']},{row['batch']},{row['label']}" for row in rows)
    answers.write_text("\n".join(["key,batch,answer", *lines]), "utf-8")
    drawn.ok("pull", "--file", answers)
    income = np.array(loans()["income"].to_pylist()) * 1.5
    drawn.write(with_column(loans(), "income", income), row_group_size=250)
    drawn.ok("score", "--replace")

    told = drawn.run("sample", as_json=False)

    lost = [int(n) for n in re.findall(r"(\d+) answers no longer count, because", told.err)]
    assert len(lost) == 3
    assert sum(lost) == len(rows)
    assert "because column 'income' reads otherwise; people are asked anew" in told.err
    assert f"{lost[0]} answers no longer count  new" in told.out
    assert "carried over" not in told.out


def test_a_draw_that_is_carried_over_to_the_same_rows_loses_no_answer(drawn: World) -> None:
    drawn.ok("score", "--replace")

    assert all(one["lost_answers"] == 0 for one in drawn.ok("sample")["batches"])
