"""The class that a job asks more about, and how its probability turned out in earlier batches."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from functions.batches.attempts import Attempt, has_class_scores
from functions.tables import Views, of_purpose
from pipelines.columns.relations import where_in
from pipelines.errors import StepMissing
from pipelines.job.job_file import Job
from pipelines.sampling.class_goal import ClassGoal, tempered
from pipelines.sampling.population import score_grid
from pipelines.tables.purposes import VERIFY

_ENOUGH = 200  # answers of other batches, so that they tell more than the model does
_EACH = 10  # of them of the class, and of other classes


def class_goal(job: Job, views: Views, attempt: Attempt) -> ClassGoal | None:
    """Return what a new design of a batch is for; None where the job asks for no class.

    Args:
        job: the job file.
        views: of its tables.
        attempt: the live scoring of the batch.

    Returns:
        The goal. Answers of other batches that the same version scored correct the
        model's probabilities, from 200 answers on; those of the batch itself never
        do, or what was answered first would decide what is asked next.

    Raises:
        StepMissing: the batch was scored without the probability of the class.
    """
    aim = job.sampling.for_
    if aim is None:
        return None
    if not has_class_scores(attempt.rules, job):
        raise StepMissing(
            f"batch {attempt.batch!r} was scored without the probability of {aim.class_!r}, "
            "which sampling.for needs",
            fix=f"run `recheck score … --batch {shlex.quote(attempt.batch)} --replace`, or take `for` out of [sampling]",
        )
    return ClassGoal(aim.metric, aim.class_, _curve(job, views, attempt, aim.class_))


def _rows(views: Views) -> Iterator[dict[str, Any]]:
    """Yield the rows that people were asked about, with what the model said of them."""
    names = ["prediction_id", "batch", "version", "label", "score", "scores"]
    yield from views.current_samples(purpose=VERIFY, scores=True).select(names).to_pylist()


def _chance(row: Mapping[str, Any], class_: str, answers: Sequence[str]) -> float | None:
    """Return the probability of the class; of two classes, the label's score tells both."""
    if row["scores"] is not None:
        return dict(row["scores"]).get(class_)
    if row["score"] is None or len(answers) > 2:
        return None
    return float(row["score"] if row["label"] == class_ else 1 - row["score"])


def _curve(job: Job, views: Views, attempt: Attempt, class_: str) -> tuple[tuple[int, int], ...]:
    """Fit shares of the class to probabilities, half-way; empty without answers enough."""
    labels = where_in(of_purpose(views.labels(), VERIFY), "state", "answered")
    answers = dict(
        zip(labels["prediction_id"].to_pylist(), labels["label"].to_pylist(), strict=True)
    )
    chances, found = [], []
    for row in _rows(views):
        chance = _chance(row, class_, job.target.answers)
        is_earlier = row["batch"] != attempt.batch and row["version"] == attempt.version
        if is_earlier and chance is not None and answers.get(row["prediction_id"]) is not None:
            chances.append(chance)
            found.append(answers[row["prediction_id"]] == class_)
    if len(found) < _ENOUGH or min(sum(found), len(found) - sum(found)) < _EACH:
        return ()
    from pipelines.sklearn.isotonic import calibration_curve

    return tempered(calibration_curve(score_grid(np.array(chances)).points, np.array(found)))
