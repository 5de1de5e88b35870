"""Predicted classes are counted in the workers, and their counts add up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.scoring.predicted_classes import PredictedClasses


def test_classes_are_counted_by_whether_people_can_choose_them() -> None:
    labels = pa.array(["a", "b", "A", "a", "c"])

    found = PredictedClasses.of(labels, None, ["a", "b", "d"], {})

    assert found.listed == {"a": 2, "b": 1}
    assert found.unlisted == {"A": 1, "c": 1}


def test_scores_below_a_half_are_counted_by_class() -> None:
    labels, scores = pa.array(["a", "a", "b", "x"]), np.array([0.4, 0.5, np.nan, 0.1])

    assert PredictedClasses.of(labels, scores, ["a", "b"], {}).unlikely == {"a": 1}


def test_of_many_other_classes_the_most_frequent_are_named_and_the_rest_counted() -> None:
    labels = pa.array(["often"] * 2 + [f"refusal {number}" for number in range(150)])

    once = PredictedClasses.of(labels, None, ["a"], {})
    both = once + once

    for found, rows in ((once, 152), (both, 304)):
        assert len(found.unlisted) == 100
        assert found.unlisted["often"] == 2 * rows / 152
        assert sum(found.unlisted.values()) + found.others == rows
