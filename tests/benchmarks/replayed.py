"""Replays of one batch and budget: figures of each replay, and what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labeling.estimates.metrics import Figures
from pipelines.columns.buffers import Bools, Floats, Int64s
from tests.benchmarks.measures import Coverage, coverage
from tests.fixtures.replays import Design, KnownBatch, draws, figures

Key = tuple[str, str | None]  # metric, class


@dataclass(frozen=True)
class Replayed:
    """Figures of R replays, for all rows and each of C cohorts.

    Attributes:
        design: of every replay.
        parts: value, low, high, if_wrong, if_right by metric and class: (5, 1 + C, R).
        answers: in each (1 + C, R).
        truth: of each metric (1 + C,), from a census.
        reliable: whether each figure is without a mark, for MAE and RMSE: (1 + C, R).
    """

    design: Design
    parts: dict[Key, Floats]
    answers: Int64s
    truth: dict[Key, Floats]
    reliable: dict[Key, Bools]

    def coverage(self, key: Key, domain: int = 0, enough: int = 0) -> Coverage:
        """Summarise the intervals of one metric.

        Args:
            key: metric and class.
            domain: 0 for all rows, else the cohort's code plus 1.
            enough: answers that a replay must have in the domain to count.

        Returns:
            The summary.
        """
        counts = self.answers[domain] >= enough
        value, low, high = self.parts[key][:3, domain][:, counts]
        is_share = key[0] in {"accuracy", "precision"}
        answers = self.answers[domain][counts] if key[0] == "accuracy" else None
        truth = float(self.truth[key][domain])
        return coverage(value, low, high, truth, answers if is_share else None)


def replayed(
    batch: KnownBatch,
    budget: int,
    replays: int,
    *,
    metrics: Sequence[str] = ("accuracy",),
    classes: Sequence[str] = (),
    answered: float = 1.0,
    seed: int = 0,
) -> Replayed:
    """Draw, answer and estimate many times over.

    Args:
        batch: the rows.
        budget: questions a draw.
        replays: how many.
        metrics: which.
        classes: of which precision, recall and F1 are wanted.
        answered: share of the drawn rows with an answer, at random.
        seed: of the chance.

    Returns:
        The figures.
    """
    rng = np.random.default_rng([seed, budget, int(answered * 100)])
    design = Design(batch, *batch.design(budget))
    domains = int(batch.cohort.max(initial=0)) + 2
    chunks: dict[Key, list[Floats]] = {}
    answers = []
    reliable: dict[Key, list[Bools]] = {}
    for drawn in draws(design.strata, design.allocated, rng, replays):
        given = rng.random(len(drawn.row)) < answered
        shape = (domains, drawn.replays)
        for one in figures(design.evidence(drawn, given), metrics, classes):
            chunks.setdefault(_key(one), []).append(np.stack(one.parts()[:5]).reshape(5, *shape))
            if one.reliable is not None:
                reliable.setdefault(_key(one), []).append(one.reliable.reshape(shape))
        own = np.zeros(shape, np.int64)
        np.add.at(own, (batch.cohort[drawn.row[given]] + 1, drawn.replay[given]), 1)
        own[0] = own.sum(axis=0)
        answers.append(own)
    return Replayed(
        design,
        {key: np.concatenate(parts, axis=2) for key, parts in chunks.items()},
        np.concatenate(answers, axis=1),
        _truth(batch, metrics, classes),
        {key: np.concatenate(parts, axis=1) for key, parts in reliable.items()},
    )


def _truth(batch: KnownBatch, metrics: Sequence[str], classes: Sequence[str]) -> dict[Key, Floats]:
    """Return what the figures should be, from a census of one stratum."""
    rng = np.random.default_rng(0)
    design = Design(batch, *batch.design(len(batch.label)))
    (drawn,) = draws(design.strata, design.strata.sizes, rng, 1)
    evidence = design.evidence(drawn, np.ones(len(drawn.row), np.bool_))
    return {_key(one): one.intervals.value for one in figures(evidence, metrics, classes)}


def _key(one: Figures) -> Key:
    return one.metric, one.class_
