"""The ledger: which attempt of a batch is published, and what it counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.batches import attempts
from functions.runs import Run, keep
from infra.store import Store, open_store
from pipelines.errors import StoreUnavailable
from pipelines.tables.schemas import PREDICTIONS, table_of

NAMES = [name for name in PREDICTIONS.names if name not in ("job", "batch")]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def record(
    store: Store,
    attempt: str,
    batch: str = "a",
    *,
    job: str = "j",
    rows: int = 3,
    hour: int = 0,
    **more: object,
) -> None:
    inputs = {"version": "v1", "digest": "d", "files": {"x.csv": "0"}, **more}
    outputs = {"rows_in": rows, "predictions": rows - 1, "quarantined": 1}
    run = Run("score", batch, run_id=attempt, inputs=inputs, outputs=outputs, rows=rows)
    common = {"job": job, "job_hash": "h", "actor": "me"}
    keep(store, [run], common, known_at=datetime(2026, 1, 1, hour, tzinfo=UTC))


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


def ever(store: Store) -> set[str]:
    return {one.id for one in attempts.ever_published(store.tables("j"))}


def test_an_attempt_that_was_killed_before_its_commit_was_never_published(store: Store) -> None:
    """Before the first publication of a batch, between two, and after the last."""
    record(store, "killed", hour=1, number=1, replaces=None)
    record(store, "one", hour=2, number=1, replaces=None)
    publish(store, "one")
    record(store, "killed too", hour=3, number=2, replaces="one")
    record(store, "two", hour=4, number=2, replaces="one")
    publish(store, "two")
    record(store, "killed again", hour=5, number=3, replaces="two")

    assert ever(store) == {"one", "two"}


def test_of_attempts_of_an_earlier_release_those_up_to_the_live_one_count(store: Store) -> None:
    for hour, name in enumerate(["old", "live", "killed"]):
        record(store, name, hour=hour)
    publish(store, "live")
    assert ever(store) == {"old", "live"}

    record(store, "new", hour=9, number=2, replaces="live")
    publish(store, "new")

    assert ever(store) == {"old", "live", "new"}


def test_a_repeat_of_a_killed_run_was_known_at_its_own_commit(store: Store) -> None:
    for hour in (5, 1):
        record(store, "one", hour=hour)
    publish(store, "one")

    assert attempts.live(store.tables("j"))["a"].known_at.hour == 5
