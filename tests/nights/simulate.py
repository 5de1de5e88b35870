"""Simulated nights of four jobs, each night with something that goes wrong, looked at by code of its own.

    make nights NIGHTS=30 SEED=any-text

Each night a file arrives and `recheck run` is called, as a scheduler does. Files are
late, doubled, corrected, renamed, empty, truncated or foreign, Label Studio is away,
the run is killed, the clock is wrong; the day after, people mend it and answer. Every
night, what its good files hold must be published, drawn from and asked about once, and
every answer must be in the tables. After the last, all is settled twice and `doctor`
has nothing to say. The table at the end shows what each night cost.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.histories.console import Console
from tests.histories.history import History
from tests.histories.settling import settle
from tests.nights.delivered import JOBS, begun
from tests.nights.night import Night, happen
from tests.nights.troubles import TROUBLES, Trouble
from tests.nights.watch import Watch

_BUDGET = {"days": 12, "hours": 4, "elsewhere": 10, "texts": 8}  # questions of a batch
_HEADER = (
    "job",
    "night",
    "trouble",
    "code",
    "wall s",
    "cpu s",
    "asked",
    "batches",
    "store kB",
    "files",
)


@dataclass(frozen=True)
class Nights:
    """The nights of one job, and what went wrong without a reason."""

    nights: Sequence[Night]
    violations: Sequence[str]
    log: Sequence[str]


def nights_of(
    job: str, count: int, seed: str, changes: Sequence[Callable[[], None]] = ()
) -> Nights:
    """Let the nights of one job happen.

    Args:
        job: of `JOBS`.
        count: how many nights.
        seed: decides all that is left to chance.
        changes: of the product, to see what is found.
    """
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    history, nights = None, list[Night]()
    try:
        ground = begun(folder / "job", job, random.Random(f"{seed}/{job}"))  # noqa: S311 - chance
        history = History(ground, Console(ground.folder))
        watch = Watch(ground, history, changes)
        _begin(history, job, ground.nights[0] + ground.nights[1])
        nights += [happen(watch, trouble) for trouble in _schedule(job, count)]
        watch.mend()
        settle(history)
        found = [*history.console.broken, *history.found]
    except Exception:  # noqa: BLE001 - nights that break the checker are a violation, too
        found = [traceback.format_exc()]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Nights(nights, found, history.console.log if history else [])


def _begin(history: History, job: str, learned: Sequence[str]) -> None:
    """Make the job; a model of its own learns from the nights before."""
    ground, console = history.ground, history.console
    console.answer([*ground.words_of_init(), "--json"])
    ground.settle_job(_BUDGET[job])
    if ground.kind == "model":
        named = [word for batch in learned for word in ("--batch", batch)]
        console.answer(history.words("fit", *named))


def _schedule(job: str, count: int) -> Iterator[Trouble]:
    """Yield what goes wrong each night: every trouble in turn, each job begins elsewhere."""
    first = JOBS.index(job) * (len(TROUBLES) // len(JOBS) + 1)
    return (TROUBLES[(first + night) % len(TROUBLES)] for night in range(count))


def _line(night: Night) -> list[str]:
    return [
        night.job, str(night.number), night.trouble.replace("_", " "), str(night.code),
        f"{night.wall:.1f}", f"{night.cpu:.2f}", str(night.asked), str(night.published),
        str(night.store // 1000), str(night.files),
    ]  # fmt: skip


def table(nights: Sequence[Night]) -> str:
    """Return the nights as a table that people can read."""
    rows = [[*_HEADER], *map(_line, nights)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main() -> int:
    """Print what was lost, and what each night cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--jobs", nargs="+", default=JOBS, choices=JOBS)
    options = parser.parse_args()
    print(f"{options.nights} nights of seed {options.seed}", flush=True)  # noqa: T201
    lost = 0
    for job in options.jobs:
        done = nights_of(job, options.nights, options.seed)
        lost += len(done.violations)
        if done.violations:
            print("\n".join([*done.log, "", *done.violations[:20]]), flush=True)  # noqa: T201
        print(table(done.nights), flush=True)  # noqa: T201
    print(f"{lost} things lost or wrong")  # noqa: T201
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
