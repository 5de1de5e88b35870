"""Which rows train: those with a target, a batch and no fault; and which of them measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.input.fragments import find_sources, splits_of
from pipelines.job.job_file import parse
from pipelines.job.rules import reading_rules
from pipelines.training.rows import Reader
from pipelines.training.selection import select

WORDS = st.integers(0, 2**64 - 1)


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


@given(st.lists(WORDS, min_size=1, max_size=50, unique=True), st.integers(1, 60), st.floats(0, 0.9))
def test_the_smallest_hashes_train_or_measure_and_none_does_both(
    high: list[int], most: int, holdout: float
) -> None:
    hashes = np.array([[word, 0] for word in high], dtype=np.uint64)

    train, held = select(hashes, None, holdout=holdout, max_rows=most).masks(hashes, None)

    chosen = {word for word, one in zip(high, train | held, strict=True) if one}
    assert chosen == set(sorted(high)[:most])
    assert not (train & held).any()


@given(
    st.lists(
        st.tuples(WORDS, st.integers(0, 9)), min_size=2, max_size=50, unique_by=lambda x: x[0]
    ),
    st.floats(0.01, 0.9),
)
def test_what_measures_is_later_than_all_that_trains(
    rows: list[tuple[int, int]], holdout: float
) -> None:
    """Whatever the share; only where the latest time has most of the rows, time cannot tell."""
    hashes = np.array([[word, 0] for word, _ in rows], dtype=np.uint64)
    micros = np.array([time for _, time in rows])
    assume(2 * (micros == micros.max()).sum() <= len(micros))

    train, held = select(hashes, micros, holdout=holdout, max_rows=100).masks(hashes, micros)

    assert train.any()
    assert held.any()
    assert (train | held).all()
    assert micros[train].max() < micros[held].min()


def test_rows_of_one_time_are_held_out_by_their_hash() -> None:
    hashes = np.array([[word, 0] for word in range(10)], dtype=np.uint64)
    micros = np.ones(10, dtype=np.int64)

    train, held = select(hashes, micros, holdout=0.2, max_rows=100).masks(hashes, micros)

    assert (train.sum(), held.sum()) == (8, 2)
