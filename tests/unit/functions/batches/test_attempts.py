"""The ledger: which attempt of a batch is published, and what it counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.batches import attempts
from functions.batches.attempts import Run
from infra.store import Store
from pipelines.errors import StoreUnavailable
from pipelines.tables.schemas import PREDICTIONS, table_of

NAMES = [name for name in PREDICTIONS.names if name not in ("job", "batch")]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def record(store: Store, attempt: str, batch: str = "a", *, job: str = "j", rows: int = 3) -> None:
    inputs = {"version": "v1", "digest": "d", "files": {"x.csv": "0"}}
    outputs = {"rows_in": rows, "predictions": rows - 1, "quarantined": 1}
    run = Run(attempt, "score", batch, inputs, outputs, rows, 0.5, {})
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    attempts.record(store, [run], job=job, job_hash="h", actor="me", known_at=moment)


def publish(store: Store, attempt: str, batch: str = "a", *, job: str = "j") -> None:
    table, place = store.table("predictions"), {"job": job, "batch": batch}
    rows = table_of(PREDICTIONS, [{"key": "k"}]).select(NAMES)
    files = [table.write_file(f"{table.folder(place)}{attempt}-{n}.parquet", rows) for n in (0, 1)]
    number = table.transaction(batch) + 1
    table.replace(place, files, transaction=(batch, number), note={})


def test_an_attempt_is_live_once_it_is_published(store: Store) -> None:
    record(store, "one")
    assert attempts.live(store, "j") == {}

    publish(store, "one")

    found = attempts.live(store, "j")["a"]
    assert (found.id, found.rows_in, found.predictions, found.quarantined) == ("one", 3, 2, 1)
    assert found.files == {"x.csv": "0"}


def test_a_later_attempt_supersedes(store: Store) -> None:
    for attempt in ("one", "two"):
        record(store, attempt)
        publish(store, attempt)

    assert attempts.published(store, "j") == {"a": "two"}
    assert attempts.attempts(store, "j").keys() == {"one", "two"}


def test_an_attempt_that_was_tried_twice_is_one(store: Store) -> None:
    """A run that was killed after its record, and repeated."""
    record(store, "one")
    record(store, "one")
    publish(store, "one")

    assert attempts.live(store, "j")["a"].rows_in == 3


def test_jobs_that_share_a_store_do_not_meet(store: Store) -> None:
    record(store, "one")
    publish(store, "one")
    record(store, "other", "b", job="k")
    publish(store, "other", "b", job="k")

    assert attempts.published(store, "j") == {"a": "one"}
    assert attempts.attempts(store, "k").keys() == {"other"}


def test_what_others_publish_meanwhile_is_seen_whole(store: Store) -> None:
    """`runs` was read before their record, predictions after their commit."""
    record(store, "one")
    publish(store, "one")
    assert attempts.attempts(store, "j").keys() == {"one"}

    others = Store(store.folder)
    record(others, "two", "b")
    publish(others, "two", "b")
    store.table("predictions").refresh()

    assert attempts.live(store, "j").keys() == {"a", "b"}


def test_a_published_batch_without_its_record_is_told(store: Store) -> None:
    publish(store, "one")

    with pytest.raises(StoreUnavailable, match="'a' is published, but `runs` does not know"):
        attempts.live(store, "j")
