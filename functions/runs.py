"""Runs: the record of each step of a command, its results and its cost."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.store import Store
from pipelines.errors import RecheckError
from pipelines.models.manifest import installed
from pipelines.tables.schemas import RUNS, table_of

_LIBRARIES = ("numpy", "pyarrow", "recheck-loop", "scikit-learn")
_KILO = 1 if sys.platform == "darwin" else 1024  # unit of the peak memory that the system tells


@dataclass(frozen=True, slots=True)
class Cost:
    """The time that a process and its children have used since they began."""

    wall: float  # seconds, by a clock that only goes forward
    cpu: float  # seconds

    @classmethod
    def now(cls) -> Cost:
        """Return what was used so far."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used))

    def since(self, earlier: Cost) -> Cost:
        """Return what was used since an earlier moment."""
        return Cost(self.wall - earlier.wall, self.cpu - earlier.cpu)


def peak_memory() -> int:
    """Return the most memory that this process, or one of its children, has held, in bytes."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) * _KILO


def physical_memory() -> int:
    """Return the memory of this machine, or what this process may take of it, in bytes."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    return machine if allowed == resource.RLIM_INFINITY else min(machine, allowed)


def versions() -> dict[str, str]:
    """Return the libraries that could change a bit of the output, with their versions."""
    return installed(_LIBRARIES)


@dataclass(slots=True)
class Run:
    """The record of one step; the step adds its results."""

    step: str
    batch: str | None = None  # None where it is not of one batch
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    rows: int | None = None
    bytes: int | None = None  # of input that was read, or of the page that was written
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None  # bytes
    versions: dict[str, str] = field(default_factory=versions)
    error: str | None = None  # its code and what was wrong
    files: dict[str, dict[str, str]] | None = None  # table -> name of a file -> its digest

    @classmethod
    def of(
        cls,
        step: str,
        batches: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> Run:
        """Begin a run.

        Args:
            step: its name.
            batches: the batches that it is asked for; none for all.
            options: its other options, to be stored as JSON.

        Returns:
            The run; it is of a batch where the step is asked for a single one.
        """
        batch = batches[0] if len(batches) == 1 else None
        return cls(step, batch, inputs={"batches": list(batches), **(options or {})})

    def spent(self, cost: Cost) -> None:
        """Add the cost of the run."""
        self.seconds, self.cpu_seconds, self.peak_memory = cost.wall, cost.cpu, peak_memory()

    def record(self) -> dict[str, Any]:
        """Return the run as a row, without who ran it and when."""
        texts: tuple[str, ...] = ("inputs", "outputs", "versions")
        texts += ("files",) if self.files is not None else ()
        written = {name: json.dumps(getattr(self, name), sort_keys=True) for name in texts}
        return {name: getattr(self, name) for name in self.__slots__} | written


@dataclass(slots=True)
class RunLog:
    """The runs of one command: steps within a step are committed with it."""

    depth: int = 0
    ended: list[Run] = field(default_factory=list)

    @contextmanager
    def step(self, run: Run, *, only_failed: bool = False) -> Iterator[Run]:
        """Measure a step, and keep its run, also where it fails.

        Args:
            run: the step and its options.
            only_failed: keep it only if it fails, as for a step that keeps a run for each batch.

        Yields:
            The run, for the step to add its results.
        """
        began = Cost.now()
        self.depth += 1
        try:
            yield run
        except BaseException as error:
            run.error = words_of(error)
            raise
        finally:
            run.spent(Cost.now().since(began))
            self.depth -= 1
            if run.error or not only_failed:
                self.ended.append(run)

    def taken(self) -> list[Run]:
        """Return the runs that ended, once the outermost step is over."""
        if self.depth:
            return []
        ended, self.ended = self.ended, []
        return ended


def words_of(error: BaseException) -> str:
    """Return code and problem of an error; of an error that is not ours, its type alone."""
    if isinstance(error, RecheckError):
        return f"{error.code}: {error.problem}"
    return type(error).__name__


def keep(
    store: Store, runs: Sequence[Run], common: Mapping[str, Any], *, known_at: datetime
) -> None:
    """Append runs by one commit.

    Args:
        store: whose table.
        runs: those that ended.
        common: job, job_hash and actor of all.
        known_at: the time of the commit.
    """
    rows = [{**common, "known_at": known_at, **run.record()} for run in runs]
    store.table("runs").append(table_of(RUNS, rows))
