"""95 % limits of the mean loss of probabilities: log loss and Brier score.

A model that is sure of itself loses nearly nothing on most rows, and much on the
few where it is wrong. A sample that holds none of these has a mean near 0 and no
variance: Hall's limits alone cover .38 to .95 at 50 answers. What a wrong row
would cost is known without an answer, from the probabilities of its other
classes, and how many rows may be wrong is what the interval of the accuracy
says. So the limits are no nearer than its reach times the mean cost of a wrong
row, to which one row as costly as the model's own doubts is added.

Measured on two and three classes, scores that are calibrated, too sure and too
unsure, accuracies of .75 to .98 and 50 to 400 answers: .92 to 1 (`make
bench-coverage`).
"""

from __future__ import annotations

import numpy as np

from labeling.formulas.intervals import Intervals
from pipelines.columns.buffers import Floats


def loss_limits(mean: Intervals, right: Intervals, cost: Floats) -> Intervals:
    """Widen the limits of mean losses to what unseen wrong rows may cost: (G,).

    Args:
        mean: of the losses (G,), with the limits of `mean_errors.means`.
        right: the share of rows whose predicted class is right (G,).
        cost: what a wrong row loses above a right one, on average (G,).

    Returns:
        The losses, 0 or more.
    """
    low = mean.value - cost * (right.high - right.value)
    high = mean.value + cost * (right.value - right.low)
    low, high = np.minimum(mean.low, low), np.maximum(mean.high, high)
    return Intervals(mean.value, np.maximum(low, 0), high)
