"""The scikit-learn estimators that a job file can name, and their parameters.

Each one was tested: fitted, packaged, opened and run again with equal results.
This module imports no scikit-learn, so that a job file is checked at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from pipelines.errors import EstimatorRefused

TaskType = Literal["classification", "regression"]  # what a model predicts: classes or numbers


@dataclass(frozen=True, slots=True)
class EstimatorEntry:
    """One estimator of the list.

    Seeds and thread counts are not among the parameters: Recheck sets both, so
    that a second fit gives the same model.
    """

    name: str
    module: str  # where scikit-learn keeps the class
    task: TaskType
    parameters: frozenset[str]  # the ones that a job file may set
    defaults: Mapping[str, Any] = field(
        default_factory=dict
    )  # where ours differ from scikit-learn's
    reads_sparse: bool = True  # takes the sparse matrix that text becomes
    rounds_to_float32: bool = False  # cannot take values beyond 3.4e38
    negative_features: bool = True  # False: counts and shares only
    threads_to_fit: bool = False  # several change nothing: each tree has a seed of its own
    max_rows: int | None = None  # training time grows with the square of the rows


def _listed(*entries: EstimatorEntry) -> Mapping[str, EstimatorEntry]:
    return MappingProxyType({entry.name: entry for entry in entries})


def _names(*groups: str) -> frozenset[str]:
    return frozenset(name for group in groups for name in group.split())


_FIT = "fit_intercept max_iter tol"
_SGD = (
    "loss penalty alpha l1_ratio epsilon learning_rate eta0 power_t shuffle average "
    "early_stopping validation_fraction n_iter_no_change"
)
_DISCRETE = "alpha force_alpha fit_prior"
_KERNEL = "C kernel degree gamma coef0 shrinking tol cache_size max_iter"
_NEIGHBORS = "n_neighbors weights algorithm leaf_size p"
_TREE = (
    "criterion max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf "
    "max_features max_leaf_nodes min_impurity_decrease ccp_alpha"
)
_FOREST = "n_estimators bootstrap max_samples"
_BOOSTED = (
    "loss learning_rate n_estimators subsample min_samples_split min_samples_leaf "
    "min_weight_fraction_leaf max_depth min_impurity_decrease max_features max_leaf_nodes "
    "validation_fraction n_iter_no_change tol ccp_alpha"
)
_HISTOGRAM = (
    "loss learning_rate max_iter max_leaf_nodes max_depth min_samples_leaf l2_regularization "
    "max_features max_bins early_stopping validation_fraction n_iter_no_change tol"
)
_NETWORK = (
    "hidden_layer_sizes activation solver alpha batch_size learning_rate learning_rate_init "
    "power_t max_iter shuffle tol momentum nesterovs_momentum early_stopping "
    "validation_fraction beta_1 beta_2 epsilon n_iter_no_change max_fun"
)

_LINEAR, _SVM, _BAYES = "sklearn.linear_model", "sklearn.svm", "sklearn.naive_bayes"
_NEAREST, _TREES, _ENSEMBLE = "sklearn.neighbors", "sklearn.tree", "sklearn.ensemble"
_NEURAL = "sklearn.neural_network"
_KERNEL_ROWS = 50_000

# Leaves of one row each make packages of hundreds of megabytes and no better forests.
_SMALL_FOREST = {"min_samples_leaf": 5}

_CLASSIFIERS = (
    EstimatorEntry(
        "LogisticRegression",
        _LINEAR,
        "classification",
        _names(_FIT, "C l1_ratio solver class_weight intercept_scaling dual"),
        {"max_iter": 1000},
    ),
    EstimatorEntry(
        "RidgeClassifier",
        _LINEAR,
        "classification",
        _names(_FIT, "alpha solver positive class_weight"),
    ),
    EstimatorEntry("SGDClassifier", _LINEAR, "classification", _names(_FIT, _SGD, "class_weight")),
    EstimatorEntry(
        "Perceptron",
        _LINEAR,
        "classification",
        _names(
            _FIT,
            "penalty alpha l1_ratio eta0 shuffle class_weight early_stopping "
            "validation_fraction n_iter_no_change",
        ),
    ),
    EstimatorEntry(
        "LinearSVC",
        _SVM,
        "classification",
        _names(_FIT, "penalty loss dual C intercept_scaling class_weight"),
    ),
    EstimatorEntry(
        "SVC",
        _SVM,
        "classification",
        _names(_KERNEL, "class_weight break_ties"),
        max_rows=_KERNEL_ROWS,
    ),
    EstimatorEntry(
        "GaussianNB", _BAYES, "classification", _names("var_smoothing"), reads_sparse=False
    ),
    EstimatorEntry(
        "MultinomialNB", _BAYES, "classification", _names(_DISCRETE), negative_features=False
    ),
    EstimatorEntry(
        "ComplementNB", _BAYES, "classification", _names(_DISCRETE, "norm"), negative_features=False
    ),
    EstimatorEntry("BernoulliNB", _BAYES, "classification", _names(_DISCRETE, "binarize")),
    EstimatorEntry("KNeighborsClassifier", _NEAREST, "classification", _names(_NEIGHBORS)),
    EstimatorEntry(
        "DecisionTreeClassifier",
        _TREES,
        "classification",
        _names(_TREE, "splitter class_weight"),
        rounds_to_float32=True,
    ),
    EstimatorEntry(
        "RandomForestClassifier",
        _ENSEMBLE,
        "classification",
        _names(_TREE, _FOREST, "class_weight"),
        _SMALL_FOREST,
        rounds_to_float32=True,
        threads_to_fit=True,
    ),
    EstimatorEntry(
        "ExtraTreesClassifier",
        _ENSEMBLE,
        "classification",
        _names(_TREE, _FOREST, "class_weight"),
        _SMALL_FOREST,
        rounds_to_float32=True,
        threads_to_fit=True,
    ),
    EstimatorEntry(
        "GradientBoostingClassifier",
        _ENSEMBLE,
        "classification",
        _names(_BOOSTED),
        rounds_to_float32=True,
    ),
    EstimatorEntry(
        "HistGradientBoostingClassifier",
        _ENSEMBLE,
        "classification",
        _names(_HISTOGRAM, "class_weight"),
        reads_sparse=False,
    ),
    EstimatorEntry("MLPClassifier", _NEURAL, "classification", _names(_NETWORK)),
)

_REGRESSORS = (
    EstimatorEntry("LinearRegression", _LINEAR, "regression", _names("fit_intercept tol positive")),
    EstimatorEntry("Ridge", _LINEAR, "regression", _names(_FIT, "alpha solver positive")),
    EstimatorEntry(
        "Lasso", _LINEAR, "regression", _names(_FIT, "alpha precompute positive selection")
    ),
    EstimatorEntry(
        "ElasticNet",
        _LINEAR,
        "regression",
        _names(_FIT, "alpha l1_ratio precompute positive selection"),
    ),
    EstimatorEntry("SGDRegressor", _LINEAR, "regression", _names(_FIT, _SGD)),
    EstimatorEntry(
        "LinearSVR", _SVM, "regression", _names(_FIT, "epsilon C loss dual intercept_scaling")
    ),
    EstimatorEntry("SVR", _SVM, "regression", _names(_KERNEL, "epsilon"), max_rows=_KERNEL_ROWS),
    EstimatorEntry("KNeighborsRegressor", _NEAREST, "regression", _names(_NEIGHBORS)),
    EstimatorEntry(
        "DecisionTreeRegressor",
        _TREES,
        "regression",
        _names(_TREE, "splitter"),
        rounds_to_float32=True,
    ),
    EstimatorEntry(
        "RandomForestRegressor",
        _ENSEMBLE,
        "regression",
        _names(_TREE, _FOREST),
        _SMALL_FOREST,
        rounds_to_float32=True,
        threads_to_fit=True,
    ),
    EstimatorEntry(
        "ExtraTreesRegressor",
        _ENSEMBLE,
        "regression",
        _names(_TREE, _FOREST),
        _SMALL_FOREST,
        rounds_to_float32=True,
        threads_to_fit=True,
    ),
    EstimatorEntry(
        "GradientBoostingRegressor",
        _ENSEMBLE,
        "regression",
        _names(_BOOSTED, "alpha"),
        rounds_to_float32=True,
    ),
    EstimatorEntry(
        "HistGradientBoostingRegressor",
        _ENSEMBLE,
        "regression",
        _names(_HISTOGRAM, "quantile"),
        reads_sparse=False,
    ),
    EstimatorEntry("MLPRegressor", _NEURAL, "regression", _names(_NETWORK)),
)

ESTIMATORS: Mapping[str, EstimatorEntry] = _listed(*_CLASSIFIERS, *_REGRESSORS)
"""Every estimator that a job file can name, by its class name."""

_SET_BY_RECHECK = {
    "random_state": "it comes from the job's seed",
    "n_jobs": "more threads change the last bits of a result",
    "verbose": "progress is reported elsewhere",
    "warm_start": "a fit begins anew, else it could not be repeated",
}


def find_estimator(name: str, task: TaskType) -> EstimatorEntry:
    """Return the estimator of a name.

    Raises:
        EstimatorRefused: it is not on the list, or is for the other task; the
            message lists the estimators of the task.

    >>> find_estimator("Ridge", "regression").module
    'sklearn.linear_model'
    """
    names = [entry.name for entry in ESTIMATORS.values() if entry.task == task]
    if name not in ESTIMATORS:
        raise EstimatorRefused(
            f"{name!r} is not on the list of estimators that were proven to come out of a "
            "package as they went in",
            fix=_nearest(name, names) + f"for {task} take one of {', '.join(names)}",
        )
    if ESTIMATORS[name].task != task:
        raise EstimatorRefused(
            f"{name} is for {ESTIMATORS[name].task}, the job's task is {task}",
            fix=f"take one of {', '.join(names)}",
        )
    return ESTIMATORS[name]


def complete(entry: EstimatorEntry, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a fit: the job file's over our defaults, sorted by name.

    Raises:
        EstimatorRefused: a parameter is unknown, or one that a job file may not set.

    >>> complete(ESTIMATORS["LogisticRegression"], {"C": 0.5})
    {'C': 0.5, 'max_iter': 1000}
    """
    for name in parameters:
        if name not in entry.parameters:
            allowed = sorted(entry.parameters)
            reason = _SET_BY_RECHECK.get(name, "it is unknown, or does not travel in a package")
            raise EstimatorRefused(
                f"{entry.name} cannot be given {name!r}: {reason}",
                fix=_nearest(name, allowed) + f"the job file may set {', '.join(allowed)}",
            )
    return dict(sorted({**entry.defaults, **parameters}.items()))


def _nearest(word: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(names), n=1)
    return f"did you mean {close[0]!r}? " if close else ""
