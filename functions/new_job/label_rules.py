"""`predictions.map` of a new job: other spellings of a class, and texts that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from functions.new_job.task import TaskChoice
from functions.new_job.toml_parts import inline, table_of

_NAMED = 3  # spellings in a note, of many


def map_of(choice: TaskChoice) -> Mapping[str, Any]:
    """Return the table: each text with the answer that it stands for, or with the reason for quarantine."""
    refusals = {text: inline({"quarantine": "refusal"}) for text in choice.refusals}
    return table_of({**choice.stands_for, **refusals})


def map_notes(choice: TaskChoice) -> Iterator[str]:
    """Yield what the table does, in words."""
    if choice.stands_for:
        pairs = [f"{text!r} as {answer!r}" for text, answer in choice.stands_for.items()]
        yield f"spellings are read as one, by predictions.map: {_few(pairs)}"
    if choice.refusals:
        rows = sum(choice.refusals.values())
        yield (
            f"{rows} rows hold no class and go to quarantine, by predictions.map: "
            f"{_few([repr(text) for text in choice.refusals])}"
        )


def _few(words: list[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
