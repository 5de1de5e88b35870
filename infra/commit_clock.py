"""The clock of commits: each commit of a store is later than every commit before it.

Facts are ordered by their commit time, so an estimate as of a time never gains a fact that
is committed later. The time of the last commit is noted in the store; a note that is lost,
says nothing, or may be older than the tables is made anew from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa

from infra import clock
from infra.ports import Say
from infra.store import Store
from pipelines.columns import relations
from pipelines.tables.schemas import LARGE, TABLES

NOTE: Final = "last-commit"
_JUMP: Final = timedelta(hours=1)  # that the clock may lag behind the last commit without a word
_SKEW: Final = 2_000  # milliseconds by which the clock of whatever holds the files may be ahead
_LOG: Final = "runs/_delta_log/"  # every step that writes commits there
_WAIT: Final = 120  # seconds for another process to end its commit
_TIMED: Final = [name for name, schema in TABLES.items() if "known_at" in schema.names]


@dataclass
class CommitClock:
    """Gives the times of commits to one store."""

    store: Store
    now: Callable[[], datetime]
    say: Say  # takes news of a clock that was set back
    _is_told: bool = False
    _is_compared: bool = False  # the clock with the files of the store

    @contextmanager
    def committing(self) -> Iterator[datetime]:
        """Hold the right to commit, at a time that is later than every earlier commit's.

        Yields:
            The commit time.
        """
        with self.store.lock("commit", wait=_WAIT):
            present = self.now()
            last = self._last(present)
            if last is not None and last - present > _JUMP:
                self._tell(last, present)
            moment = clock.after(last, present)
            self.store.note(NOTE, moment.isoformat())
            yield moment

    def _last(self, present: datetime) -> datetime | None:
        """Return the time of the last commit; one that is yet to come, or may be an old one, is looked up."""
        noted = clock.read(self.store.noted(NOTE))
        if noted is None or noted - present > _JUMP or self._is_behind(present):
            return newest_commit(self.store)
        return noted

    def _is_behind(self, present: datetime) -> bool:
        """Tell, once, whether files of the store are of times to come: then the note may be an old copy."""
        if self._is_compared:
            return False
        self._is_compared = True
        changes = (stat.modified for stat in self.store.files.list(_LOG))
        return max(changes, default=0) > present.timestamp() * 1000 + _SKEW

    def _tell(self, last: datetime, present: datetime) -> None:
        if not self._is_told:
            self.say(
                f"warning: the clock says {present:%Y-%m-%d %H:%M} UTC, and the last commit of the store was "
                f"at {last:%Y-%m-%d %H:%M} UTC: until the clock is past it, commits are timed right after it"
            )
            self.say(
                "hint: set the clock right; no row is lost, but `--as-of` takes what is stored "
                "meanwhile for later than it is"
            )
        self._is_told = True


def newest_commit(store: Store) -> datetime | None:
    """Return the latest commit time that the tables hold; None where they hold none."""
    times = pa.chunked_array([], pa.timestamp("us", tz="UTC"))
    for name in _TIMED:
        table = store.table(name)
        table.refresh()
        rows = table.first_rows("known_at") if name in LARGE else table.read(["known_at"])
        times = pa.chunked_array([*times.chunks, *rows["known_at"].chunks], times.type)
    ordered = pa.table({"known_at": times}).sort_by([("known_at", "descending")])
    newest = relations.records(ordered.slice(0, 1))
    return newest[0]["known_at"] if newest else None
