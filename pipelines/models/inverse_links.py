"""Inverse links: from the decisions of a linear model to its answer and the probability.

A decision is the weighted sum of a row's features plus an intercept: one per
row for a binary model, one per answer and row otherwise. An inverse link turns the
decisions of a block, (K, n), into the index of the answer and its probability,
row by row: no step adds or compares across rows, and the only functions used are
+ - * / and our own exp, so the bits depend on neither machine nor batch size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from pipelines.columns.buffers import Floats, Indices
from pipelines.models.exponential import exp

Answered = tuple[Indices, Floats | None]
InverseLink = Callable[[Floats], Answered]


def sign(decisions: Floats) -> Answered:
    """Choose the second answer where the one decision is positive; no probability.

    >>> sign(np.array([[-1.0, 0.0, 2.0]]))[0].tolist()
    [0, 0, 1]
    """
    return (decisions[0] > 0).astype(np.intp), None


def sigmoid(decisions: Floats) -> Answered:
    """Invert a binary logistic regression: p = 1 / (1 + exp(-decision)) for the second answer.

    The probability of the chosen answer is 1 / (1 + exp(-|decision|)).

    >>> sigmoid(np.array([[0.0, -2.0]]))[1].round(6).tolist()
    [0.5, 0.880797]
    """
    answers, _ = sign(decisions)
    return answers, 1.0 / (1.0 + exp(-np.abs(decisions[0])))


def modified_huber(decisions: Floats) -> Answered:
    """Invert binary modified Huber loss: p = (clip(decision, -1, 1) + 1) / 2.

    Source: Zhang, Statistical behavior and consistency of classification methods
        based on convex risk minimization, JMLR 2002, appendix B.

    >>> modified_huber(np.array([[-0.5, 3.0]]))[1].tolist()
    [0.75, 1.0]
    """
    answers, _ = sign(decisions)
    return answers, (np.minimum(np.abs(decisions[0]), 1.0) + 1.0) / 2.0


def largest(decisions: Floats) -> Answered:
    """Choose the answer with the largest decision, the first of equals; no probability.

    >>> largest(np.array([[1.0, 5.0], [3.0, 5.0]]))[0].tolist()
    [1, 0]
    """
    return np.argmax(decisions, axis=0), None


def softmax(decisions: Floats) -> Answered:
    """Invert a multinomial logistic regression: exp(decision), divided by the sum over answers.

    >>> softmax(np.array([[0.0], [0.0], [0.0], [0.0]]))[1].tolist()
    [0.25]
    """
    answers, _ = largest(decisions)
    top = np.take_along_axis(decisions, answers[np.newaxis], axis=0)
    return answers, 1.0 / _sum_over_answers(exp(decisions - top))


def one_vs_rest(decisions: Floats) -> Answered:
    """Invert one logistic regression per answer, normalised to a sum of 1 over answers.

    Source: Zadrozny and Elkan, Transforming classifier scores into accurate
        multiclass probability estimates, KDD 2002.
    """
    return _normalised(decisions, _logistic(decisions))


def modified_huber_one_vs_rest(decisions: Floats) -> Answered:
    """Invert one modified Huber loss per answer, normalised to a sum of 1."""
    return _normalised(decisions, _huber(decisions))


def _logistic(decisions: Floats) -> Floats:
    return 1.0 / (1.0 + exp(-decisions))


def _huber(decisions: Floats) -> Floats:
    return (np.clip(decisions, -1.0, 1.0) + 1.0) / 2.0


def _normalised(decisions: Floats, shares: Floats) -> Answered:
    answers, _ = largest(decisions)
    total = _sum_over_answers(shares)
    best = np.take_along_axis(shares, answers[np.newaxis], axis=0)[0]
    # Where every answer has 0, none is preferred: all have the same probability.
    none = total == 0.0
    return answers, np.where(none, 1.0 / len(shares), best / np.where(none, 1.0, total))


def _sum_over_answers(shares: Floats) -> Floats:
    """Add the rows of (K, n) in their order; np.sum may choose another one."""
    total = shares[0].copy()
    for share in shares[1:]:
        total += share
    return total


def _of_both(answered: Answered) -> Floats:
    """Return the probability of both answers of a binary model, from that of the predicted one."""
    answers, probability = answered
    if probability is None:
        raise ValueError("the inverse link gives no probability")
    other = 1.0 - probability
    return np.stack([np.where(answers == code, probability, other) for code in (0, 1)])


def _divided(shares: Floats) -> Floats:
    """Divide shares (K, n) by their sum; where every answer has 0, all get the same probability."""
    total = _sum_over_answers(shares)
    none = total == 0.0
    return np.where(none, 1.0 / len(shares), shares / np.where(none, 1.0, total))


INVERSE_LINKS: Mapping[str, InverseLink] = MappingProxyType(
    {
        "sign": sign,
        "sigmoid": sigmoid,
        "modified_huber": modified_huber,
        "largest": largest,
        "softmax": softmax,
        "one_vs_rest": one_vs_rest,
        "modified_huber_one_vs_rest": modified_huber_one_vs_rest,
    }
)
"""Every inverse link of a classifier by the name that a package keeps."""

BINARY_INVERSE_LINKS = frozenset({"sign", "sigmoid", "modified_huber"})
"""Links that read one decision and choose between two answers."""

WITHOUT_PROBABILITY = frozenset({"sign", "largest"})
"""Links whose decisions order the answers but give no probability."""

CLASS_PROBABILITIES: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {
        "sigmoid": lambda decisions: _of_both(sigmoid(decisions)),
        "modified_huber": lambda decisions: _of_both(modified_huber(decisions)),
        "softmax": lambda decisions: _divided(exp(decisions - decisions.max(axis=0))),
        "one_vs_rest": lambda decisions: _divided(_logistic(decisions)),
        "modified_huber_one_vs_rest": lambda decisions: _divided(_huber(decisions)),
    }
)
"""From the decisions of a block to the probabilities of all answers, (K, n).

The probability of the predicted answer has the same bits as the inverse link gives it.
"""
