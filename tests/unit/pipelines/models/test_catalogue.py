"""The list of estimators, and what the refusals say."""

from __future__ import annotations

import importlib
import inspect

import pytest
from sklearn.base import is_classifier

from pipelines.errors import EstimatorRefused
from pipelines.models.catalogue import ESTIMATORS, complete, find_estimator


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_entry_is_what_scikit_learn_has(name: str) -> None:
    """Class, place, task and parameters; nothing that a job file must not set."""
    entry = ESTIMATORS[name]

    kind = getattr(importlib.import_module(entry.module), name)

    own = set(inspect.signature(kind).parameters)
    assert entry.parameters <= own
    assert set(entry.defaults) <= entry.parameters
    assert not entry.parameters & {"random_state", "n_jobs", "verbose", "warm_start", "init"}
    assert is_classifier(kind()) == (entry.task == "classification")


def test_what_is_not_listed_is_refused_with_those_that_are() -> None:
    with pytest.raises(EstimatorRefused, match="'XGBClassifier' is not on the list") as refused:
        find_estimator("XGBClassifier", "classification")

    assert "LogisticRegression, " in refused.value.fix
    assert "LinearRegression" not in refused.value.fix


def test_a_slip_of_the_pen_is_recognised() -> None:
    with pytest.raises(EstimatorRefused) as refused:
        find_estimator("LogisticRegresion", "classification")

    assert refused.value.fix.startswith("did you mean 'LogisticRegression'? ")


def test_an_estimator_of_the_other_task_is_refused() -> None:
    with pytest.raises(EstimatorRefused, match="Ridge is for regression"):
        find_estimator("Ridge", "classification")


@pytest.mark.parametrize(
    "name,reason",
    [("random_state", "the job's seed"), ("n_jobs", "last bits"), ("maxiter", "unknown")],
)
def test_a_parameter_that_is_not_the_job_files_is_refused(name: str, reason: str) -> None:
    with pytest.raises(EstimatorRefused, match=reason) as refused:
        complete(ESTIMATORS["LogisticRegression"], {name: 1})

    assert "max_iter" in refused.value.fix


def test_parameters_come_in_one_order() -> None:
    """So that two job files that say the same give one version."""
    entry = ESTIMATORS["LogisticRegression"]

    assert list(complete(entry, {"solver": "saga", "C": 2})) == ["C", "max_iter", "solver"]
    assert complete(entry, {"max_iter": 5}) == {"max_iter": 5}
