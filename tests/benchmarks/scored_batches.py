"""Batches that are made from a seed, with the probability of every class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Floats
from tests.fixtures.replays import KnownBatch


@dataclass(frozen=True)
class Scored:
    """How to make a batch whose scores are those of Bayes' rule, or lean from them.

    Attributes:
        seed: of the chance.
        shares: of the classes.
        sharp: how far apart the classes lie, in standard deviations.
        sure: what log odds are multiplied by: 1 is calibrated, more is too sure.
        alike: the share of the last class that looks like the first.
        rows: of the batch.
    """

    seed: int
    shares: tuple[float, ...]
    sharp: float
    sure: float = 1.0
    alike: float = 0.0
    rows: int = 20_000

    @property
    def name(self) -> str:
        """Words for it."""
        rarest = f"{len(self.shares)} classes, {self.shares[-1]:.0%} the rarest"
        sure = {1.0: "calibrated"}.get(self.sure, f"log odds times {self.sure:g}")
        alike = f", {self.alike:.0%} of it looks like another" if self.alike else ""
        return f"{rarest}{alike}, {sure}"

    def made(self) -> KnownBatch:
        """Make it."""
        rng = np.random.default_rng(self.seed)
        many = len(self.shares)
        truth = rng.choice(many, self.rows, p=self.shares)
        is_hidden = (truth == many - 1) & (rng.random(self.rows) < self.alike)
        seen = rng.normal(0, 1, (self.rows, many))
        seen[np.arange(self.rows), np.where(is_hidden, 0, truth)] += self.sharp
        chances = _softmax((np.log(self.shares) + self.sharp * seen) * self.sure)
        label = chances.argmax(axis=1)
        cohort = rng.choice(2, self.rows, p=(0.7, 0.3))
        names = tuple("abcdefgh"[:many])
        return KnownBatch(
            names, label, truth.astype(np.float64), chances.max(axis=1), cohort, chances
        )


def _softmax(odds: Floats) -> Floats:
    weights = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)
