"""A class of few rows: a draw in proportion asks about it too seldom."""

from __future__ import annotations

import json
from dataclasses import dataclass

RARE = 0.05  # share of the rows below which a class is one
FEW = 0.001  # share of the rows under which a class may be none


@dataclass(frozen=True, slots=True)
class RareClass:
    """A class of few rows, of which a draw can ask more."""

    name: str
    share: float  # of the rows
    has_probability: bool  # whether the job as it is written knows the class's probability

    @property
    def is_doubtful(self) -> bool:
        """Whether it has so few rows that it may be no class."""
        return self.share < FEW

    @property
    def line(self) -> str:
        """The line of [sampling] that asks more about it."""
        return f'for = {{metric = "f1", class = {json.dumps(self.name, ensure_ascii=False)}}}'

    @property
    def percent(self) -> str:
        """Its share in words, as `1.2 %`."""
        return f"{100 * self.share:.2g} %"

    @property
    def about(self) -> str:
        """What its line does, in words."""
        asked = f"asks more about {self.name!r}, {self.percent} of the rows"
        return asked if self.has_probability else f"{asked}; name its probability in [predictions]"
