"""Calibration: how often a class turned out right, by the probability that a model gave it."""

from __future__ import annotations

import numpy as np
from sklearn.isotonic import IsotonicRegression

from pipelines.columns.buffers import Bools, Int64s
from pipelines.sampling.population import GRID


def calibration_curve(points: Int64s, of_class: Bools) -> tuple[tuple[int, int], ...]:
    """Fit the share of a class as a rising function of its probability.

    Args:
        points: probabilities that the model gave (n,), on the grid of scores.
        of_class: whether the row is of the class (n,).

    Returns:
        Pairs (probability, share) on the grid, ascending; between them the share is
        a straight line, outside it is that of the first and the last.

    Source: Zadrozny and Elkan, Transforming classifier scores into accurate
        multiclass probability estimates, KDD 2002.
    """
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    fitted.fit(points.astype(np.float64), of_class.astype(np.float64))
    before = np.rint(fitted.X_thresholds_).astype(np.int64).tolist()
    after = np.rint(fitted.y_thresholds_ * GRID).astype(np.int64).tolist()
    return tuple(zip(before, after, strict=True))
