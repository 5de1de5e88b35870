"""One job over its nights: what stands wrong for now, and what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.histories.history import History
from tests.nights.delivered import Delivered


@dataclass
class Watch:
    """A job, and whatever will be mended before its next night."""

    ground: Delivered
    history: History
    changes: Sequence[Callable[[], None]] = ()  # of the product, by a test of the nights
    bad: set[str] = field(default_factory=set)  # batches whose file cannot be used
    missing: set[str] = field(default_factory=set)  # batches without rows, for now
    changed: set[str] = field(default_factory=set)  # batches that somebody has to look at
    has_stranger: bool = False  # a file that is no data
    is_away: bool = False  # Label Studio
    kill_at: int = 0  # a step of the first try, from 1
    kill_after: float = 0.0  # seconds
    said: list[tuple[str, str]] = field(default_factory=list)  # prediction id, answer
    mending: list[Callable[[], None]] = field(default_factory=list)

    @property
    def tonight(self) -> int:
        """The number of the night that is delivered now."""
        return len(self.ground.nights) - 1

    @property
    def batches(self) -> list[str]:
        """The batches that are delivered tonight."""
        return self.ground.nights[-1]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is wrong that a run could tell."""
        return not (self.bad or self.has_stranger or self.is_away)

    def mend(self) -> None:
        """Do what people do during the day: files are right, and Label Studio and the clock are back."""
        for step in self.mending:
            step()
        self.mending = []
        self.bad, self.missing, self.changed = set(), set(), set()
        self.has_stranger = self.is_away = False
        self.kill_at, self.kill_after = 0, 0.0
        self.history.console.changes, self.history.console.away = (*self.changes,), 0.0
