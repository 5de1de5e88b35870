"""The engine of this process: no start-up cost; a process pool where settings ask for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from pipelines.fragments import Piece
from pipelines.scoring import Outcome, Work


def run(work: Work, pieces: Sequence[Piece], *, workers: int) -> Iterator[Outcome]:
    """Score the pieces; outcomes come in their order.

    Args:
        workers: processes; 1 scores in this one.
    """
    if workers == 1 or len(pieces) < 2:
        yield from map(work.outcome, pieces)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(pieces)), context, _hold, (work,)) as pool:
        yield from pool.map(_outcome, pieces)


_held: list[Work] = []  # one per worker process, so that its scorer is opened once


def _hold(work: Work) -> None:
    _held[:] = [work]


def _outcome(piece: Piece) -> Outcome:
    return _held[0].outcome(piece)
