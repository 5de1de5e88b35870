"""From a fitted estimator to the evaluator that its package carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.errors import EstimatorRefused
from pipelines.features.mapped import Mapped
from pipelines.models.evaluator import Evaluator, layout_of
from pipelines.models.linear import LinearEvaluator
from pipelines.sklearn.library import LibraryEvaluator
from pipelines.sklearn.linear_arrays import as_linear
from pipelines.sklearn.matrices import concatenated
from pipelines.sklearn.proof import difference, edge_rows, identical
from pipelines.sklearn.training import Trained

_MOST: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Packaged:
    """The evaluator that scores from now on, and why it is this kind."""

    evaluator: Evaluator
    reason: str


def package_evaluator(trained: Trained, proof: Sequence[Mapped]) -> Packaged:
    """Plain arrays where they are proven equal to the estimator, else the estimator itself.

    Args:
        trained: from `train`.
        proof: mapped rows to compare on: the hold-out, or the training rows
            where there is none. At least one row.

    Raises:
        EstimatorRefused: the model is not finite, or does not come out of a
            package as it went in.
    """
    rows = [part for part in proof if part.rows]
    if not rows:
        raise EstimatorRefused(
            "there is no row to compare the packaged model on",
            fix="give more training rows, or a larger [model] holdout",
        )
    edges = concatenated(edge_rows(rows[0]))
    _check_finite(trained, rows)
    linear = as_linear(trained, layout_of(rows[0]))
    if linear is None:
        return _library(trained, [*rows, edges], "it has no form as plain arrays here")
    return _linear(trained, linear, [*rows, edges])


def _linear(trained: Trained, linear: LinearEvaluator, rows: Sequence[Mapped]) -> Packaged:
    for part in rows:
        found = difference(linear, trained, part)
        if found is not None:
            return _library(trained, rows, f"its plain arrays are not equal to it: {found}")
    compared = sum(part.rows for part in rows)
    return Packaged(linear, f"equal to scikit-learn on {compared} hold-out rows and edge values")


def _library(trained: Trained, rows: Sequence[Mapped], reason: str) -> Packaged:
    evaluator = _evaluator(trained)
    travelled = LibraryEvaluator.from_files(evaluator.config(), evaluator.files())
    if not all(identical(evaluator, travelled, part) for part in rows):
        raise EstimatorRefused(
            f"{trained.entry.name} with these parameters does not come out of a package as it "
            "went in",
            fix="take other [model.parameters], or another estimator",
        )
    return Packaged(travelled, f"scikit-learn runs it: {reason}")


def _evaluator(trained: Trained) -> LibraryEvaluator:
    is_number = trained.entry.task == "regression"
    return LibraryEvaluator(
        trained.estimator,
        classes=() if is_number else tuple(trained.estimator.classes_.tolist()),
        rounds_to_float32=trained.entry.rounds_to_float32,
    )


def _check_finite(trained: Trained, rows: Sequence[Mapped]) -> None:
    """Refuse a model that diverged: it predicts NaN or infinity for ordinary rows, not for single ones."""
    evaluator = _evaluator(trained)
    if np.concatenate([evaluator.predict(part).unscorable for part in rows]).mean() > _MOST:
        raise EstimatorRefused(
            f"{trained.entry.name} diverged in training: its predictions are not finite",
            fix='scale the numeric features (scale = "standard"), or change [model.parameters]',
        )
