"""The ledger: which attempt of a batch is published, and what it counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.batches import attempts
from functions.batches.attempts import Run
from infra.store import Store, open_store
from pipelines.errors import StoreUnavailable
from pipelines.tables.schemas import PREDICTIONS, table_of

NAMES = [name for name in PREDICTIONS.names if name not in ("job", "batch")]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


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
    assert attempts.live(store.tables("j")) == {}

    publish(store, "one")

    found = attempts.live(store.tables("j"))["a"]
    assert (found.id, found.rows_in, found.predictions, found.quarantined) == ("one", 3, 2, 1)
    assert found.files == {"x.csv": "0"}


def test_a_later_attempt_supersedes(store: Store) -> None:
    for attempt in ("one", "two"):
        record(store, attempt)
        publish(store, attempt)

    assert attempts.published(store.tables("j")) == {"a": "two"}
    assert attempts.attempts(store.tables("j")).keys() == {"one", "two"}


def test_an_attempt_that_was_tried_twice_is_one(store: Store) -> None:
    """A run that was killed after its record, and repeated."""
    record(store, "one")
    record(store, "one")
    publish(store, "one")

    assert attempts.live(store.tables("j"))["a"].rows_in == 3


def test_jobs_that_share_a_store_do_not_meet(store: Store) -> None:
    record(store, "one")
    publish(store, "one")
    record(store, "other", "b", job="k")
    publish(store, "other", "b", job="k")

    assert attempts.published(store.tables("j")) == {"a": "one"}
    assert attempts.attempts(store.tables("k")).keys() == {"other"}


def test_a_snapshot_stays_as_it_was(store: Store) -> None:
    """What is published meanwhile is whole in the next one, and absent from this one."""
    record(store, "one")
    publish(store, "one")
    tables = store.tables("j")
    assert attempts.live(tables).keys() == {"a"}

    record(store, "two", "b")
    publish(store, "two", "b")

    assert attempts.live(tables).keys() == {"a"}
    assert attempts.live(store.tables("j")).keys() == {"a", "b"}


def test_an_attempt_that_is_published_while_others_are_read_does_no_harm(store: Store) -> None:
    """`runs` is read after the list of published files, so it knows whatever that names."""
    record(store, "one")
    tables = store.tables("j")
    assert attempts.attempts(tables).keys() == {"one"}
    publish(store, "one")

    assert attempts.live(tables) == {}


def test_a_published_batch_without_its_record_is_told(store: Store) -> None:
    publish(store, "one")

    with pytest.raises(StoreUnavailable, match="'a' is published, but `runs` does not know"):
        attempts.live(store.tables("j"))
