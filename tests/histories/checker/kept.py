"""Batches that a command leaves alone: those that nobody named, and published ones that nobody replaces."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.histories.checker.stored import Stored

Attempts = Mapping[str, set[str]]  # batch -> the attempts that wrote its files


@dataclass(frozen=True)
class Asked:
    """A command that scores, and what the job file says of it."""

    words: Sequence[str]
    replaces_by_itself: bool
    first: str | None  # the first batch that `run` takes by itself
    trained_on: Collection[str]  # the batches of the live model

    @property
    def replaces(self) -> bool:
        """Whether published batches are scored again."""
        return self.replaces_by_itself or "--replace" in self.words

    def wanted(self, batches: Collection[str]) -> set[str]:
        """Return the batches of the input that the command takes."""
        if by_name := named(self.words, "--batch"):
            return {*by_name}
        if self.words[0] != "run":
            return {*batches}
        if first := (*named(self.words, "--since"), self.first)[0]:
            return {batch for batch in batches if batch >= first}
        return {*batches} - {*self.trained_on} if len(batches) > 1 else {*batches}


def named(words: Sequence[str], option: str) -> list[str]:
    """Return the values of an option of a command line."""
    return [value for word, value in itertools.pairwise(words) if word == option]


def trained_on(stored: Stored) -> set[str]:
    """Return the batches that the live model learned from, as its package says."""
    releases = sorted(stored.rows("releases"), key=lambda row: row["known_at"])
    if not releases:
        return set()
    live = releases[-1]
    package = stored.store / "models" / live["model"] / live["version"]
    manifest = json.loads((package / "manifest.json").read_text("utf-8"))
    return {*manifest["recipe"]["training"]["batches"]}


def others_are_kept(
    asked: Asked, batches: Collection[str], before: Attempts, after: Attempts
) -> Iterator[str]:
    """Yield batches that a command scored though it should not have.

    Args:
        asked: the command.
        batches: of the input.
        before: what was published before it.
        after: what is published after it.

    Yields:
        A sentence for each.
    """
    wanted = asked.wanted(batches)
    for batch in sorted({*before, *after}):
        if before.get(batch) == after.get(batch):
            continue
        if batch not in wanted:
            yield f"{asked.words} scored {batch}, which nobody named"
        elif batch in before and not asked.replaces:
            yield f"{asked.words} replaced {batch}, which nobody asked for"


def wanted_are_scored(asked: Asked, batches: Collection[str], after: Attempts) -> Iterator[str]:
    """Yield batches that are not published though a command for them went well."""
    for batch in sorted(asked.wanted(batches) - {*after}):
        yield f"{asked.words} went well and left out {batch}"
