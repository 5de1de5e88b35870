"""The job file: what to run. Typed, closed to unknown keys, hashed and stored beside its output.

Where to run (store, engine, Label Studio, secrets) is settings and never stands here.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.errors import JobInvalid
from pipelines.features import FeatureSpec

Task = Literal["classification", "regression"]
BatchRule = Literal["all", "path", "hour", "day", "week", "column"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """One table of the job file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Section):
    """Where the rows are, and what tells one from another."""

    path: str = Field(
        description="A Parquet or CSV file, or a pattern with `*` and `{batch}`. Relative paths start at the job file's folder; `s3://bucket/…` and `gs://bucket/…` are read from a bucket."
    )
    key: tuple[str, ...] | Literal["content"] = Field(
        default=(),
        description="The columns that name a row within its batch, or \"content\" to take the whole row. Without any: the file's digest and the row's number.",
    )
    time: str | None = Field(
        default=None,
        description="The column with the time of the event, in UTC or in the job's timezone where it has no zone.",
    )
    max_quarantined: Share = Field(
        default=0.1, description="A batch with a larger share of bad rows than this is refused."
    )

    @field_validator("key", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) and value != "content" else value


class Batches(Section):
    """How rows fall into batches."""

    by: BatchRule = Field(
        default="all",
        description="`path`: the value of `{batch}` in the path; `hour`, `day`, `week`: the period of the time column; `column`: the values of a column; `all`: one batch of that name.",
    )
    column: str | None = Field(default=None, description='The column, where `by = "column"`.')
    timezone: str = Field(
        default="UTC", description="Days and weeks begin at midnight here (an IANA name)."
    )
    settle: float = Field(
        default=0.0,
        ge=0,
        description="Hours that a period must be over before it is scored without `--early`.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("must be an IANA time zone, for example Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _column_is_named(self) -> Batches:
        if (self.by == "column") != (self.column is not None):
            raise ValueError('`column` goes with by = "column", and only with it')
        return self


class Target(Section):
    """What is predicted, and the answers that people may give."""

    column: str | None = Field(
        default=None,
        description="The column that holds the truth in training data. Without it, `fit` learns from people's answers (`push --purpose train`).",
    )
    answers: tuple[str, ...] = Field(
        default=(),
        description="The answer set of a classification: every class that may be right, also one that the model never predicts.",
    )

    @field_validator("answers")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("each answer may stand once")
        return value


class Model(Section):
    """The model that `fit` makes and `score` runs."""

    name: Name = Field(default="model", description="Folder of the model's versions in the store.")
    estimator: str = Field(
        default="LogisticRegression", description="A scikit-learn estimator of the tested list."
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Its parameters, as scikit-learn names them."
    )
    version: str | None = Field(
        default=None, description="Pins a version; without it the newest is live."
    )
    holdout: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of the rows, the latest by time (without a time: by keyed hash), that training leaves out to measure itself.",
    )
    max_rows: int = Field(
        default=1_000_000,
        ge=10,
        description="Training takes at most this many rows, chosen by keyed hash.",
    )


class Predictions(Section):
    """Predictions that another system made; instead of `[model]`."""

    label: str = Field(description="The column with the predicted label or number.")
    score: str | None = Field(
        default=None, description="The column with the label's probability, in [0, 1]."
    )
    probabilities: dict[str, str] = Field(
        default_factory=dict,
        description="For each class its column of probabilities; the label's own becomes the score.",
    )
    version: str | None = Field(
        default=None, description="The column with the version of the model that made them."
    )
    name: Name = Field(default="elsewhere", description="The name of that model.")


class Sampling(Section):
    """Which predictions people are asked about."""

    budget: int = Field(default=300, ge=1, description="Rows per batch.")
    seed: str = Field(
        description="128 random bits in hexadecimal, written by `init`. Another seed draws other rows.",
        min_length=16,
    )
    cohorts: tuple[str, ...] = Field(
        default=(),
        description="Cohorts that the sample is stratified by, the most important first; others are estimated as domains.",
    )


class Labeling(Section):
    """What people see and are asked."""

    show: tuple[str, ...] = Field(default=(), description="The only columns that people see.")
    texts: tuple[str, ...] = Field(
        default=(),
        description="Those of `show` that are long texts, shown as such and not as a cell; text features are anyway.",
    )
    pictures: tuple[str, ...] = Field(
        default=(), description="Those of `show` that hold pictures; image features do anyway."
    )
    question: str = Field(
        default="What is right?", min_length=1, description="The question above the answers."
    )
    instructions: str = Field(default="", description="Shown to people before they begin.")
    guideline: str | None = Field(
        default=None, pattern=r"^https?://\S+$", description="A link to longer instructions."
    )
    overlap: Share = Field(
        default=0.0, description="Share of the questions that several people answer."
    )
    annotators: int = Field(default=2, ge=2, le=10, description="How many people answer those.")
    train_budget: int = Field(
        default=500, ge=1, description="Rows that `push --purpose train` asks about per batch."
    )
    outcomes: Literal["self-selected", "complete"] = Field(
        default="self-selected",
        description="`complete` says that every row of a batch gets its outcome without being asked; then it is a census.",
    )


class Cohort(Section):
    """A group of rows whose accuracy is of interest by itself."""

    column: str = Field(description="The column that it is made from.")
    edges: tuple[float, ...] = Field(
        default=(), description="For a number: where one group ends and the next begins."
    )

    @field_validator("edges")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("edges must ascend")
        return value


class Alert(Section):
    """A line that a metric should not cross; looked at once per closed window."""

    metric: Literal["accuracy", "precision", "recall", "f1", "mae", "rmse"] = Field(
        description="The metric."
    )
    class_: str | None = Field(
        default=None, alias="class", description="The class, for precision, recall and f1."
    )
    below: float | None = Field(default=None, description="Fires when the metric is surely below.")
    above: float | None = Field(default=None, description="Fires when the metric is surely above.")
    period: Literal["batch", "day", "week", "month"] = Field(
        default="week", description="The windows that are looked at."
    )
    cohort: str | None = Field(default=None, description="`name=value`, or all rows.")

    @model_validator(mode="after")
    def _one_line(self) -> Alert:
        if (self.below is None) == (self.above is None):
            raise ValueError("an alert takes `below` or `above`")
        return self


class Job(Section):
    """A whole job file."""

    name: Name = Field(description="Names the job in the store.")
    task: Task = Field(description="Classes or numbers.")
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
    predictions: Predictions | None = Field(
        default=None, description="Predictions that another system made; instead of `[model]`."
    )
    sampling: Sampling = Field(description="Which predictions people are asked about.")
    labeling: Labeling = Field(
        default_factory=Labeling, description="What people see and are asked."
    )
    cohorts: dict[str, Cohort] = Field(
        default_factory=dict, description="Groups of rows, `[cohorts.NAME]`."
    )
    metrics: tuple[Literal["accuracy", "precision", "recall", "f1", "mae", "rmse"], ...] = Field(
        default=(), description="The metrics that are estimated; without any, all of the task."
    )
    alerts: tuple[Alert, ...] = Field(
        default=(), description="Lines that a metric should not cross, `[[alerts]]`."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Job:
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self

    @property
    def model_name(self) -> str:
        """The name that predictions carry."""
        return self.model.name if self.model else self.predictions.name  # type: ignore[union-attr]

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the key, none for a key by position or content."""
        return () if self.data.key == "content" else self.data.key

    def digest(self) -> str:
        """A hash of everything that the file says, whatever its order and comments: 16 hex digits."""
        text = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _contradictions(job: Job) -> list[str]:
    """What single keys cannot show, as sentences."""
    found = []
    if (job.model is None) == (job.predictions is None):
        found.append("a job has either [model] or [predictions]")
    if job.batches.by in ("hour", "day", "week") and job.data.time is None:
        found.append(
            f'batches.by = "{job.batches.by}" needs data.time, the column with the time of the event'
        )
    if (job.batches.by == "path") != ("{batch}" in job.data.path):
        found.append('batches.by = "path" goes with {batch} in data.path')
    if job.model and not job.features.columns:
        found.append("features.columns is empty: a model needs at least one feature")
    found += _forbidden_features(job)
    for cohort in job.sampling.cohorts:
        if cohort not in job.cohorts:
            found.append(
                f"sampling.cohorts names {cohort!r}, which is not in [cohorts]{_nearest(cohort, job.cohorts)}"
            )
    if job.task == "classification" and len(job.target.answers) == 1:
        found.append("target.answers needs at least two answers")
    return found


def _forbidden_features(job: Job) -> list[str]:
    """Columns that would tell the model, or the labeler, the answer."""
    secret = dict.fromkeys(
        job.features.known_after, "it is known only after the prediction (features.known_after)"
    )
    if job.target.column:
        secret[job.target.column] = "it is the target"
    if job.predictions:
        told = [
            job.predictions.label,
            job.predictions.score,
            *job.predictions.probabilities.values(),
        ]
        secret |= dict.fromkeys(
            [name for name in told if name], "it holds the prediction, and labelers are blind"
        )
    used = [(name, "features.columns") for name in job.features.columns]
    used += [
        (name, "labeling.show")
        for name in job.labeling.show
        if name not in job.features.known_after
    ]
    return [
        f"{name!r} may not stand in {where}: {secret[name]}"
        for name, where in used
        if name in secret
    ]


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
        raise JobInvalid(
            f"{path}: cannot be read ({error.__class__.__name__})",
            fix="name a recheck.toml; `recheck init DIR --data FILE --target COLUMN` writes one",
        ) from error
    try:
        return parse(tomllib.loads(text), str(path))
    except tomllib.TOMLDecodeError as error:
        raise JobInvalid(
            f"{path}: not TOML: {error}", fix="correct that line; TOML is described at toml.io"
        ) from error


def parse(content: Mapping[str, Any], origin: str) -> Job:
    """Check the content of a job file; `origin` is named in errors.

    Raises:
        JobInvalid: as for `load`.
    """
    try:
        return Job.model_validate(content)
    except ValidationError as error:
        problems = [_explain(dict(one)) for one in error.errors()]
        raise JobInvalid(
            f"{origin}: " + "; ".join(problem for problem, _ in problems),
            fix="; ".join(dict.fromkeys(fix for _, fix in problems)),
        ) from error


def _explain(error: dict[str, Any]) -> tuple[str, str]:
    """One of pydantic's errors as (problem, fix)."""
    place = [
        str(part) for part in error["loc"] if not str(part).startswith(("function-", "tagged-"))
    ]
    key = ".".join(place) or "the file"
    if error["type"] == "extra_forbidden":
        known = _keys_beside(error["loc"])
        return (
            f"unknown key {key}",
            f"use one of {', '.join(known)}{_nearest(place[-1], known)}"
            if known
            else f"delete {key}",
        )
    if error["type"] == "missing":
        return f"{key} is missing", f"add {key} = …, as docs/reference/job.md says"
    found = json.dumps(error["input"], default=str, ensure_ascii=False)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return (
            f"{key}: {message}" if place else message,
            f"correct {key}, as docs/reference/job.md says",
        )
    return (
        f"{key} = {found[:80]} is not allowed: {message}",
        f"set {key} as docs/reference/job.md says",
    )


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed where an unknown one was found."""
    model: Any = Job
    for part in loc[:-1]:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if field is None:
            continue  # a list index, a name of the user's, or a tag of a union
        model = next((kind for kind in _models_in(field.annotation)), model)
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _models_in(part)]


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
