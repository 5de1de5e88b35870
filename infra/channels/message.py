"""A message: a title, lines of text, and the same as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel sends."""

    title: str  # one line
    lines: Sequence[str]
    record: Mapping[str, Any] = field(default_factory=dict)  # plain values and times

    @property
    def text(self) -> str:
        """The lines below each other."""
        return "\n".join(self.lines)

    def json(self) -> str:
        """Return title, text and data as one JSON object."""
        content = {"title": self.title, "text": self.text, **self.record}
        return json.dumps(content, default=_time, allow_nan=False)


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value)} is no value of a message")
