"""One history: a job begins, random moves follow, and at the end all is settled and counted anew."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fixtures.world import Told
from tests.histories import answering, input_moves
from tests.histories.checker import answered, estimated, kept, scored
from tests.histories.checker.check import violations
from tests.histories.checker.stored import Row, Stored
from tests.histories.console import DONE, Console
from tests.histories.ground import JOB, SEED, Ground, begun

_CALM, _STEP = 0.4, 0.4  # shares of commands that live, and that die at a step; others die any time
_SCORED = 0.7  # of histories that begin with a draw
_MOST_STEPS = 30  # of a command, nearly always
_SCORES = ("score", "run")
_HOURS = (-72, -2, -0.01, 0, 0, 1.5, 30)


@dataclass
class History:
    """A job with its past."""

    ground: Ground
    console: Console
    said: list[tuple[str, list[Row]]] = field(default_factory=list)  # as_of, estimates
    found: list[str] = field(default_factory=list)

    @property
    def rng(self) -> random.Random:
        """Whatever is left to chance is decided by it."""
        return self.ground.rng

    def stored(self, store: Path | None = None) -> Stored:
        """Return the tables, to be read anew."""
        return Stored(store or self.ground.store, JOB, SEED)

    def words(self, command: str, *options: object) -> list[str]:
        """Return a command line."""
        return [command, str(self.ground.job), *map(str, options), "--json"]

    def check(self) -> None:
        """Look for whatever broke."""
        self.found += violations(self.stored())

    def begin(self) -> None:
        """Make the job, and bring it to its first answers."""
        self.console.answer([*self.ground.words_of_init(), "--json"])
        self.ground.settle_job(self.rng.choice((12, 25, 40)))
        if self.ground.kind == "model":
            self.console.answer(self.words("fit"))
        if self.rng.random() < _SCORED:
            for command in ("score", "sample", "push"):
                self.console.answer(self.words(command))

    def move(self) -> None:
        """Do one thing."""
        kind = self.rng.random()
        if kind < 0.25:
            change = self.rng.choice(input_moves.MOVES)
            self.console.log.append(change.__name__)
            change(self.ground)
            self.ground.write()
        elif kind < 0.35:
            self.console.log.append("people answer")
            answering.in_label_studio(self.ground, self.console)
        elif kind < 0.43:
            self._disturb()
        elif kind < 0.53:
            self.console.race(self._command(), self._command())
            self.check()
        else:
            self._run()

    def _disturb(self) -> None:
        """Move the clock, put an old note back, or delete locks or notes."""
        what = self.rng.randrange(4)
        if what == 0:
            self.console.away = 3600.0 * self.rng.choice(_HOURS)
            self.console.log.append(f"the clock is off by {self.console.away} s")
        elif what == 3:
            note = self.ground.store / "notes" / "last-commit"
            if note.exists():
                old = datetime.fromisoformat(note.read_text()) - timedelta(
                    hours=self.rng.choice((1, 90))
                )
                note.write_text(old.isoformat())
                self.console.log.append(f"the note of the last commit says {old}")
        else:
            name = ("locks", "notes")[what - 1]
            self.console.log.append(f"{name} are deleted")
            shutil.rmtree(self.ground.store / name, ignore_errors=True)

    def _run(self) -> None:
        words, fate = self._command(), self.rng.random()
        if fate < _CALM:
            told = self._scoring(words) if words[0] in _SCORES else self.console.run(words)
            if told and words[0] == "errors" and told.code in DONE:
                said, batches = told.answer["errors"], kept.named(words, "--batch")
                self.found += answered.wrong_rows_are_right(self.stored_now(), said, batches)
            if told and words[0] == "estimate" and told.code in DONE:
                self._remember(told.answer["estimates"])
            if self.rng.random() < 0.3:
                self.check()
        elif fate < _CALM + _STEP:
            self.console.run(words, kill_at=1 + int(_MOST_STEPS * self.rng.random() ** 2))
            self.check()
        else:
            self.console.run(words, kill_after=self.rng.uniform(0.01, 0.4))
            self.check()

    def score_by_itself(self) -> None:
        """Score without any option."""
        self._scoring(self.words("score"))

    def _scoring(self, words: list[str]) -> Told | None:
        """Run a command that scores; nothing may change that it was not asked for."""
        ground, now = self.ground, self.stored_now()
        first, trained_on = ground.value_of("batches", "from"), kept.trained_on(now)
        asked = kept.Asked(words, ground.replaces_by_itself, first, trained_on)
        before = scored.live_attempts(now)
        told = self.console.run(words)
        now = self.stored_now()
        after = scored.live_attempts(now)
        self.found += kept.others_are_kept(asked, ground.batches, before, after)
        if told and told.code in DONE:
            self.found += kept.wanted_are_scored(asked, ground.batches, after)
            if asked.replaces:
                fresh = {batch: ground.batches[batch] for batch in asked.wanted(ground.batches)}
                self.found += scored.rows_are_those_of_the_input(now, fresh, ground.said)
        return told

    def _remember(self, estimates: Sequence[Row]) -> None:
        """Keep what was said, to be asked for again as of then."""
        self.found += estimated.counts_are_right(self.stored_now(), estimates)
        if estimates:
            self.said.append((max(one["as_of"] for one in estimates), list(estimates)))

    def stored_now(self) -> Stored:
        """Return the tables, read anew."""
        self.check()
        return self.stored()

    def _command(self) -> list[str]:
        """Return any command with any options."""
        makers: dict[str, Callable[[], list[str]]] = {
            "score": self._score,
            "sample": self._sample,
            "push": lambda: self.words("push"),
            "train": lambda: self.words("push", "--purpose", "train"),
            "pull": lambda: self.words("pull"),
            "file": self._file,
            "estimate": lambda: self.words("estimate"),
            "report": lambda: self.words("report"),
            "run": self._every_step,
            "errors": lambda: self.words("errors", *self._some_batch()),
            "status": lambda: self.words("status"),
            "query": lambda: ["query", "from labels", "--job", str(self.ground.job), "--json"],
            "doctor": lambda: self.words("doctor"),
            "fit": lambda: self.words("fit"),
        }
        weights = (
            5,
            5,
            3,
            0.5,
            4,
            4,
            4,
            1,
            4,
            1,
            1,
            0.5,
            1,
            1 if self.ground.kind == "model" else 0,
        )
        [name] = self.rng.choices(list(makers), weights)
        return makers[name]()

    def _some_batch(self) -> list[str]:
        if self.rng.random() < 0.7:
            return []
        return ["--batch", self.rng.choice([*self.ground.batches, "no such batch"])]

    def _every_step(self) -> list[str]:
        if self.rng.random() < 0.5:
            return self.words("run", *self._some_batch())
        return self.words("run", "--since", self.rng.choice(sorted(self.ground.batches)))

    def _score(self) -> list[str]:
        replace = ["--replace"] if self.rng.random() < 0.5 else []
        return self.words("score", *self._some_batch(), *replace)

    def _sample(self) -> list[str]:
        chance = self.rng.random()
        options: list[object] = []
        if chance < 0.3:
            options = ["--budget", self.rng.choice((5, 15, 30, 60, 500))]
        elif chance < 0.5:
            options = ["--redraw", "another try", *options]
        return self.words("sample", *self._some_batch(), *options)

    def _file(self) -> list[str]:
        chance, folder = self.rng.random(), self.ground.folder
        earlier = sorted(folder.glob("answers-*.csv"))
        if chance < 0.1:
            path = answering.odd_file(self.ground)
        elif chance < 0.4 and earlier:
            path = self.rng.choice(earlier)
        else:
            path = answering.file_of_some(self.ground)
        return self.words("pull", "--file", path)


def new(folder: Path, seed: str, kind: str | None = None) -> History:
    """Make the input of a history.

    Args:
        folder: a new one.
        seed: decides all that chance decides.
        kind: of `ground.KINDS`; None for any.
    """
    rng = random.Random(seed)  # noqa: S311 - chance, not a secret
    return History(begun(folder, rng, kind), Console(folder))


def live(history: History, moves: tuple[int, int]) -> None:
    """Let a history happen up to its last move, and look at it often.

    Args:
        history: a new one.
        moves: how many, at least and at most.
    """
    history.begin()
    for _ in range(history.rng.randint(*moves)):
        history.move()
    history.check()


def told(history: History) -> dict[str, Any]:
    """Return what a history says of itself, as JSON can hold it."""
    return {
        "violations": [*history.console.broken, *history.found],
        "commands": len([line for line in history.console.log if "->" in line]),
        "kills": sum(line.endswith("killed") for line in history.console.log),
        "log": history.console.log,
    }
