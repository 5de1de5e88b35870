"""Why too few rows can train: each reason with its count and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import BatchUnknown, EstimatorRefused, RecheckError
from pipelines.input.fragments import find_sources, splits_of
from pipelines.job.job_file import parse
from pipelines.job.rules import reading_rules
from pipelines.training.rows import Reader
from pipelines.training.shortage import too_few


def explained(
    folder: Path, answers: dict[str, str] | None = None, **columns: list[Any]
) -> RecheckError:
    """What is said of rows of which none can train."""
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    content: dict[str, Any] = {
        "name": "j",
        "task": "classification",
        "target": {"answers": ["no", "yes"], **({} if answers else {"column": "y"})},
        "data": {"path": "rows.parquet", "key": ["k"]},
        "features": {"columns": {"x": {"kind": "numeric"}}},
        "model": {},
        "sampling": {"seed": "0" * 32},
    }
    [source] = find_sources("rows.parquet", folder)
    rules = reading_rules(parse(content, "job"))
    reader = Reader(rules, frozenset({"all"}), {"rows.parquet": "0" * 64}, None, answers)
    return too_few(reader, splits_of(source), ["all"], usable=0)


def test_each_reason_is_counted(tmp_path: Path) -> None:
    error = explained(
        tmp_path,
        k=["a", "b", "c", "d", "e"],
        x=[1.0, 1.0, 1.0, float("inf"), 1.0],
        y=[None, "maybe", "maybe", "yes", None],
    )

    assert isinstance(error, EstimatorRefused)
    assert error.problem == (
        "only 0 of 5 rows can train: 2 have no value in column 'y'; "
        "2 have a target that is not one of target.answers ('maybe'); "
        "1 have 'infinite' in column 'x'"
    )
    assert "correct target.column" in error.fix


def test_rows_that_nobody_labeled_need_more_answers(tmp_path: Path) -> None:
    error = explained(tmp_path, answers={"0" * 32: "yes"}, k=["a", "b"], x=[1.0, 2.0])

    assert "2 have no answer" in error.problem
    assert "let more people answer" in error.fix


def test_without_any_row_the_batch_is_unknown(tmp_path: Path) -> None:
    error = explained(tmp_path, k=[], x=[], y=[])

    assert isinstance(error, BatchUnknown)
