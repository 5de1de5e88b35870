"""The engine of this process: it starts at once, and uses a process pool where settings ask for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, ClassVar, TypeVar

from infra.settings import Settings
from pipelines.errors import EngineUnavailable
from pipelines.features.fitted import FittedStatistics
from pipelines.input.fragments import Split
from pipelines.scoring.score_fragment import Outcome, Work
from pipelines.training.rows import Reader

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Inline:
    """Works through the splits one after the other, or in a few processes."""

    name: ClassVar[str] = "inline"
    workers: int  # processes; 1 works in this one

    def score(self, work: Work, splits: Sequence[Split]) -> Iterator[Outcome]:
        """Score the splits, and yield their outcomes in their order."""
        return self._mapped(work.outcome, splits)

    def learn(self, reader: Reader, splits: Sequence[Split]) -> FittedStatistics:
        """Learn the statistics of the training rows of these splits."""
        statistics = reader.statistics()
        seen = statistics.create()
        for one in self._mapped(reader.summarize, splits):
            seen = statistics.merge(seen, one)
        return statistics.result(seen)

    def _mapped(self, task: Callable[[Split], Result], splits: Sequence[Split]) -> Iterator[Result]:
        """Yield the result of the task for each split, in their order.

        Raises:
            EngineUnavailable: a worker process died.
        """
        if self.workers == 1 or len(splits) < 2:
            yield from map(task, splits)
            return
        processes, context = min(self.workers, len(splits)), get_context("spawn")
        try:
            with ProcessPoolExecutor(processes, context, _hold, (task,)) as pool:
                yield from pool.map(_call, splits)
        except BrokenProcessPool as error:
            raise EngineUnavailable(
                "a worker process died, for lack of memory or by somebody's hand",
                fix="set RECHECK_WORKERS to fewer processes, then run the same command again",
            ) from error


def open_engine(settings: Settings) -> Inline:
    """Open the engine with the processes that settings allow and this machine has."""
    return Inline(min(settings.workers, os.cpu_count() or 1))


# One per worker process, so that what the task holds (a scorer) is opened once.
_held: list[Callable[[Split], Any]] = []


def _hold(task: Callable[[Split], Any]) -> None:
    _held[:] = [task]


def _call(split: Split) -> Any:
    return _held[0](split)
