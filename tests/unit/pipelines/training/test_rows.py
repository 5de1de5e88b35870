"""Which rows train: those with a target, a batch and no fault."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.input.fragments import find_sources, splits_of
from pipelines.job.job_file import parse
from pipelines.job.rules import reading_rules
from pipelines.training.rows import Reader


def keys_that_train(folder: Path, **columns: list[object]) -> list[str]:
    """The keys of the rows that a reader gives, of two days of January."""
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    job = parse(
        {
            "name": "j",
            "task": "classification",
            "target": {"column": "y", "answers": ["no", "yes"]},
            "data": {"path": "rows.parquet", "key": ["k"], "time": "t"},
            "batches": {"by": "day", "timezone": "UTC"},
            "features": {"columns": {"x": {"kind": "numeric"}}},
            "model": {},
            "sampling": {"seed": "0" * 32},
        },
        "job",
    )
    found = find_sources("rows.parquet", folder)
    batches = frozenset({"2026-01-05", "2026-01-06", "unknown"})
    reader = Reader(reading_rules(job), batches, {"rows.parquet": "0" * 64}, function=None)
    splits = [split for source in found for split in splits_of(source)]
    return [key for split in splits for rows in reader.read(split) for key in rows.keys.to_pylist()]


def test_only_rows_with_a_target_a_time_and_sound_features_train(tmp_path: Path) -> None:
    """A row that scoring would set aside teaches nothing either."""
    found = keys_that_train(
        tmp_path,
        k=["good", "no target", "other target", "no time", "infinite", None, "good too"],
        t=[
            "2026-01-05",
            "2026-01-05",
            "2026-01-05",
            None,
            "2026-01-05",
            "2026-01-05",
            "2026-01-06",
        ],
        x=[1.0, 1.0, 1.0, 1.0, float("inf"), 1.0, None],
        y=["no", None, "maybe", "yes", "yes", "yes", "yes"],
    )

    assert found == ["good", "good too"]
