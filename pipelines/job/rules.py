"""What reading, scoring and training need to know of a job: small records instead of all of it.

They travel to workers. `reading_rules` is the only place that makes them from a job.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipelines.columns.epochs import Unit
from pipelines.features.spec import FeatureSpec, Image, Numeric
from pipelines.formats.file_rules import CURRENT, FIRST, FileRules, is_number
from pipelines.job.job_file import Job
from pipelines.job.periods import PERIODS
from pipelines.job.prediction_columns import PredictionColumns
from pipelines.job.sections import BatchedBy, Cohort, Target
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
    column: str | None = None  # holds the name of the batch, or the time of the event
    timezone: str = "UTC"
    number: int = CURRENT  # of the rules by which files are read
    unit: Unit | None = None  # of times that are numbers


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How the rows of a job's files are read: names, types and columns."""

    identity: JobIdentity
    task: TaskType
    key: tuple[str, ...] | Literal["content"]
    time: str | None  # the column with the time of the event
    time_unit: Unit | None  # where it is a number
    batches: BatchRule
    target: Target
    features: FeatureSpec
    predictions: PredictionColumns | None  # columns of predictions made elsewhere
    shown: tuple[str, ...]  # columns that people see
    pictures: tuple[str, ...]  # columns that hold pictures, or paths of them
    cohorts: Mapping[str, Cohort]
    files: FileRules  # how values are written in the files

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the key, none for a key by position or content."""
        return () if self.key == "content" else self.key

    @property
    def number_columns(self) -> frozenset[str]:
        """The columns that must hold numbers."""
        columns = [cohort.column for cohort in self.cohorts.values() if cohort.edges]
        if self.features.function is None:  # else the function makes the features
            features = self.features.columns.items()
            columns += [name for name, feature in features if isinstance(feature, Numeric)]
        theirs = self.predictions
        if theirs:
            columns += [*filter(None, [theirs.score]), *theirs.probabilities.values()]
        if self.task == "regression":
            truth = theirs.label if theirs else self.target.column
            columns += [truth] if truth else []
        return frozenset(columns)

    @property
    def coded_numbers(self) -> frozenset[str]:
        """The columns of classes that are numbers: there, `NA` is a missing value."""
        label = self.predictions.label if self.predictions else None
        is_ours = label is not None and self.task == "classification" and self.files.number > FIRST
        answers = self.target.answers
        return frozenset({str(label)} if is_ours and all(map(is_number, answers)) else ())


def reading_rules(job: Job, number: int = CURRENT) -> ReadingRules:
    """Take from a job what reading its rows needs, by the rules of a number."""
    columns = job.features.columns.items()
    images = [name for name, feature in columns if isinstance(feature, Image)]
    return ReadingRules(
        identity=JobIdentity(job.name, job.model_name, job.sampling.seed),
        task=job.task,
        key=job.data.key,
        time=job.data.time,
        time_unit=job.data.time_unit,
        batches=batch_rule(job, number),
        target=job.target,
        features=job.features,
        predictions=job.predictions,
        shown=job.labeling.show,
        pictures=tuple(dict.fromkeys([*images, *job.labeling.pictures])),
        cohorts=job.cohorts,
        files=file_rules(job, number),
    )


def file_rules(job: Job, number: int = CURRENT) -> FileRules:
    """Take from a job how values are written in its files, by the rules of a number."""
    data = job.data
    encoding = data.encoding and codecs.lookup(data.encoding).name
    other = None if encoding == "utf-8" else encoding
    return FileRules(number, data.missing, data.delimiter, other, data.decimal)


def batch_rule(job: Job, number: int = CURRENT) -> BatchRule:
    """Take from a job what tells the batch of a row."""
    is_period = job.batches.by in PERIODS
    column = job.data.time if is_period else job.batches.column
    unit = job.data.time_unit if is_period else None
    return BatchRule(job.batches.by, column, job.batches.timezone, number, unit)
