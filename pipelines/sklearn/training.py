"""Reproducible fits of the estimators in the catalogue: a second fit gives the same model."""

from __future__ import annotations

import hashlib
import importlib
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import EstimatorRefused
from pipelines.features.mapped import Mapped
from pipelines.models.catalogue import EstimatorEntry, complete
from pipelines.sklearn.matrices import Matrix, stacked
from pipelines.sklearn.threads import one_thread

_SEEDS = 2**32  # what scikit-learn takes


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted estimator and what it was fitted with."""

    entry: EstimatorEntry
    parameters: Mapping[str, Any]
    estimator: Any
    notes: tuple[str, ...]  # warnings of the fit, each once


def train(
    entry: EstimatorEntry,
    parameters: Mapping[str, Any],
    mapped: Sequence[Mapped],
    targets: npt.NDArray[np.int32] | npt.NDArray[np.float64],
    *,
    seed: str,
) -> Trained:
    """Fit the estimator on the mapped rows.

    Args:
        entry: what to fit, from `pipelines.models.catalogue.find_estimator`.
        parameters: those of the job file.
        mapped: the training rows, in a fixed order; that order can matter.
        targets: (n,) codes into the label set, or the numbers to predict.
        seed: any text; the estimator's random state derives from it.

    Returns:
        The fitted estimator, with the parameters it was fitted with.

    Raises:
        EstimatorRefused: the estimator cannot be fitted with these parameters
            or on these rows.
    """
    chosen = complete(entry, parameters)
    _check_rows(entry, mapped, targets)
    estimator = _made(entry, chosen, seed)
    with warnings.catch_warnings(record=True) as caught, one_thread():
        warnings.simplefilter("always")
        _fit(entry, estimator, stacked(mapped), targets)
    notes = tuple(dict.fromkeys(f"{entry.name}: {warning.message}" for warning in caught))
    return Trained(entry, chosen, estimator, notes)


def _check_rows(entry: EstimatorEntry, mapped: Sequence[Mapped], targets: np.ndarray) -> None:
    if entry.max_rows is not None and len(targets) > entry.max_rows:
        raise EstimatorRefused(
            f"{entry.name} needs time that grows with the square of the rows: it is fitted on at "
            f"most {entry.max_rows:,}, and there are {len(targets):,}",
            fix=f"set [model] max_rows = {entry.max_rows}, or take a linear model or a forest",
        )
    if not entry.reads_sparse and any(part.is_sparse for part in mapped):
        raise EstimatorRefused(
            f"{entry.name} cannot read the sparse columns that text becomes",
            fix="take LogisticRegression, MultinomialNB or a random forest, or leave the text out",
        )
    if entry.task == "classification" and len(np.unique(targets)) < 2:
        raise EstimatorRefused(
            "every training row has the same answer, so there is nothing to tell apart",
            fix="fit on batches that hold at least two answers",
        )


def _made(entry: EstimatorEntry, parameters: Mapping[str, Any], seed: str) -> Any:
    estimator = getattr(importlib.import_module(entry.module), entry.name)(**parameters)
    # Predictions keep n_jobs = None, one thread: more threads change the last bits of a forest.
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=random_state(seed))
    return estimator


def random_state(seed: str) -> int:
    """Derive an integer from 0 to 2**32 - 1 from the seed, for scikit-learn.

    >>> random_state("0") == random_state("0") != random_state("1")
    True
    """
    digest = hashlib.blake2b(seed.encode(), person=b"random_state", digest_size=8).digest()
    return int.from_bytes(digest, "little") % _SEEDS


def _fit(entry: EstimatorEntry, estimator: Any, values: Matrix, targets: np.ndarray) -> None:
    threads = {"n_jobs": os.cpu_count()} if entry.threads_to_fit else {}
    try:
        with np.errstate(all="ignore"):  # a model that diverges is noticed by its predictions
            estimator.set_params(**threads).fit(values, targets)
        estimator.set_params(**dict.fromkeys(threads))
    except (ValueError, TypeError, ArithmeticError) as error:
        fix = "correct [model.parameters], or the features that it is fitted on"
        if not entry.negative_features and "negative" in str(error).lower():
            fix = (
                'set scale = "none" and minimum = 0 for its numeric features, use text or '
                "one-hot features only, or take another estimator"
            )
        raise EstimatorRefused(f"{entry.name} cannot be fitted: {error}", fix=fix) from error
