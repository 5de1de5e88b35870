"""Averages over classes and Matthews correlation, from confusion matrices.

Each is a smooth function of the shares T of rows that were predicted as one
class and called another. Its variance is that of the mean of one number per
row, the derivative at the row's cell (Taylor linearisation), within the strata.

Sources: Woodruff, JASA 66 (1971), on linearisation; Gorodkin, Comput. Biol.
Chem. 28 (2004), on the correlation of several classes; Fisher's z for its limits.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from labeling.formulas.intervals import Intervals, Z, wilson
from pipelines.columns.buffers import Floats

_STEP = 1e-6  # of a derivative, in shares of all rows
Measure = Callable[[Floats], Floats]  # from matrices (G, K, K), predicted by answer, to (G,)


def _precision(matrix: Floats) -> Floats:
    return _ratio(_right(matrix), matrix.sum(axis=2))


def _recall(matrix: Floats) -> Floats:
    return _ratio(_right(matrix), matrix.sum(axis=1))


def _f1(matrix: Floats) -> Floats:
    return _ratio(2 * _right(matrix), matrix.sum(axis=2) + matrix.sum(axis=1))


def _macro(of: Measure) -> Measure:
    return lambda matrix: np.asarray(of(matrix).mean(axis=1), np.float64)


def _weighted(of: Measure) -> Measure:
    def average(matrix: Floats) -> Floats:
        support = matrix.sum(axis=1)
        found = np.where(support > 0, of(matrix), 0.0)
        return _ratio((support * found).sum(axis=1), support.sum(axis=1))

    return average


def mcc(matrix: Floats) -> Floats:
    """Return the correlation of predictions and answers: (G,), within [-1, 1]."""
    matrix = _ratio(matrix, matrix.sum(axis=(1, 2), keepdims=True))
    said, called = matrix.sum(axis=2), matrix.sum(axis=1)
    together = _right(matrix).sum(axis=1) - (said * called).sum(axis=1)
    spread = (1 - (said**2).sum(axis=1)) * (1 - (called**2).sum(axis=1))
    return _ratio(together, np.sqrt(np.maximum(spread, 0)))


MEASURES: dict[str, Measure] = {
    "balanced_accuracy": _macro(_recall),
    "precision_macro": _macro(_precision),
    "recall_macro": _macro(_recall),
    "f1_macro": _macro(_f1),
    "precision_weighted": _weighted(_precision),
    "recall_weighted": _weighted(_recall),
    "f1_weighted": _weighted(_f1),
    "mcc": mcc,
}


def derivatives(of: Measure, matrix: Floats) -> Floats:
    """Return how a measure changes with each cell of matrices of shares: (G, K, K)."""
    found = np.zeros_like(matrix)
    for row, column in product(range(matrix.shape[1]), repeat=2):
        more, less = matrix.copy(), matrix.copy()
        more[:, row, column] += _STEP
        less[:, row, column] -= _STEP
        found[:, row, column] = (of(more) - of(less)) / (2 * _STEP)
    return np.nan_to_num(found)


def extreme_average(values: Floats, least: Floats, most: Floats) -> Floats:
    """Return the lowest weighted average of the classes' values that some weights give: (G,).

    Args:
        values: of each class (K, G).
        least: what each class weighs at least (K, G).
        most: what it weighs at most (K, G); the weights of a group add up to 1.

    Returns:
        The averages; NaN where a class of a group has no value.

    >>> extreme_average(
    ...     np.array([[0.5], [1.0]]), np.array([[0.2], [0.6]]), np.array([[0.4], [0.8]])
    ... )
    array([0.8])
    """
    order = np.argsort(values, axis=0, kind="stable")
    values, least, most = (
        np.take_along_axis(part, order, axis=0) for part in (values, least, most)
    )
    room = np.maximum(most - least, 0)
    left = np.maximum(1 - least.sum(axis=0), 0) - (np.cumsum(room, axis=0) - room)
    weight = least + np.clip(left, 0, room)
    return np.asarray((weight * values).sum(axis=0) / weight.sum(axis=0), np.float64)


def limits_of_share(value: Floats, variance: Floats) -> Intervals:
    """Return Wilson's limits of a share with this variance: (G,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        answers = value * (1 - value) / variance
    unsure = (variance > 0) & (value > 0) & (value < 1)
    return wilson(
        np.where(unsure | (variance == 0), value, np.nan), np.where(unsure, answers, np.inf)
    )


def limits_of_correlation(value: Floats, variance: Floats) -> Intervals:
    """Return the limits of a correlation with this variance, by Fisher's z: (G,)."""
    inside = np.clip(value, -1 + 1e-12, 1 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = Z * np.sqrt(variance) / (1 - inside**2)
        low, high = (np.tanh(np.arctanh(inside) + side * reach) for side in (-1, 1))
    is_known = variance == 0
    return Intervals(value, np.where(is_known, value, low), np.where(is_known, value, high))


def _right(matrix: Floats) -> Floats:
    return np.diagonal(matrix, axis1=1, axis2=2)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    top, bottom = np.broadcast_arrays(top, bottom)
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
