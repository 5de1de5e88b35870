"""How often a class turned out right rises with the probability that a model gave."""

from __future__ import annotations

import numpy as np

from pipelines.sampling.class_goal import ClassGoal
from pipelines.sklearn.isotonic import calibration_curve


def test_neighbours_in_the_wrong_order_share_their_mean() -> None:
    """Pool-adjacent-violators, by hand: of 3 rows at .4 and .5, one is of the class."""
    points = np.array([100_000, 400_000, 500_000, 500_000, 900_000])
    of_class = np.array([False, True, False, False, True])

    curve = dict(calibration_curve(points, of_class))

    assert curve == {100_000: 0, 400_000: 333_333, 500_000: 333_333, 900_000: 1_000_000}


def test_a_model_that_is_too_sure_is_corrected() -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(0, 10**6, 4000)
    of_class = rng.random(4000) < 0.5 * points / 1e6

    goal = ClassGoal("f1", "fraud", calibration_curve(points, of_class))

    assert abs(goal.calibrated(np.array([800_000]))[0] - 400_000) < 60_000
