"""The edge to scikit-learn: train an estimator, and turn it into a packaged model.

::

    trained = train(listed(name, task), parameters, mapped, targets, seed=seed)
    packaged = package_evaluator(trained, holdout)  # plain arrays where proven equal

Only this folder imports scikit-learn, scipy, skops and pandas.
"""

from __future__ import annotations

from pipelines.sklearn.library import LibraryEvaluator
from pipelines.sklearn.packaging import Packaged, package_evaluator
from pipelines.sklearn.training import Trained, train

__all__ = ["LibraryEvaluator", "Packaged", "Trained", "package_evaluator", "train"]
