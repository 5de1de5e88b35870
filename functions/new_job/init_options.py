"""The options of `recheck init`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from infra.clouds import is_remote
from infra.databases import DELTA, is_table


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
    query: str | None = None  # of a database
    batch_by: str | None = None
    known_after: tuple[str, ...] = ()
    show: tuple[str, ...] = ()  # the columns that people see; without any, they are chosen
    question: str | None = None
    seed: str | None = None  # of the draws; random without one
    dry_run: bool = False


def address_from(folder: Path, data: str) -> str:
    """Return where the data is, as a job file in a folder says it; what is relative starts at the current folder.

    >>> (
    ...     address_from(Path("/jobs/a"), "delta:/lake/mails"),
    ...     address_from(Path("/jobs/a"), "sql:lake"),
    ... )
    ('delta:../../lake/mails', 'sql:lake')
    """
    kind = DELTA if data.startswith(DELTA) else ""
    place = data.removeprefix(kind)
    if is_remote(place) or (is_table(data) and not kind):
        return data
    return kind + os.path.relpath(Path.cwd() / place, folder)
