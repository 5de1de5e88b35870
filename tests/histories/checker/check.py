"""All rules that hold at any time, whatever was killed, raced, lost or changed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.histories.checker import answered, drawn, estimated, scored, stored
from tests.histories.checker.stored import Stored

ALWAYS = (
    scored.one_attempt_each,
    scored.ids_are_unique,
    drawn.draws_are_as_designed,
    drawn.probabilities_are_as_designed,
    drawn.draws_are_of_the_whole_batch,
    drawn.class_draws_are_by_probability,
    answered.answers_count_once,
    estimated.figures_are_stored_once,
)


def violations(of: Stored) -> Iterator[str]:
    """Read the store anew, and yield whatever breaks a rule."""
    stored.forget()
    for rule in ALWAYS:
        for words in rule(of):
            yield f"{rule.__name__}: {words}"
