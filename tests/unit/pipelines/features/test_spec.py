"""The feature models refuse what cannot work, and keep the order of the job file."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pipelines.features import spec as features
from pipelines.features.spec import Date, FeatureSpec, Numeric, Text

_KINDS = [features.Numeric, features.Categorical, features.Date, features.Text, features.Image]


def test_a_job_file_makes_a_spec_in_its_own_order() -> None:
    """The order of the matrix is the order in which the columns are written."""
    text = """
    function = "features.py:prepare"
    known_after = ["arr_delay"]
    [columns]
    "debt ratio" = {kind = "numeric", impute = "median", bins = 4}
    b = {kind = "categorical", encode = "ordinal"}
    a = {kind = "text", ngrams = [1, 3]}
    """

    spec = FeatureSpec.model_validate(tomllib.loads(text))

    assert list(spec.columns) == ["debt ratio", "b", "a"]
    assert spec.columns["debt ratio"] == Numeric(impute="median", bins=4)
    assert spec.columns["a"] == Text(ngrams=(1, 3))


@pytest.mark.parametrize("model", [*_KINDS, FeatureSpec])
def test_every_field_is_described(model: type[BaseModel]) -> None:
    """The reference is generated from the descriptions."""
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    ("feature", "problem"),
    [
        ({"kind": "numeric", "bins": 1}, "at least 2"),
        ({"kind": "numeric", "minimum": 2, "maximum": 1}, "must not exceed"),
        ({"kind": "numeric", "fill": float("inf")}, "finite"),
        ({"kind": "numeric", "imput": "mean"}, "imput"),
        ({"kind": "date", "parts": []}, "at least 1"),
        ({"kind": "date", "parts": ["hour", "hour"]}, "once"),
        ({"kind": "text", "ngrams": [2, 1]}, "shortest <= longest"),
        ({"kind": "text", "ngrams": [0, 1]}, "1 <= shortest"),
        ({"kind": "image", "width": 0}, "greater than"),
        ({"kind": "audio"}, "audio"),
        ({}, "kind"),
    ],
)
def test_what_cannot_work_is_refused(feature: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        FeatureSpec.model_validate({"columns": {"x": feature}})


@pytest.mark.parametrize("reference", ["features.py", "features:prepare", "features.py:1st"])
def test_a_function_is_a_file_and_a_name(reference: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        FeatureSpec(function=reference)


def test_a_feature_does_not_change() -> None:
    """A spec that was hashed stays what was hashed."""
    with pytest.raises(ValidationError, match="frozen"):
        Date().cyclic = False
