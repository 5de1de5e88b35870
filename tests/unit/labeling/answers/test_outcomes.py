"""Outcomes beside the predictions of the same rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from labeling.answers.outcomes import Outcomes, outcomes

PREDICTIONS = pa.table(
    {"prediction_id": ["a", "b", "c"], "label": ["1", "2", "3"], "value": [1.0, 2.0, 3.0]}
)


@pytest.mark.parametrize(("numbers", "value"), [(False, 0.5), (True, 2.0)])
def test_an_outcome_is_compared_with_the_prediction_of_its_row(
    *, numbers: bool, value: float
) -> None:
    """Classes by the share that is right, numbers by the mean absolute error."""
    answers = pa.table({"prediction_id": ["c", "a"], "answer": ["3", "5"]})

    assert outcomes(answers, PREDICTIONS, numbers=numbers) == Outcomes(2, value)


def test_an_outcome_without_a_prediction_counts_for_nothing() -> None:
    answers = pa.table({"prediction_id": ["gone"], "answer": ["3"]})

    assert outcomes(answers, PREDICTIONS, numbers=False) == Outcomes(0, None)
