"""The edge to scikit-learn: train an estimator, and turn it into a packaged model.

::

    trained = train(find_estimator(name, task), parameters, mapped, targets, seed=seed)
    packaged = package_evaluator(trained, holdout)  # plain arrays where proven equal

Only this folder imports scikit-learn, scipy, skops and pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.sklearn.library import LibraryEvaluator
from pipelines.sklearn.packaging import Packaged, package_evaluator
from pipelines.sklearn.training import Trained, train

if TYPE_CHECKING:
    from pipelines.sklearn.transformer import FeatureTransformer

__all__ = [
    "FeatureTransformer",
    "LibraryEvaluator",
    "Packaged",
    "Trained",
    "package_evaluator",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import the transformer of notebooks when it is asked for: nothing else needs it."""
    if name == "FeatureTransformer":
        from pipelines.sklearn.transformer import FeatureTransformer

        return FeatureTransformer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
