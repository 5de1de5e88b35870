"""Commits of a store ascend in time, whatever its clock and its notes do, and a jump is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from infra.commit_clock import NOTE, CommitClock, newest_commit
from infra.store import Store, open_store
from pipelines.tables.schemas import POPULATIONS, RUNS, SAMPLES, table_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def commit(store: Store, present: datetime, table: str = "samples") -> tuple[datetime, list[str]]:
    """Commit a row when the clock says so; return the commit time and the news."""
    told: list[str] = []
    schema = {"samples": SAMPLES, "populations": POPULATIONS, "runs": RUNS}[table]
    with CommitClock(store, lambda: present, told.append).committing() as moment:
        row = {"job": "j", "batch": "b", "known_at": moment}
        store.table(table).append(table_of(schema, [row]))
    return moment, told


def test_commits_ascend_when_the_clock_is_set_back(store: Store) -> None:
    times = [commit(store, NOON + shift)[0] for shift in (HOUR, -50 * HOUR, timedelta(0), 2 * HOUR)]

    assert all(one < other for one, other in pairwise(times))
    assert times[-1] == NOON + 2 * HOUR


@pytest.mark.parametrize(("back", "is_told"), [(HOUR / 2, False), (2 * HOUR, True)])
def test_a_clock_that_was_set_back_by_more_than_an_hour_is_told(
    back: timedelta, *, is_told: bool, store: Store
) -> None:
    commit(store, NOON)

    _, news = commit(store, NOON - back)

    assert bool(news) is is_told
    assert not is_told or "2026-03-01 10:00" in news[0]


def test_a_jump_is_told_once(store: Store) -> None:
    told: list[str] = []
    commit(store, NOON)
    clock = CommitClock(store, lambda: NOON - 2 * HOUR, told.append)

    for _ in range(3):
        with clock.committing():
            pass

    assert len([line for line in told if line.startswith("warning")]) == 1


@pytest.mark.parametrize("table", ["samples", "populations"])
@pytest.mark.parametrize("note", [None, "", "soon", (NOON + 900 * HOUR).isoformat()])
def test_a_note_that_is_lost_or_odd_is_made_anew_from_the_tables(
    note: str | None, table: str, store: Store
) -> None:
    """Also one that is ahead of all commits: it would hold every later one back."""
    last, _ = commit(store, NOON, table)
    store.notes.delete(NOTE)
    if note is not None:
        store.note(NOTE, note)

    moment, _ = commit(store, NOON - HOUR / 2)

    assert moment == last + timedelta(microseconds=1)
    assert store.noted(NOTE) == moment.isoformat()


def test_a_note_that_is_older_than_the_tables_is_made_anew_where_the_clock_was_set_back(
    store: Store,
) -> None:
    """Somebody copied old notes back; the files of the store are later than the clock."""
    present = datetime.now(UTC)
    commit(store, present, "runs")
    last, _ = commit(store, present + timedelta(seconds=1))
    store.note(NOTE, (present - 5 * HOUR).isoformat())

    moment, news = commit(store, present - 3 * HOUR)

    assert moment == last + timedelta(microseconds=1)
    assert news


def test_tables_are_not_read_for_a_clock_that_is_right(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = datetime.now(UTC)
    commit(store, present, "runs")
    monkeypatch.setattr("infra.commit_clock.newest_commit", None)

    moment, _ = commit(store, present + timedelta(seconds=1))

    assert moment == present + timedelta(seconds=1)


def test_an_empty_store_has_no_newest_commit(store: Store) -> None:
    assert newest_commit(store) is None
