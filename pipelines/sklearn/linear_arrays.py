"""Fitted linear estimators as plain arrays.

The list goes by exact class and options. Where an option is not on it, there
are no plain arrays, and the library runs the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from pipelines.models.evaluator import Block
from pipelines.models.linear import IDENTITY, LinearEvaluator
from pipelines.sklearn.training import Trained

_NUMBERS: Final = frozenset(
    {"LinearRegression", "Ridge", "Lasso", "ElasticNet", "SGDRegressor", "LinearSVR"}
)
_MARGINS: Final = frozenset({"RidgeClassifier", "Perceptron", "LinearSVC"})
_COUNTS: Final = frozenset({"MultinomialNB", "ComplementNB"})
_SGD_LINKS: Final[Mapping[str, tuple[str, str]]] = {
    "log_loss": ("sigmoid", "one_vs_rest"),
    "modified_huber": ("modified_huber", "modified_huber_one_vs_rest"),
}


def as_linear(trained: Trained, layout: tuple[Block, ...]) -> LinearEvaluator | None:
    """Extract the weights of an estimator; None where no linear form of it is known here."""
    inverse_link = _inverse_link(trained)
    if inverse_link is None:
        return None
    estimator = trained.estimator
    if trained.entry.name in _COUNTS:
        weights, intercepts = estimator.feature_log_prob_, _log_priors(trained)
    else:
        weights, intercepts = np.atleast_2d(estimator.coef_), estimator.intercept_
    return LinearEvaluator(
        layout=layout,
        coefficients=np.ascontiguousarray(weights, dtype=np.float64),
        intercepts=np.broadcast_to(
            np.ravel(np.asarray(intercepts, dtype=np.float64)), len(weights)
        ).copy(),
        classes=() if inverse_link == IDENTITY else tuple(estimator.classes_.tolist()),
        inverse_link=inverse_link,
    )


def _inverse_link(trained: Trained) -> str | None:
    name, estimator = trained.entry.name, trained.estimator
    if name in _NUMBERS:
        return IDENTITY
    if name in _COUNTS:
        return "softmax"
    binary = len(getattr(estimator, "classes_", ())) == 2
    if name == "LogisticRegression":
        return "sigmoid" if binary else "softmax"
    if name == "SGDClassifier":
        for_two, for_more = _SGD_LINKS.get(estimator.loss, ("sign", "largest"))
        return for_two if binary else for_more
    if name in _MARGINS:
        return "sign" if binary else "largest"
    return None


def _log_priors(trained: Trained) -> Any:
    # ComplementNB leaves the priors out whenever there is more than one class.
    return trained.estimator.class_log_prior_ if trained.entry.name == "MultinomialNB" else 0.0
