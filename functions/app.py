"""What a step begins with: a job file, settings and a store, wired together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from pydantic import SecretStr

from functions.batches.discovery import JobData
from functions.name_owners import claim_name, require_own_name
from functions.runs import Run, RunLog, keep
from functions.tables import Views
from infra import clock
from infra import settings as user_settings
from infra.commit_clock import CommitClock
from infra.ports import Say
from infra.settings import Access, Settings
from infra.store import Store, open_store
from pipelines.errors import JobInvalid, RecheckError
from pipelines.job import job_file
from pipelines.job.job_file import Job
from pipelines.tables.snapshot import Tables

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


def _quiet(message: str) -> None:
    del message


def _untracked(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    del total, label
    return items


@dataclass(frozen=True)
class App:
    """A job with its settings and its store: what every step begins with.

    Only steps take it whole; what they call takes the fields that it needs.
    """

    job: Job
    settings: Settings
    store: Store
    folder: Path  # where relative paths of the job start
    file: str = "recheck.toml"  # the name of the job file, for hints
    now: Callable[[], datetime] = clock.now
    say: Say = field(default=_quiet)  # takes a line of news, for people
    track: Track = field(default=_untracked)  # a progress bar around something long
    log: RunLog = field(default_factory=RunLog)  # what the steps of this command did

    @cached_property
    def job_hash(self) -> str:
        """The digest of what the job file says."""
        return self.job.digest()

    @contextmanager
    def recording(
        self, run: Run, *, dry_run: bool = False, only_failed: bool = False
    ) -> Iterator[Run]:
        """Keep what a step did and cost as a row of `runs`, in one commit with the steps around it.

        Args:
            run: the step and its options.
            dry_run: keep nothing.
            only_failed: keep it only if it fails.

        Yields:
            The run, for the step to add its results.
        """
        if dry_run:
            yield run
            return
        claim_name(self.store, self.job, str(self.folder / self.file))
        with self.in_one_commit(), self.log.step(run, only_failed=only_failed):
            yield run

    @contextmanager
    def in_one_commit(self) -> Iterator[None]:
        """Commit the runs of all steps within at its end; where that fails, what they did stays."""
        self.log.depth += 1
        try:
            yield
        finally:
            self.log.depth -= 1
            try:
                self.keep(self.log.taken())
            except RecheckError as error:
                self.say(f"warning: this run is not in the table `runs`: {error.problem}")

    def keep(self, runs: Sequence[Run]) -> None:
        """Commit runs, if there are any."""
        if runs:
            with self.committing() as moment:
                self.keep_at(moment, runs)

    def keep_at(self, moment: datetime, runs: Sequence[Run]) -> None:
        """Commit runs at a time of `committing`, before what depends on their record."""
        common = {"job": self.job.name, "job_hash": self.job_hash, "actor": self.settings.actor}
        keep(self.store, runs, common, known_at=moment)

    def tables(self) -> Tables:
        """Return a new snapshot of the job's tables."""
        return self.store.tables(self.job.name)

    def views(self) -> Views:
        """Return the views over a new snapshot of the job's tables."""
        return Views(self.tables(), self.job)

    @cached_property
    def data(self) -> JobData:
        """The data files of the job."""
        return JobData(self.job, self.folder, self.store, self.say, self.settings.databases)

    @cached_property
    def label_studio(self) -> Access | None:
        """The Label Studio that settings name, else the one that runs on this machine.

        A key of the settings opens either.

        Raises:
            LabelStudioUnreachable: one runs on this machine and does not answer.
        """
        url, key = self.settings.label_studio_url, self.settings.label_studio_api_key
        if url:
            return Access(url, key) if key else None
        return self._label_studio_here(key)

    def _label_studio_here(self, key: SecretStr | None) -> Access | None:
        from labeling.labelstudio.local import server
        from labeling.labelstudio.local.installation import default_home

        running = server.found(default_home(os.environ))
        if running is None:
            return None
        whose = ", with the key of LABEL_STUDIO_API_KEY" if key else ""
        self.say(
            f"using the Label Studio that `recheck labelstudio up` started here: {running.url}{whose}"
        )
        return Access(running.url, key or SecretStr(running.token))

    def alone(self, name: str, *, wait: float, dry_run: bool) -> AbstractContextManager[None]:
        """Hold a name against other processes; a dry run holds nothing, for it may only read.

        Args:
            name: what is held.
            wait: seconds to wait for another holder.
            dry_run: whether nothing will be changed.

        Returns:
            The lock, for a `with`.
        """
        return nullcontext() if dry_run else self.store.lock(name, wait=wait)

    def committing(self) -> AbstractContextManager[datetime]:
        """Hold the right to commit, at a time that is later than every earlier commit's."""
        return self._commit_clock.committing()

    @cached_property
    def _commit_clock(self) -> CommitClock:
        return CommitClock(self.store, self.now, self.say)


def open_app(
    job: Path | str | Job,
    *,
    settings: Settings | None = None,
    say: Say = _quiet,
    track: Track = _untracked,
) -> App:
    """Read the job file and the settings, and open the store.

    Args:
        job: the path or `file:` URL of a job file; or a job without a file,
            whose relative paths and store start at the current folder.
        settings: by default, those of the settings file and the environment.
        say: takes a line of news.
        track: wraps what takes long, for a progress bar.

    Returns:
        The job, with its settings and its store.

    Raises:
        JobInvalid, SettingsInvalid: one of them cannot be used, or the job's name is another's.
        StoreUnavailable: a later release wrote the store.
    """
    where = settings or user_settings.load()
    if isinstance(job, Job):
        folder, file = Path.cwd(), App.file
    else:
        path = _path(job)
        job, folder, file = job_file.load(path), path.parent, path.name
    store = open_store(where.store or str(folder / "store"))
    require_own_name(store, job)
    return App(job, where, store, folder, file, say=say, track=track)


def _path(job: Path | str) -> Path:
    if isinstance(job, Path):
        return job.absolute()
    try:
        url = urlparse(job)
    except ValueError:
        url = urlparse("no:")
    if url.scheme not in ("", "file"):
        raise JobInvalid(
            f"{job}: a job file is read from this machine only",
            fix="name a path, or pass the job itself",
        )
    return Path(unquote(url.path) if url.scheme else job).absolute()
