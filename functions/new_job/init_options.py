"""The options of `recheck init`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InitOptions:
    """The options of `recheck init`."""

    data: str
    target: str | None = None
    predicted: str | None = None
    score: str | None = None
    answers: tuple[str, ...] = ()
    number: bool = False
    key: tuple[str, ...] = ()
    time: str | None = None
    batch_by: str | None = None
    known_after: tuple[str, ...] = ()
    show: tuple[str, ...] = ()  # the columns that people see; without any, they are chosen
    question: str | None = None
    seed: str | None = None  # of the draws; random without one
    dry_run: bool = False
