"""The one place that wires a job file, settings and store together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra import clock, settings, staged_input
from infra.clouds import is_remote
from infra.ports import Say
from infra.settings import Access, Settings
from infra.store import Store, open_store
from pipelines.input.fragments import Source, find_sources
from pipelines.job import job_file
from pipelines.job.job_file import Job

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
_TIMED = ("designs", "samples", "questions", "annotations")
_COMMIT_WAIT = 120  # seconds for another process to end its commit


def _quiet(message: str) -> None:
    del message


def _untracked(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    del total, label
    return items


@dataclass(frozen=True)
class App:
    """A job in its place: what every step starts from."""

    job_path: Path
    job: Job
    settings: Settings
    store: Store
    now: Callable[[], datetime] = clock.now
    say: Say = field(default=_quiet)  # news, for people
    track: Track = field(default=_untracked)  # a progress bar around something long

    @property
    def folder(self) -> Path:
        """Where relative paths of the job file start."""
        return self.job_path.parent

    @cached_property
    def job_hash(self) -> str:
        """Identifies what the job file says."""
        return self.job.digest()

    def sources(self, batches: Sequence[str] = ()) -> list[Source]:
        """The data files of the job; from a bucket, at least those of these batches."""
        path = self.job.data.path
        if is_remote(path):
            path = staged_input.bring(path, self.store, batches, self.say)
        return find_sources(path, self.folder)

    @cached_property
    def label_studio(self) -> Access | None:
        """The Label Studio that settings name, else the one that runs on this machine.

        A key that is named goes with either.

        Raises:
            LabelStudioUnreachable: that one runs and does not answer.
        """
        url, key = self.settings.label_studio_url, self.settings.label_studio_api_key
        if url:
            return Access(url, key) if key else None
        return self._label_studio_here(key)

    def _label_studio_here(self, key: SecretStr | None) -> Access | None:
        from labeling.labelstudio.local import server
        from labeling.labelstudio.local.installation import default_home

        found = server.found(default_home(os.environ))
        if found is None:
            return None
        whose = ", with the key of LABEL_STUDIO_API_KEY" if key else ""
        self.say(
            f"using the Label Studio that `recheck labelstudio up` started here: {found.url}{whose}"
        )
        return Access(found.url, key or SecretStr(found.token))

    @contextmanager
    def committing(self) -> Iterator[datetime]:
        """One commit time, later than every earlier one; the next begins when this one is in the store.

        Facts are ordered by it, so an estimate as of a time can never gain a
        fact that was committed later.
        """
        with self.store.lock("commit", wait=_COMMIT_WAIT):
            moment = clock.after(self._last_moment(), self.now())
            self.store.note("last-commit", moment.isoformat())
            yield moment

    def _last_moment(self) -> datetime | None:
        noted = self.store.noted("last-commit")
        if noted is not None:
            return datetime.fromisoformat(noted)
        tables = [self.store.table(name) for name in _TIMED]
        times = [
            value for table in tables for value in table.read(["known_at"])["known_at"].to_pylist()
        ]
        return max(times, default=None)


def open_app(job_path: Path, *, say: Say = _quiet, track: Track = _untracked) -> App:
    """Read the job file and the settings, and find the store.

    Raises:
        JobInvalid, SettingsInvalid: one of them cannot be used.
    """
    path = job_path.absolute()
    where = settings.load()
    job = job_file.load(path)
    return App(
        path,
        job,
        where,
        open_store(where.store or str(path.parent / "store")),
        say=say,
        track=track,
    )
