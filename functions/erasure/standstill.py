"""A standstill of a job: no other command of it draws, asks or fetches answers meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from infra.store import Store

_WAIT = 60  # seconds for another command of the job to end
_STEPS = ("sample", "push", "pull")  # those that hold a name of their own while they work


@contextmanager
def standstill(store: Store, job: str) -> Iterator[None]:
    """Hold the names that steps of a job hold while they work.

    Raises:
        ConcurrentRun: one of them is at work.
    """
    with ExitStack() as held:
        for step in _STEPS:
            held.enter_context(store.lock(f"{step}-{job}", wait=_WAIT))
        yield
