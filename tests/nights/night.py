"""One night: a file arrives, something may go wrong, `recheck run` does what it can, people answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.world import Told
from tests.histories.answering import say
from tests.histories.checker import drawn, scored
from tests.histories.checker.stored import Stored
from tests.histories.console import CODES, DONE
from tests.nights.troubles import Trouble
from tests.nights.watch import Watch

_ANSWERED = 0.6  # of the open questions, each day


@dataclass(frozen=True)
class Night:
    """What a night did and cost."""

    job: str
    number: int
    trouble: str
    code: int  # of the last `run`
    wall: float  # seconds, of every try
    cpu: float  # seconds, as the table `runs` has them
    asked: int  # new tasks
    published: int  # batches, in all
    store: int  # bytes
    files: int  # in the store


def happen(watch: Watch, trouble: Trouble) -> Night:
    """Let a night happen, and look for what it lost.

    Args:
        watch: takes what was found.
        trouble: goes wrong.
    """
    ground, history = watch.ground, watch.history
    watch.mend()
    ground.add_night()
    ground.write_night(watch.tonight)
    trouble(watch)
    history.console.log.append(f"night {watch.tonight}: {trouble.__name__}")
    tasks, spent, began = _tasks(watch), _cpu(history.stored_now()), time.perf_counter()
    told = _run(watch)
    wall = time.perf_counter() - began
    now = history.stored_now()
    if told:
        history.found += [f"night {watch.tonight}: {words}" for words in _lost(watch, told, now)]
    _answer(watch)
    held = [path for path in ground.store.rglob("*") if path.is_file()]
    return Night(
        ground.form,
        watch.tonight,
        trouble.__name__,
        told.code if told else -1,
        wall,
        _cpu(now) - spent,
        len(_tasks(watch) - tasks),
        len(scored.live_attempts(now)),
        sum(map(_size, held)),
        len(held),
    )


def _run(watch: Watch) -> Told | None:
    """Do what the scheduler does: try, and again where a try died."""
    words, console = watch.history.words("run"), watch.history.console
    if watch.kill_at or watch.kill_after:
        console.run(words, kill_at=watch.kill_at, kill_after=watch.kill_after)
    return console.run(words)


def _lost(watch: Watch, told: Told, now: Stored) -> Iterator[str]:
    """Yield what a run should have done and has not."""
    if told.code not in CODES or (told.code in DONE) != watch.is_quiet:
        yield f"it ended with {told.code}, and {'nothing' if watch.is_quiet else 'something'} is wrong"
    if "steps" not in told.answer:
        yield "it does not tell its steps"
    good = _good(watch)
    published = scored.live_attempts(now)
    yield from (f"{batch} is not published" for batch in sorted(good - {*published}))
    yield from (f"{batch} is published" for batch in sorted(watch.missing & {*published}))
    inputs = {batch: watch.ground.batches[batch] for batch in good & {*published}}
    yield from scored.rows_are_those_of_the_input(now, inputs, watch.ground.said)
    yield from (f"{batch} was not drawn from" for batch in sorted(good - {*drawn.current(now)}))
    if not watch.is_away:
        yield from _unasked(watch, now, good)
        yield from _unheard(watch, now)


def _good(watch: Watch) -> set[str]:
    """Return the batches that a run must have published, as their files are now."""
    first = watch.ground.value_of("batches", "from") or ""
    wrong = watch.bad | watch.missing | watch.changed
    return {batch for batch in watch.ground.batches if batch >= first} - wrong


def _unasked(watch: Watch, now: Stored, batches: set[str]) -> Iterator[str]:
    """Yield drawn rows that have no task, or several."""
    with watch.history.console.server.held() as server:
        there = Counter(
            (task["meta"]["prediction_id"], task["meta"]["shown_digest"])
            for task in server.board.values()
        )
    for batch, rows in drawn.current(now).items():
        for row in rows if batch in batches else ():
            many = there[row["prediction_id"], row["shown_digest"]]
            if many != 1:
                yield f"{batch}, {row['key']}: {many} tasks"


def _unheard(watch: Watch, now: Stored) -> Iterator[str]:
    """Yield answers that people gave and the tables lack."""
    rows = [row for row in now.rows("annotations") if row["state"] == "valid"]
    held = {(row["prediction_id"], _spelled(watch, row["answer"])) for row in rows}
    for name, answer in watch.said:
        if (name, _spelled(watch, answer)) not in held:
            yield f"the answer {answer} to {name} is lost"


def _spelled(watch: Watch, answer: str) -> str:
    """Return an answer in one spelling: 0 is -0.0, too."""
    return repr(float(answer) + 0.0) if watch.ground.is_of_numbers else answer


def _answer(watch: Watch) -> None:
    """Let people answer most of the open questions."""
    ground, known = watch.ground, watch.ground.ids()
    with watch.history.console.server.held() as server:
        for task in list(server.board.values()):
            row = known.get(str(task["data"].get("prediction_id")))
            if row and not task["annotations"] and ground.rng.random() < _ANSWERED:
                answer = ground.truth(*row)
                say(ground, server, task, answer, ground.rng.randint(1, 3))
                watch.said.append((task["data"]["prediction_id"], answer))


def _tasks(watch: Watch) -> set[int]:
    with watch.history.console.server.held() as server:
        return {*server.board}


def _cpu(now: Stored) -> float:
    return sum(row["cpu_seconds"] or 0.0 for row in now.rows("runs"))


def _size(path: Path) -> int:
    return path.stat().st_size
