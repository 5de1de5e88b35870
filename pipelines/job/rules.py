"""What reading, scoring and training need to know of a job: small records instead of all of it.

They travel to workers. `reading_rules` is the only place that makes them from a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipelines.features.spec import FeatureSpec, Image, Numeric
from pipelines.job.job_file import Job
from pipelines.job.sections import BatchedBy, Cohort, PredictionColumns, Target
from pipelines.models.catalogue import TaskType


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """The names and the seed that prediction ids, keyed hashes and stored rows derive from."""

    job: str
    model: str
    seed: str


@dataclass(frozen=True, slots=True)
class BatchRule:
    """How rows fall into batches."""

    by: BatchedBy = "all"
    column: str | None = None  # the one that names the batch, or holds the time of its period
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How the rows of a job's files are read: names, types and columns."""

    identity: JobIdentity
    task: TaskType
    key: tuple[str, ...] | Literal["content"]
    time: str | None  # the column with the time of the event
    batches: BatchRule
    target: Target
    features: FeatureSpec
    predictions: PredictionColumns | None  # of another system
    shown: tuple[str, ...]  # columns that people see
    pictures: tuple[str, ...]  # columns that hold pictures, or paths of them
    cohorts: Mapping[str, Cohort]

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the key, none for a key by position or content."""
        return () if self.key == "content" else self.key

    @property
    def number_columns(self) -> frozenset[str]:
        """The columns that must hold numbers."""
        found = [cohort.column for cohort in self.cohorts.values() if cohort.edges]
        if self.features.function is None:  # else it makes the features
            columns = self.features.columns.items()
            found += [name for name, feature in columns if isinstance(feature, Numeric)]
        theirs = self.predictions
        if theirs:
            found += [*filter(None, [theirs.score]), *theirs.probabilities.values()]
        if self.task == "regression":
            truth = theirs.label if theirs else self.target.column
            found += [truth] if truth else []
        return frozenset(found)


def reading_rules(job: Job) -> ReadingRules:
    """Take from a job what reading its rows needs."""
    columns = job.features.columns.items()
    images = [name for name, feature in columns if isinstance(feature, Image)]
    return ReadingRules(
        identity=JobIdentity(job.name, job.model_name, job.sampling.seed),
        task=job.task,
        key=job.data.key,
        time=job.data.time,
        batches=batch_rule(job),
        target=job.target,
        features=job.features,
        predictions=job.predictions,
        shown=job.labeling.show,
        pictures=tuple(dict.fromkeys([*images, *job.labeling.pictures])),
        cohorts=job.cohorts,
    )


def batch_rule(job: Job) -> BatchRule:
    """Take from a job what tells the batch of a row."""
    is_period = job.batches.by in ("hour", "day", "week")
    column = job.data.time if is_period else job.batches.column
    return BatchRule(job.batches.by, column, job.batches.timezone)
