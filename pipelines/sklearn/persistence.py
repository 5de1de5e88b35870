"""Fitted estimators as bytes and back, by skops, with a fixed list of types.

A skops file names the types that it wants built. What may be named is stated
here per estimator and never read from the file, which would make skops as open
as pickle. Every type is looked up before anything is built or imported, also
those that skops itself trusts.

Trees carry indices that scikit-learn follows without checking bounds, so a
hostile file could still crash the process: a package's signature is verified
before this module sees a byte.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

import skops.io

from pipelines.errors import PackageRefused
from pipelines.models.catalogue import ESTIMATORS

# Containers, numbers and arrays: what any estimator is made of.
_PLAIN: Final = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.str",  # skops' node for every JSON value, None included
        "builtins.tuple",
        "numpy.dtype",
        "numpy.float32",
        "numpy.float64",
        "numpy.int32",
        "numpy.int64",
        "numpy.ndarray",
        "numpy.uint64",
    }
)
_TEXT_ROWS: Final = frozenset({"scipy.sparse._csr.csr_matrix"})  # kept by whom compares with them
_TREE: Final = frozenset({"sklearn.tree._tree.Tree"})
_SEARCH: Final = _TEXT_ROWS | frozenset(
    {
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
    }
)
_LINKS: Final = frozenset(
    f"sklearn._loss.link.{name}"
    for name in (
        "HalfLogitLink",
        "IdentityLink",
        "Interval",
        "LogLink",
        "LogitLink",
        "MultinomialLogit",
    )
)
_LOSS_NAMES: Final = (
    "AbsoluteError",
    "ExponentialLoss",
    "HalfBinomialLoss",
    "HalfGammaLoss",
    "HalfMultinomialLoss",
    "HalfPoissonLoss",
    "HalfSquaredError",
    "HuberLoss",
    "PinballLoss",
)
_LOSSES: Final = (
    _LINKS
    | {f"sklearn._loss.loss.{name}" for name in _LOSS_NAMES}
    | {f"sklearn._loss._loss.Cy{name}" for name in _LOSS_NAMES}
)
_DECISION_TREES: Final = frozenset(
    f"sklearn.tree._classes.{name}"
    for name in (
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
    )
)
_BOOSTED: Final = (
    _TREE
    | _DECISION_TREES
    | _LOSSES
    | {"sklearn.dummy.DummyClassifier", "sklearn.dummy.DummyRegressor"}
)
_HISTOGRAM: Final = _LOSSES | {
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.preprocessing._label.LabelEncoder",
}
_PARTS: Final[Mapping[str, frozenset[str]]] = {
    "SVC": _TEXT_ROWS,
    "SVR": _TEXT_ROWS,
    "KNeighborsClassifier": _SEARCH,
    "KNeighborsRegressor": _SEARCH,
    "DecisionTreeClassifier": _TREE,
    "DecisionTreeRegressor": _TREE,
    "RandomForestClassifier": _TREE | _DECISION_TREES,
    "RandomForestRegressor": _TREE | _DECISION_TREES,
    "ExtraTreesClassifier": _TREE | _DECISION_TREES,
    "ExtraTreesRegressor": _TREE | _DECISION_TREES,
    "GradientBoostingClassifier": _BOOSTED,
    "GradientBoostingRegressor": _BOOSTED,
    "HistGradientBoostingClassifier": _HISTOGRAM,
    "HistGradientBoostingRegressor": _HISTOGRAM,
    "MLPClassifier": frozenset({"sklearn.preprocessing._label.LabelBinarizer"}),
}

# Random generators and optimisers: needed to fit on, not to predict.
_TRANSIENT: Final = ("_feature_subsample_rng", "_optimizer", "_random_state", "_rng")


def dumps(estimator: Any) -> bytes:
    """Return the estimator in the format of skops, without what only a fit needs."""
    return skops.io.dumps(_lean(estimator))


def _lean(estimator: Any) -> Any:
    """Copy the estimator without random state, down to the trees of an ensemble."""
    lean = copy.copy(estimator)
    for name in _TRANSIENT:
        lean.__dict__.pop(name, None)
    if "random_state" in lean.__dict__:
        lean.random_state = None
    members = lean.__dict__.get("estimators_")
    if isinstance(members, list):
        lean.estimators_ = [_lean(member) for member in members]
    elif members is not None:  # boosting keeps an array, (rounds, answers)
        lean.estimators_ = members.copy()
        lean.estimators_.flat = [_lean(member) for member in members.flat]
    return lean


def loads(data: bytes, name: str) -> Any:
    """Build the estimator called `name` from skops bytes that were verified.

    Raises:
        PackageRefused: the bytes name a type that this estimator does not
            need, or hold another estimator.
    """
    own = f"{ESTIMATORS[name].module}." if name in ESTIMATORS else None
    allowed = _PLAIN | _PARTS.get(name, frozenset())
    strangers = {
        kind
        for kind in _types(data)
        if kind not in allowed
        and not (own and kind.startswith(own) and kind.rpartition(".")[2] == name)
    }
    if strangers:
        raise PackageRefused(
            f"the packaged {name} names types that it does not need: {', '.join(sorted(strangers))}",
            fix="fit the model again; do not use this package",
        )
    estimator = skops.io.loads(data, trusted=sorted(_PARTS.get(name, frozenset())))
    if type(estimator).__name__ != name:
        raise PackageRefused(
            f"the package says {name} and holds {type(estimator).__name__}",
            fix="fit the model again; do not use this package",
        )
    return estimator


def _types(data: bytes) -> set[str]:
    """List every type that a skops file names, read as JSON; nothing is imported."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    return {f"{node['__module__']}.{node['__class__']}" for node in _nodes(schema)}


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "__class__" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
