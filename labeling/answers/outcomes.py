"""Outcomes: answers that came by themselves for rows that nobody drew, beside the predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from labeling.answers import current
from pipelines.columns.buffers import bool_array, floats, int_array
from pipelines.columns.relations import column, places


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Outcomes whose prediction is known, and how close the predictions came."""

    rows: int
    value: float | None  # share right, or the mean absolute error; None without rows


def outcomes(answers: pa.Table, predictions: pa.Table, *, numbers: bool) -> Outcomes:
    """Compare outcomes with the predictions of the same rows.

    Args:
        answers: outcomes, in the columns of `current.current_answers`.
        predictions: `prediction_id`, `label` and `value` of each row.
        numbers: whether predictions are numbers; else they are classes.

    Returns:
        The number of rows that both tables have, and the share of them that is right,
        or the mean absolute error.
    """
    place = places(answers, predictions, ["prediction_id"])
    answers = answers.filter(bool_array(place >= 0))
    predictions = predictions.take(int_array(place[place >= 0]))
    if not answers.num_rows:
        return Outcomes(0, None)
    if numbers:
        errors = current.numbers_of(column(answers, "answer")) - floats(
            column(predictions, "value")
        )
        return Outcomes(answers.num_rows, float(np.nanmean(np.abs(errors))))
    share = float(pc.mean(pc.equal(answers["answer"], predictions["label"])).as_py())
    return Outcomes(answers.num_rows, share)
