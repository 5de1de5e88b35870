"""The fused stage: a fragment in, files and a summary out."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from infra.clouds.folder import Folder
from pipelines.errors import InputUnreadable, SchemaMismatch
from pipelines.input.fragments import find_sources, splits_of
from pipelines.job.job_file import Job, parse
from pipelines.job.rules import reading_rules
from pipelines.scoring.duplicate_keys import duplicates
from pipelines.scoring.fragment_results import FragmentResult
from pipelines.scoring.score_fragment import Work
from pipelines.scoring.scorers import GivenPredictions
from pipelines.tables.schemas import PARTITIONED_BY, PREDICTIONS
from pipelines.tables.table import Table

NAMES = ("a", "b", "c")


def rows(n: int = 30) -> pa.Table:
    """Predictions of three batches, row by row in turn."""
    return pa.table(
        {
            "k": [f"k{i:03d}" for i in range(n)],
            "batch": [NAMES[i % 3] for i in range(n)],
            "guess": ["yes" if i % 4 else "no" for i in range(n)],
            "sure": [i / n for i in range(n)],
        }
    )


def described(**sections: Any) -> Job:
    content = {
        "name": "j",
        "task": "classification",
        "target": {"answers": ["no", "yes"]},
        "data": {"path": "x", "key": ["k"]},
        "batches": {"by": "column", "column": "batch"},
        "predictions": {"label": "guess", "score": "sure"},
        "cohorts": {"batch": {"column": "batch"}},
        "sampling": {"seed": "0" * 32},
    }
    return parse({**content, **sections}, "job")


def prepared(job: Job, table: Table) -> Work:
    """The scoring of the batch `a` into a table."""
    assert job.predictions
    opener = partial(GivenPredictions, job.predictions, job.task)
    return Work(reading_rules(job), opener, table, {"a": "x"}, {})


def score(
    folder: Path, path: Path, *batches: str, job: Job | None = None, **more: Any
) -> tuple[list[FragmentResult], dict[str, bytes]]:
    """The results of a file, and the files that were written, by name."""
    table = Table(Folder(folder), PREDICTIONS, PARTITIONED_BY["predictions"])
    sources = find_sources(str(path), path.parent)
    digests = {source.name: "0" * 64 for source in sources}
    attempts = {batch: f"attempt-{batch}" for batch in batches}
    work = replace(
        prepared(job or described(), table), attempts=attempts, file_digests=digests, **more
    )
    results = [
        one for source in sources for split in splits_of(source) for one in work.results(split)
    ]
    return results, {path.name: path.read_bytes() for path in folder.rglob("*.parquet")}


def predictions(folder: Path) -> list[dict[str, Any]]:
    found = [pq.read_table(path, partitioning=None) for path in sorted(folder.rglob("*.parquet"))]
    return sorted(pa.concat_tables(found).to_pylist(), key=lambda row: row["key"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pq.write_table(rows(), tmp_path / "rows.parquet", row_group_size=12)
    return tmp_path / "rows.parquet"


def test_a_batch_comes_out_the_same_whichever_others_are_asked_for(
    tmp_path: Path, path: Path
) -> None:
    _, together = score(tmp_path / "all", path, *NAMES)
    alone: dict[str, bytes] = {}
    for name in NAMES:
        alone |= score(tmp_path / name, path, name)[1]

    assert together == alone
    assert len(together) == 9  # three batches in each of three row groups


def test_the_file_says_nothing_of_what_is_not_in_it(tmp_path: Path, path: Path) -> None:
    """No time, no engine, no name of this machine: the same rows are the same bytes."""
    assert score(tmp_path / "one", path, *NAMES)[1] == score(tmp_path / "two", path, *NAMES)[1]


def test_csv_and_parquet_give_the_same_predictions(tmp_path: Path, path: Path) -> None:
    pc.write_csv(rows(), tmp_path / "rows.csv")

    score(tmp_path / "parquet", path, *NAMES)
    score(tmp_path / "csv", tmp_path / "rows.csv", *NAMES)

    assert predictions(tmp_path / "csv") == predictions(tmp_path / "parquet")


def test_each_row_is_counted_by_its_fragment(tmp_path: Path, path: Path) -> None:
    results, _ = score(tmp_path / "out", path, "a")

    assert [result.rows_in for result in results] == [4, 4, 2]
    assert [result.positions.tolist() for result in results] == [
        [0, 3, 6, 9],
        [12, 15, 18, 21],
        [24, 27],
    ]
    assert all(result.file and result.file.rows == result.rows_in for result in results)


def test_a_bad_row_is_left_out_and_told_with_its_place(tmp_path: Path) -> None:
    table = rows(9).set_column(3, "sure", pa.array([0.5, 0.5, 0.5, 7.0] + [0.5] * 5))
    pq.write_table(table, tmp_path / "rows.parquet")

    [result], _ = score(tmp_path / "out", tmp_path / "rows.parquet", "a")

    [bad] = result.bad
    assert (bad.key, bad.reason, bad.column) == ("k003", "score_out_of_range", "sure")
    assert (bad.source, bad.row) == ("rows.parquet", 3)
    assert result.positions.tolist() == [0, 6]
    assert result.rows_in == 3


def test_a_fragment_without_a_good_row_writes_nothing(tmp_path: Path) -> None:
    table = rows(3).set_column(2, "guess", pa.nulls(3, pa.string()))
    pq.write_table(table, tmp_path / "rows.parquet")

    [result], files = score(tmp_path / "out", tmp_path / "rows.parquet", "a")

    assert (result.file, files) == (None, {})
    assert result.bad[0].reason == "no_prediction"


@pytest.mark.parametrize("key", [None, b"\xff"])
def test_a_row_without_a_key_has_none_whatever_else_is_wrong(
    tmp_path: Path, key: bytes | None
) -> None:
    """The first reason is told; an empty text would be a key that nobody gave."""
    table = rows(2).set_column(1, "batch", pa.array([None, None], pa.string()))
    keyless = pa.array([key, b"k1"], pa.binary()).view(pa.string())
    pq.write_table(table.set_column(0, "k", keyless), tmp_path / "rows.parquet")

    [result], _ = score(tmp_path / "out", tmp_path / "rows.parquet", "unknown")

    assert [bad.key for bad in result.bad] == [None, "k1"]


def test_a_row_whose_batch_cannot_be_told_is_in_the_batch_unknown(tmp_path: Path) -> None:
    table = rows(4).set_column(1, "batch", pa.array(["a", None, "a", ""]))
    pq.write_table(table, tmp_path / "rows.parquet")

    [result], _ = score(tmp_path / "out", tmp_path / "rows.parquet", "unknown")

    assert [(bad.reason, bad.row) for bad in result.bad] == [("no_batch", 1), ("no_batch", 3)]


def test_a_version_that_only_bad_rows_have_is_not_of_the_batch(tmp_path: Path) -> None:
    table = rows(6).append_column("v", pa.array(["1", "1", "1", "2", "1", "1"]))
    table = table.set_column(2, "guess", pa.array(["x", "x", "x", None, "x", "x"]))
    pq.write_table(table, tmp_path / "rows.parquet")
    job = described(predictions={"label": "guess", "version": "v"})

    [result], _ = score(tmp_path / "out", tmp_path / "rows.parquet", "a", job=job)

    assert result.versions == ("1",)


def test_a_second_pass_without_duplicates_writes_under_other_names(tmp_path: Path) -> None:
    """Another run may have published the first ones: a name means one content for ever."""
    table = pa.concat_tables([rows(6), rows(6).slice(0, 1)])
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=3)
    results, first = score(tmp_path / "out", tmp_path / "rows.parquet", "a")

    left_out = duplicates(results)
    again, both = score(tmp_path / "out", tmp_path / "rows.parquet", "a", excluded=left_out)

    assert left_out == {("rows.parquet", 6): "duplicate_row"}
    assert first.items() <= both.items()
    assert [result.file and result.file.rows for result in again] == [1, 1, None]
    assert [result.rows_in for result in again] == [1, 1, 1]


def test_rows_that_were_excluded_are_told_why(tmp_path: Path, path: Path) -> None:
    excluded = {("rows.parquet", 0): "duplicate_key"}

    results, files = score(tmp_path / "out", path, "a", excluded=excluded)

    assert [(bad.row, bad.reason, bad.column) for bad in results[0].bad] == [
        (0, "duplicate_key", None)
    ]
    assert [name.endswith("-rest.parquet") for name in sorted(files)] == [True, False, False]


def test_a_column_of_another_type_is_an_error_of_the_file(tmp_path: Path) -> None:
    table = rows(3).set_column(3, "sure", pa.array(["0.5"] * 3))
    pq.write_table(table, tmp_path / "rows.parquet")

    with pytest.raises(SchemaMismatch, match="column 'sure' holds string"):
        score(tmp_path / "out", tmp_path / "rows.parquet", "a")


def test_what_is_wrong_with_a_file_is_part_of_the_outcome(tmp_path: Path, path: Path) -> None:
    """So that other files go on."""
    [source] = find_sources(str(path), tmp_path)
    splits = splits_of(source)
    path.unlink()
    table = Table(Folder(tmp_path / "out"), PREDICTIONS, PARTITIONED_BY["predictions"])
    work = prepared(described(), table)

    outcome = work.outcome(splits[0])

    assert isinstance(outcome.error, InputUnreadable)
    assert (outcome.split, outcome.results) == (splits[0], ())


def test_work_travels_as_a_description(tmp_path: Path) -> None:
    """Nothing that was opened goes along."""
    work = prepared(
        described(), Table(Folder(tmp_path), PREDICTIONS, PARTITIONED_BY["predictions"])
    )
    assert isinstance(work.scorer, GivenPredictions)

    there = pickle.loads(pickle.dumps(work))  # noqa: S301  # our own

    assert "scorer" not in vars(there)
    assert there.rules == work.rules
