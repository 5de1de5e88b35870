"""Beliefs: what is expected of each row of a batch before people are asked about it.

From answers to earlier questions, where there are enough of them: the mean loss of the
answered rows with the same predicted class and about the same score. Else from the model's
own probabilities, or for numbers from the errors on its hold-out. Else the worst case: each
row is as likely right as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from pipelines.columns.buffers import Bools, Floats
from pipelines.sampling.population import GRID, MISSING, Population

Basis = Literal["worst case", "scores", "answers"]
ENOUGH = 30  # answers, without which they tell less than the model does
_OF_CLASS = 20  # answers to rows predicted as a class, without which the model tells more of it
_OF_GROUP = 8  # answers of a predicted class, without which it is taken for any class
_BINS = 5  # of scores, with 20 answers each at least
_PER_BIN = 20


@dataclass(frozen=True, slots=True)
class ExpectedLoss:
    """The expected loss of each row, its square and its cube, as arrays (n,)."""

    first: Floats
    second: Floats
    third: Floats

    @classmethod
    def of_shares(cls, chance: Floats) -> ExpectedLoss:
        """Return those of losses that are 0 or 1, 1 with this chance (n,)."""
        return cls(chance, chance, chance)


@dataclass(frozen=True, slots=True)
class AnsweredRows:
    """Rows that people answered, as arrays (A,).

    Attributes:
        group: the text of the predicted class, empty for numbers.
        score: the probability of it, or the predicted number; NaN where missing.
        weight: the rows that each was drawn for.
        loss: what is averaged: whether the row is right, or of a class, or the error.
    """

    group: Sequence[str]
    score: Floats
    weight: Floats
    loss: Floats

    @classmethod
    def of_class(cls, facts: Evidence, class_: str | None) -> AnsweredRows:
        """Return whether each answered row is of a class; None: whether its prediction is right."""
        answers, labels = facts.answers, facts.labels
        if class_ is None:
            is_so = answers.label == facts.drawn.label[answers.row]
        else:
            code = labels.index(class_) if class_ in labels else len(labels)
            is_so = answers.label == code
        return cls._of(facts, mean_over_people(facts, is_so), facts.drawn.score)

    @classmethod
    def of_errors(cls, facts: Evidence) -> AnsweredRows:
        """Return how far above the answer each answered prediction is."""
        away = facts.drawn.value[facts.answers.row] - facts.answers.number
        return cls._of(facts, mean_over_people(facts, away), facts.drawn.value)

    @classmethod
    def _of(cls, facts: Evidence, loss: Floats, score: Floats) -> AnsweredRows:
        known = ~np.isnan(loss)
        labels = [facts.labels[code] if code >= 0 else "" for code in facts.drawn.label[known]]
        weight = facts.designed.weight[facts.drawn.stratum[known]]
        return cls(labels, score[known], weight, loss[known])

    def __len__(self) -> int:
        return len(self.loss)


def chance_right(population: Population, answered: AnsweredRows) -> tuple[ExpectedLoss, Basis]:
    """Return how likely each prediction is right.

    Args:
        population: the rows of a batch, n of them.
        answered: rows that were answered, with whether each was right.

    Returns:
        ExpectedLoss (n,), and what they rest on.
    """
    if len(answered) >= ENOUGH:
        return ExpectedLoss.of_shares(_as_answered(population, answered)), "answers"
    scores = _scores(population)
    if np.isnan(scores).all():
        return ExpectedLoss.of_shares(np.full(len(population), 0.5)), "worst case"
    return ExpectedLoss.of_shares(np.where(np.isnan(scores), 0.5, scores)), "scores"


def chance_of_class(
    population: Population, class_: str, answered: AnsweredRows, chances: Floats | None
) -> tuple[ExpectedLoss, Basis]:
    """Return how likely each row is of a class.

    Args:
        population: the rows of a batch, n of them.
        class_: the class.
        answered: rows that were answered, with whether each was of the class.
        chances: the model's probability of the class (n,), where it is kept.

    Returns:
        ExpectedLoss (n,), and what they rest on.
    """
    predicted = population.labels.holds(class_)
    of_it = sum(group == class_ for group in answered.group)
    if len(answered) >= ENOUGH and of_it >= _OF_CLASS:
        return ExpectedLoss.of_shares(_as_answered(population, answered)), "answers"
    if chances is not None:
        return ExpectedLoss.of_shares(np.where(np.isnan(chances), chances[~np.isnan(chances)].mean(), chances)), "scores"  # fmt: skip
    scores = _scores(population)
    share = predicted.sum() / max((~predicted).sum(), 1)  # of the class to all others
    if np.isnan(scores).all():
        worst = np.where(predicted, 0.5, min(share, 1) * 0.5)
        return ExpectedLoss.of_shares(worst), "worst case"
    scores = np.where(np.isnan(scores), 0.5, scores)
    return ExpectedLoss.of_shares(np.where(predicted, scores, _rest(population, class_, scores))), "scores"  # fmt: skip


def errors_as_answered(
    population: Population, answered: AnsweredRows, loss: Callable[[Floats], Floats]
) -> ExpectedLoss:
    """Return the expected loss of each predicted number.

    Args:
        population: the rows of a batch, n of them.
        answered: rows that were answered, with their errors.
        loss: what is averaged, of an error: its size, its square, itself.

    Returns:
        ExpectedLoss (n,).
    """
    return ExpectedLoss(
        *(
            _as_answered(
                population,
                AnsweredRows(answered.group, answered.score, answered.weight, loss(answered.loss) ** power),
            )
            for power in (1, 2, 3)
        )
    )  # fmt: skip


def errors_as_held_out(rows: int, mae: float, rmse: float) -> dict[str, ExpectedLoss]:
    """Return the expected losses of predicted numbers from the errors on a hold-out.

    Args:
        rows: n.
        mae: mean absolute error on the hold-out.
        rmse: root of the mean squared error there.

    Returns:
        ExpectedLoss (n,) by metric, higher ones as of a normal distribution.
    """
    square = rmse**2

    def same(*values: float) -> ExpectedLoss:
        return ExpectedLoss(*(np.full(rows, value) for value in values))

    return {
        "mae": same(mae, square, 2 * mae * square),
        "rmse": same(square, 3 * square**2, 15 * square**3),
        "bias": same(0.0, square, 0.0),
    }


def _scores(population: Population) -> Floats:
    points = population.scores
    return np.where(points == MISSING, np.nan, points / GRID)


def _rest(population: Population, class_: str, scores: Floats) -> Floats:
    """Divide what a row's own class leaves among the others, as often as each is predicted."""
    labels = population.labels
    counts = np.bincount(labels.codes, minlength=len(labels.values)).astype(np.float64)
    mine = counts[labels.values.index(class_)] if class_ in labels.values else 0.0
    others = np.maximum(counts.sum() - counts[labels.codes], 1)
    return (1 - scores) * np.minimum(mine / others, 1)


def _as_answered(population: Population, answered: AnsweredRows) -> Floats:
    """Return the mean loss of answered rows of the same class and about the same score: (n,)."""
    everyone = _mean(answered, np.ones(len(answered), np.bool_))
    points = population.grid.points
    numbers = population.grid.numbers
    score = points / GRID if numbers is None else numbers[np.maximum(points, 0)]
    believed = np.full(len(population), everyone)
    groups = np.array(answered.group, dtype=object)
    for code, name in enumerate(population.labels.values):
        rows, mine = population.labels.codes == code, groups == name
        if mine.sum() < _OF_GROUP or not rows.any():
            continue
        cuts = _cuts(score[rows], int(mine.sum()))
        at, there = np.searchsorted(cuts, score[rows]), np.searchsorted(cuts, answered.score)
        means = [_mean(answered, mine & (there == place), toward=_mean(answered, mine)) for place in range(len(cuts) + 1)]  # fmt: skip
        believed[rows] = np.array(means)[at]
    return believed


def _cuts(score: Floats, answers: int) -> Floats:
    """Return where scores are cut, so that each bin has enough answers."""
    bins = max(min(_BINS, answers // _PER_BIN), 1)
    return np.unique(np.quantile(score, np.arange(1, bins) / bins))


def _mean(answered: AnsweredRows, rows: Bools, toward: float | None = None) -> float:
    """Return the weighted mean loss of some answered rows, with one answer of another mean."""
    weight, loss = answered.weight[rows], answered.loss[rows]
    if not len(loss):
        return toward or 0.0
    if toward is None:
        return float((weight * loss).sum() / weight.sum())
    one = float(weight.mean())
    return float(((weight * loss).sum() + one * toward) / (weight.sum() + one))
