"""Random histories of a job, each checked by code that knows nothing of the product.

    make histories N=300 SEED=any-text
    make histories N=1 SEED=any-text FIRST=17      # number 17 of them again

A history is a few batches and 8 to 16 random moves: commands, changes of the
input, of answers and of the job file, two commands at once, kills between any two
steps and at any moment, other clocks, deleted locks and notes. At the end, all
that is due is done twice. The second time nothing may change, and every number
must be what the input, the answers and the tables give.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

MOVES = (8, 16)


def one(seed: str, moves: tuple[int, int] = MOVES) -> dict[str, Any]:
    """Let one history happen; return what it did and what broke."""
    # here, since every process of a command imports this module again
    from tests.histories.history import live, new, told
    from tests.histories.settling import settle

    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    try:
        history = new(folder / "history", seed)
        live(history, moves)
        settle(history)
        return told(history)
    except Exception:  # noqa: BLE001 - a history that breaks the checker is a violation, too
        return {"violations": [traceback.format_exc()], "commands": 0, "kills": 0, "log": []}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def every(seeds: Sequence[str], moves: tuple[int, int] = MOVES) -> Iterator[dict[str, Any]]:
    """Yield the result of each seed, in order; as many at once as there are cores."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context) as pool:
        yield from pool.map(one, seeds, [moves] * len(seeds))


def main() -> int:
    """Print what broke, and how to repeat it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--moves", type=int, nargs=2, default=MOVES, help="of each, from and to")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.count)
    commands = kills = broken = 0
    print(f"{options.count} histories of seed {options.seed}", flush=True)  # noqa: T201
    for number, result in zip(
        numbers,
        every([f"{options.seed}/{number}" for number in numbers], tuple(options.moves)),
        strict=True,
    ):
        commands, kills = commands + result["commands"], kills + result["kills"]
        if result["violations"]:
            broken += 1
            lines = ["", *result["log"], "", *result["violations"][:10]]
            again = f"make histories N=1 SEED={options.seed} FIRST={number}"
            lines += [f"{again} MOVES='{options.moves[0]} {options.moves[1]}'"]
            print("\n".join(lines), flush=True)  # noqa: T201
        if (number + 1) % 20 == 0:
            print(f"{number + 1}: {commands} commands, {kills} kills, {broken} broken", flush=True)  # noqa: T201
    print(f"{commands} commands, {kills} kills, {broken} histories with a violation")  # noqa: T201
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
