"""Simulated labelers: people who never existed, who answer late and err at a stated rate.

They stand in for people in the demo and say nothing about people. What one of
them answers, and when, is a keyed hash of (seed, question, person): the same
question gets the same answers, in any order and after any interruption.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Truth:
    """What happened to the row of one prediction, and when it was due to happen."""

    answer: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What one person does about one question."""

    person: int  # from 0
    first: str  # the answer that is given
    answer: str  # the answer that stays
    given: datetime
    corrected: datetime  # where the two differ
    seconds: float  # spent on it

    def is_corrected_by(self, today: datetime) -> bool:
        """Whether the answer that stays has replaced another one by this day."""
        return self.first != self.answer and self.corrected <= today


@dataclass(frozen=True, slots=True)
class Labelers:
    """How the simulated people behave; shares are in [0, 1]."""

    answers: tuple[str, ...]
    seed: str
    errors: Mapping[str, float]  # share of wrong answers, by the right one
    never: float = 0.05  # share of questions that nobody answers
    revised: float = 0.02  # share of answers that are wrong first, and corrected later
    lag: timedelta = timedelta(days=2)  # median time from the event to the answer
    people: int = 3

    def replies(self, prediction_id: str, truth: Truth, wanted: int = 1) -> list[Reply]:
        """Return what different people do about one question, in the order of time.

        Args:
            prediction_id: names the question.
            truth: what the right answer is.
            wanted: how many people are asked, at most `people`.

        Returns:
            One reply per person who is asked; none where nobody ever answers.

        >>> crowd = Labelers(("late", "on time"), "1", {"late": 0, "on time": 0}, never=0)
        >>> [reply.answer for reply in crowd.replies("a1", Truth("late", datetime(2013, 4, 1)))]
        ['late']
        """
        if self._draw("never", prediction_id) < self.never:
            return []
        start = int(self._draw("person", prediction_id) * self.people)
        asked = [(start + turn) % self.people for turn in range(min(wanted, self.people))]
        replies = [self._reply(prediction_id, truth, person) for person in asked]
        return sorted(replies, key=lambda reply: (reply.given, reply.person))

    def _reply(self, prediction_id: str, truth: Truth, person: int) -> Reply:
        who = f"{prediction_id}/{person}"
        wrong = self._other(truth.answer, who)
        errs = self._draw("error", who) < self.errors[truth.answer]
        hesitates = not errs and self._draw("revised", who) < self.revised
        given = truth.time + self._wait("lag", who)
        return Reply(
            person=person,
            first=wrong if errs or hesitates else truth.answer,
            answer=wrong if errs else truth.answer,
            given=given,
            corrected=given + self._wait("correction", who),
            seconds=round(4 + 40 * self._draw("seconds", who) ** 3, 1),
        )

    def _draw(self, purpose: str, who: str) -> float:
        """Return a number in [0, 1) that depends on nothing but the arguments and the seed."""
        digest = blake2b(f"{purpose}/{who}".encode(), key=self.seed.encode(), digest_size=8)
        return int.from_bytes(digest.digest()) / 2**64

    def _wait(self, purpose: str, who: str) -> timedelta:
        """Return an exponential waiting time whose median is `lag`."""
        return self.lag * -math.log2(1 - self._draw(purpose, who))

    def _other(self, answer: str, who: str) -> str:
        others = [other for other in self.answers if other != answer]
        return others[int(self._draw("other", who) * len(others))]
