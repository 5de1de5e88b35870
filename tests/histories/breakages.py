"""Ways to break the product on purpose, in a process of its own: the checker must see each."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from functions.batches.publish import Publisher
from functions.draws import batch_draw
from functions.draws.batch_draw import BatchDraw
from functions.draws.predictions import BatchPredictions
from functions.steps import errors, status
from labeling.answers import intake
from labeling.estimates import estimation, merging
from pipelines.sampling import strata


def answers_are_doubled() -> None:
    """Take every answer for a new one."""
    vars(intake)["_is_news"] = lambda _answer, _held: True


def bad_rows_are_lost() -> None:
    """Write no quarantine."""
    setattr(Publisher, "_quarantine", lambda _self, _batch, _bad: None)  # noqa: B010


def probabilities_are_wrong() -> None:
    """Say that rows were drawn by half their chance."""
    inner = BatchDraw._sample

    def sample(self: BatchDraw, *args: Any) -> dict[str, Any]:
        row = inner(self, *args)
        return row | {"inclusion_probability": row["inclusion_probability"] / 2}

    setattr(BatchDraw, "_sample", sample)  # noqa: B010


def drawn_rows_lose_their_cohorts() -> None:
    """Keep no cohort with drawn rows."""
    inner = BatchPredictions.row
    setattr(BatchPredictions, "row", lambda *of: inner(*of) | {"cohorts": {}})  # noqa: B010


def the_largest_hashes_are_drawn() -> None:
    """Turn the order of the hashes around."""
    inner = vars(batch_draw)["draw"]

    def draw(population: Any, *rest: Any) -> Any:
        return inner(dataclasses.replace(population, draws=~population.draws), *rest)

    vars(batch_draw)["draw"] = draw


def strata_have_no_weights() -> None:
    """Let each answer stand for one row."""
    vars(merging)["answer_weights"] = lambda _of, size, *_: np.ones(len(size))


def answers_are_not_counted() -> None:
    """Count one answer too few."""
    inner = vars(estimation)["counts"]

    def counts(*args: Any) -> Any:
        rows = inner(*args)
        return dataclasses.replace(rows, answered=rows.answered - 1)

    vars(estimation)["counts"] = counts


def wrong_rows_are_hidden() -> None:
    """Leave out the first wrong row."""
    inner = vars(errors)["wrong_rows"]
    vars(errors)["wrong_rows"] = lambda *of, **how: inner(*of, **how)[1:]


def classes_are_divided_by_another_probability() -> None:
    """Turn the order of the rows' probabilities of the class around."""
    inner = vars(strata)["class_ladder"]

    def ladder(population: Any, *rest: Any) -> Any:
        return inner(dataclasses.replace(population, chances=population.chances[::-1]), *rest)

    vars(strata)["class_ladder"] = ladder


def a_command_breaks_off() -> None:
    """Raise what no user can cause."""

    def raised(*_: Any) -> Any:
        raise KeyError("a defect")

    vars(status)["status"] = raised
