"""The job file: what to run. It is typed, closed to unknown keys, and identified by its digest.

Where to run (store, engine, Label Studio, secrets) belongs to the settings.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from pipelines.errors import JobInvalid
from pipelines.features.spec import FeatureSpec
from pipelines.identity.keyed_hash import subkey
from pipelines.identity.settings_digest import ADDED, content_of
from pipelines.job.closed_section import Section
from pipelines.job.consistency import CHECKS, nearest
from pipelines.job.data_section import Data
from pipelines.job.metric_names import Metric
from pipelines.job.prediction_columns import PredictionColumns
from pipelines.job.sections import (
    AlertLook,
    AlertRule,
    Batches,
    Cohort,
    Labeling,
    Model,
    Name,
    ReportPage,
    Sampling,
    Target,
)
from pipelines.models.catalogue import TaskType

_NAMED = {  # tables with keys that the user chooses
    ("features", "columns"),
    ("cohorts",),
    ("model", "parameters"),
    ("predictions", "probabilities"),
    ("predictions", "map"),
}
_FILE = "recheck.toml"
_PAGE = "docs/reference/job.md"


class Job(Section):
    """A whole job file."""

    name: Name = Field(description="Names the job in the store.")
    id: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{32}$",
        description="Tells two jobs of one name apart, 128 bits in hexadecimal, written by `init`: a store keeps the id of the job that used a name first, and refuses another. Without it, a digest of name and seed.",
        json_schema_extra=ADDED,
    )
    task: TaskType = Field(description="Classes or numbers.")
    data: Data = Field(description="Where the rows are, and what tells one from another.")
    batches: Batches = Field(default_factory=Batches, description="How rows fall into batches.")
    target: Target = Field(default_factory=Target, description="What is predicted.")
    features: FeatureSpec = Field(
        default_factory=FeatureSpec,
        description="What the model is computed from; the same in training and scoring.",
    )
    model: Model | None = Field(
        default=None, description="The model that `fit` makes and `score` runs."
    )
    predictions: PredictionColumns | None = Field(
        default=None, description="Predictions that another system made; instead of `[model]`."
    )
    sampling: Sampling = Field(description="Which predictions people are asked about.")
    labeling: Labeling = Field(
        default_factory=Labeling, description="What people see and are asked."
    )
    report: ReportPage = Field(
        default_factory=ReportPage,
        description="What the report holds of single rows.",
        json_schema_extra=ADDED,
    )
    cohorts: dict[str, Cohort] = Field(
        default_factory=dict, description="Groups of rows, `[cohorts.NAME]`."
    )
    metrics: tuple[Metric, ...] = Field(
        default=(),
        description="The metrics that are estimated; without any, `accuracy`, `precision`, `recall` and `f1` of classes, `mae`, `rmse`, `bias` and `median_absolute_error` of numbers.",
    )
    notify: tuple[Name, ...] | None = Field(
        default=None,
        description="The channels of `[notify]` in the settings that get the alerts of this job; without it all of them, `[]` none.",
        json_schema_extra=ADDED,
    )
    alert_look: AlertLook = Field(
        default_factory=AlertLook,
        description='When a window that is over gets its one look, such as `alert_look = {answered = 0.9, after = "7d"}`.',
        json_schema_extra=ADDED,
    )
    alerts: tuple[AlertRule, ...] = Field(
        default=(), description="Lines that a metric should not cross, `[[alerts]]`."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Job:
        problems = [problem for check in CHECKS for problem in check(self)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def model_name(self) -> str:
        """The name of the model, as predictions carry it."""
        return self.model.name if self.model else self.predictions.name  # type: ignore[union-attr]

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the key, none for a key by position or content."""
        return () if self.data.key == "content" else self.data.key

    @property
    def identity(self) -> str:
        """The id that a store remembers for the name, 32 hex digits; derived where the file has none."""
        return self.id or derived_id(self.sampling.seed, self.name)

    def digest(self) -> str:
        """Hash everything that the file says to do, whatever its order and comments: 16 hex digits.

        A file keeps its digest when a later release knows more keys, and when it gains an id.
        """
        content = content_of(self, by_alias=True)
        content.pop("id", None)
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def derived_id(seed: str, name: str) -> str:
    """Return the id of a job whose file has none, 32 hex digits; it does not give the seed away."""
    return subkey("job id", seed, name).hex()


def new_id(seed: str | None, name: str) -> str:
    """Return the id of a new job: random, or derived where the seed was named, too."""
    return derived_id(seed, name) if seed else os.urandom(16).hex()


def load(path: Path) -> Job:
    """Read and check a job file.

    Raises:
        JobInvalid: it is not there, is not TOML, or says something that is not
            allowed; the message names file, key, what was found and what is
            allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        inside = path / _FILE
        usual = f"name a {_FILE}; `recheck init DIR --data FILE --target COLUMN` writes one"
        raise JobInvalid(
            f"{path}: cannot be read ({error.__class__.__name__})",
            fix=f"name the job file in that folder: {inside}" if inside.is_file() else usual,
        ) from error
    try:
        return parse(tomllib.loads(text), str(path))
    except (ValueError, RecursionError) as error:  # a number may have too many digits, too
        raise JobInvalid(
            f"{path}: not TOML: {error}", fix="correct that line; TOML is described at toml.io"
        ) from error


def parse(content: Mapping[str, Any], origin: str) -> Job:
    """Check the content of a job file; `origin` names the file in errors.

    Raises:
        JobInvalid: as for `load`.
    """
    try:
        return Job.model_validate(content)
    except ValidationError as error:
        errors_by_key: dict[tuple[str, ...], list[Any]] = {}
        for one in error.errors():  # a value that fits none of several types is several errors
            errors_by_key.setdefault(_place(one["loc"]), []).append(one)
        problems = [_explain(place, errors) for place, errors in errors_by_key.items()]
        raise JobInvalid(
            f"{origin}: " + "; ".join(problem for problem, _ in problems),
            fix="; ".join(dict.fromkeys(fix for _, fix in problems)),
        ) from error


def _place(loc: Sequence[int | str]) -> tuple[str, ...]:
    """Drop the types and tags that pydantic puts between the keys of a location."""
    parts = [str(part) for part in loc]
    if parts[:2] == ["features", "columns"]:
        del parts[3:4]  # the kind, which chooses among the features
    types = [
        re.search(r"[\[(]", part) and tuple(parts[:i]) not in _NAMED for i, part in enumerate(parts)
    ]
    return tuple(part for part, is_type in zip(parts, types, strict=True) if not is_type)


def _explain(path: tuple[str, ...], errors: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Translate the errors of pydantic about one key into (problem, fix)."""
    key, first = ".".join(path), errors[0]
    if first["type"] == "extra_forbidden":
        allowed = _keys_beside(first["loc"])
        if not allowed:
            return f"unknown key {key}", f"delete {key}"
        near = nearest(path[-1], allowed)
        return f"unknown key {key}", f"use one of {', '.join(allowed)}{near}"
    if first["type"] == "missing":
        return f"{key} is missing", f"add {key} = …, as {_PAGE} says"
    message = " or ".join(one["msg"].removeprefix("Value error, ") for one in errors)
    if not path:
        return message, f"correct that, as {_PAGE} says"
    found = json.dumps(first["input"], default=str, ensure_ascii=False)
    return f"{key} = {found[:80]} is not allowed: {message}", f"set {key} as {_PAGE} says"


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    """List the keys that are allowed where an unknown one was found."""
    model: Any = Job
    for part in loc[:-1]:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if field is None:
            continue  # a list index, a key that the user chose, or a tag of a union
        model = next((kind for kind in _models_in(field.annotation)), model)
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _models_in(part)]
