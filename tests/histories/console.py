"""The terminal of a history: commands in processes that may be killed, raced and have odd clocks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra import clock
from tests.fixtures import crashes
from tests.fixtures.crashes import Orders
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.people import People
from tests.fixtures.shared_label_studio import Served, SharedLabelStudio
from tests.fixtures.world import Told

CODES = frozenset(range(26))  # of docs/reference/errors.md
DONE = (0, 10)  # ten: a line of an alert is crossed
_DOCTORED = 1  # a promise is broken


@dataclass(frozen=True)
class Shifted:
    """Makes a process believe in another time."""

    seconds: float

    def __call__(self) -> None:
        """Change this process."""
        away = timedelta(seconds=self.seconds)

        class Elsewhen(datetime):
            """The time somewhere else."""

            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                """Return the time there."""
                return datetime.now(tz or UTC) + away

        vars(clock)["datetime"] = Elsewhen


@dataclass
class Console:
    """Runs commands, and keeps what went against the contract of the terminal."""

    folder: Path
    broken: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    away: float = 0.0  # seconds by which the clock is off
    changes: tuple[Callable[[], None], ...] = ()  # of the product, by a test of the checker
    store: Path | None = None  # None for the one beside the job
    people: People | None = None  # at a real Label Studio; None for the one in a file

    @property
    def server(self) -> SharedLabelStudio:
        """The Label Studio of this history."""
        return SharedLabelStudio(self.folder / "labels.pickle")

    def run(
        self, words: Sequence[str], *, kill_at: int = 0, kill_after: float = 0.0
    ) -> Told | None:
        """Run a command; None where it was killed before its end."""
        orders = self._orders(kill_at=kill_at, kill_after=kill_after)
        [found] = crashes.run_all([words], [orders])
        self._note(words, found)
        if found is None and not (kill_at or kill_after):
            self.broken.append(f"{' '.join(words)}: the process died")
        return found[0] if found else None

    def race(self, *lines: Sequence[str]) -> None:
        """Run commands at the same time; before each commit they wait for each other."""
        meeting = crashes.barrier(len(lines))
        orders = [self._orders(barrier=meeting)] * len(lines)
        for words, found in zip(lines, crashes.run_all(lines, orders), strict=True):
            self._note(words, found)

    def answer(self, words: Sequence[str]) -> dict[str, Any]:
        """Run a command that must go well; return its JSON."""
        found = self.run(words)
        if found is None or found.code not in DONE:
            self.broken.append(f"{' '.join(words)} must go well, and said {found}")
            return {}
        return found.answer

    def _orders(self, **how: Any) -> Orders:
        settings = self.folder / "settings.toml"
        settings.touch()
        environment = {
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "RECHECK_SETTINGS": str(settings),
            "RECHECK_LABELSTUDIO_DIR": str(self.folder / "labelstudio"),
        }
        if self.people is None:
            environment["LABEL_STUDIO_URL"] = FakeLabelStudio.url
            environment["LABEL_STUDIO_API_KEY"] = "a-token-of-nobody"
        else:  # the server of processes may be older than these settings
            for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
                environment[name] = os.environ[name]
        if self.store:
            environment["RECHECK_STORE"] = str(self.store)
        served = () if self.people else (Served(self.server.path),)
        before = (*served, Shifted(self.away), *self.changes)
        return Orders(environment=environment, before=before, **how)

    def _note(self, words: Sequence[str], found: tuple[Told, list[str]] | None) -> None:
        line = " ".join(words)
        self.log.append(f"{line} -> {found[0].code if found else 'killed'}")
        if found is None:
            return
        told, _ = found
        if told.code not in CODES or "Traceback" in told.err:
            self.broken.append(f"{line} ended with {told.code}: {told.err[-1500:]}")
            return
        try:
            json.loads(told.out, parse_constant=_not_json)
        except ValueError as error:
            self.broken.append(f"{line}: no JSON, {error}: {told.out[:200]!r} {told.err[-500:]}")


def _not_json(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
