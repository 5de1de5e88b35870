"""The engine of this process: no start-up cost; a process pool where settings ask for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from pipelines.errors import EngineUnavailable
from pipelines.input.fragments import Split
from pipelines.scoring.score_fragment import Outcome, Work


def run(work: Work, splits: Sequence[Split], *, workers: int) -> Iterator[Outcome]:
    """Score the splits; outcomes come in their order.

    Args:
        workers: processes; 1 scores in this one.

    Raises:
        EngineUnavailable: a worker died.
    """
    if workers == 1 or len(splits) < 2:
        yield from map(work.outcome, splits)
        return
    context = get_context("spawn")
    try:
        with ProcessPoolExecutor(min(workers, len(splits)), context, _hold, (work,)) as pool:
            yield from pool.map(_outcome, splits)
    except BrokenProcessPool as error:
        raise EngineUnavailable(
            "a worker process died, for lack of memory or by somebody's hand",
            fix="set RECHECK_WORKERS to fewer processes, then run the same command again",
        ) from error


_held: list[Work] = []  # one per worker process, so that its scorer is opened once


def _hold(work: Work) -> None:
    _held[:] = [work]


def _outcome(split: Split) -> Outcome:
    return _held[0].outcome(split)
