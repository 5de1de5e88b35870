"""Manifests and versions: what makes another version, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.features.fitted import FittedStatistics
from pipelines.features.spec import FeatureSpec, Numeric
from pipelines.models.manifest import (
    EvaluatorNote,
    Manifest,
    Recipe,
    TrainingData,
    minor,
    version_of,
)

RECIPE = Recipe(
    name="delays",
    task="classification",
    labels=("late", "on time"),
    features=FeatureSpec(columns={"b": Numeric(), "a": Numeric(fill=0.1)}),
    estimator="LogisticRegression",
    parameters={"C": 0.1, "max_iter": 1000},
    training=TrainingData(digest="3-ab", rows=2, holdout_rows=1, batches=("2026-11-20",)),
    seed_digest="cd",
    libraries={"scikit-learn": "1.9"},
)
MANIFEST = Manifest(
    version=version_of(RECIPE),
    recipe=RECIPE,
    statistics=FittedStatistics(rows=2, columns={}),
    evaluator=EvaluatorNote(kind="linear", reason="equal", config={}, libraries={}),
    metrics={"accuracy": 0.1 + 0.2},
    job_hash="ef",
    code_revision="12",
    libraries={"numpy": "2.2.6"},
    files={},
)


def test_the_version_is_a_fixed_function_of_the_recipe() -> None:
    """A fixed vector: another value would make every known version a new one."""
    assert version_of(RECIPE) == "f4eaa4f823e6"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"labels": ("on time", "late")},
        {"features": FeatureSpec(columns={"a": Numeric(fill=0.1), "b": Numeric()})},
        {"timezone": "Europe/Berlin"},
        {"function": "0" * 64},
        {"estimator": "RidgeClassifier"},
        {"parameters": {"C": 0.2, "max_iter": 1000}},
        {"holdout": 0.2},
        {"training": RECIPE.training.model_copy(update={"digest": "3-ac"})},
        {"seed_digest": "ce"},
        {"libraries": {"scikit-learn": "1.10"}},
        {"format": 2},
    ],
)
def test_everything_that_changes_the_model_changes_the_version(change: dict[str, object]) -> None:
    """The order of features is the order of the matrix, and that of labels is their codes."""
    assert version_of(RECIPE.model_copy(update=change)) != version_of(RECIPE)


def test_a_manifest_survives_its_file() -> None:
    """Bit for bit: floats, and the order of features."""
    read = Manifest.from_json(MANIFEST.to_json())

    assert read == MANIFEST
    assert list(read.recipe.features.columns) == ["b", "a"]
    assert read.to_json() == MANIFEST.to_json()
    assert version_of(read.recipe) == MANIFEST.version


def altered(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = json.loads(MANIFEST.to_json())
    change(content)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 5000,
        altered(lambda content: content.pop("statistics")),
        altered(lambda content: content.update(unknown=1)),
        altered(lambda content: content.update(version="../../etc")),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(PackageRefused, match="cannot be understood"):
        Manifest.from_json(data)


def test_a_newer_format_says_so() -> None:
    newer = altered(lambda content: content["recipe"].update(format=2))

    with pytest.raises(VersionsDiffer, match="format 2, this version of Recheck reads 1"):
        Manifest.from_json(newer)


@pytest.mark.parametrize("text,short", [("1.9.1", "1.9"), ("2.2.6", "2.2"), ("3", "3")])
def test_a_minor_version_has_two_parts(text: str, short: str) -> None:
    assert minor(text) == short
