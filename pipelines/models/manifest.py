"""The manifest of a model package: its recipe, statistics, metrics and file digests.

The version of a model is the hash of its recipe, which is everything that it was
made from. It is not a hash of the files, because the same model can be written as
other bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.features.fitted import FittedStatistics
from pipelines.features.spec import FeatureSpec
from pipelines.identity.settings_digest import content_of
from pipelines.models.catalogue import TaskType

FORMAT: Final = 1
"""Of the package. A change in what the same recipe computes is a new format."""

_VERSION_DIGITS: Final = 12


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TrainingData(_Record):
    """The rows that the model learned from, the hold-out included."""

    digest: str = Field(description="Order-free digest of the rows: their number and a hash.")
    rows: int = Field(ge=0, description="Rows that the model was fitted on.")
    holdout_rows: int = Field(ge=0, description="Rows that were left out to measure it.")
    batches: tuple[str, ...] = Field(default=(), description="The batches that they come from.")


class Recipe(_Record):
    """The recipe of a model: everything that decides what it computes."""

    format: int = Field(default=FORMAT, description="Format of the package.")
    name: str = Field(min_length=1, description="The model's name.")
    task: TaskType = Field(description="Classes or numbers.")
    labels: tuple[str, ...] = Field(
        default=(), description="The label set in the order of its codes; empty for numbers."
    )
    features: FeatureSpec = Field(description="The features, in the order of the matrix.")
    timezone: str = Field(default="UTC", description="Where a date's day begins.")
    function: str | None = Field(
        default=None, description="SHA-256 of the function that runs before the features."
    )
    estimator: str = Field(description="Class name in scikit-learn.")
    parameters: dict[str, Any] = Field(description="What it was given, our defaults included.")
    holdout: float = Field(default=0.0, description="Share of the rows that was left out.")
    training: TrainingData = Field(description="The rows.")
    seed_digest: str = Field(description="Hash of the seed; the seed itself stays in the job.")
    libraries: dict[str, str] = Field(
        description="Minor versions of the libraries that trained it."
    )


class FileNote(_Record):
    """The digest and size that a file of the package must have."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of its bytes.")
    size: int = Field(ge=0, description="Bytes.")


class EvaluatorNote(_Record):
    """The evaluator that runs the model."""

    kind: str = Field(description="`linear`: plain arrays; `library`: by scikit-learn.")
    reason: str = Field(description="Why it is this kind.")
    config: dict[str, Any] = Field(description="What the evaluator needs besides its files.")
    libraries: dict[str, str] = Field(
        description="Versions of the libraries that its results depend on."
    )


class Manifest(_Record):
    """The manifest: all facts of a package, and the digest of each of its files."""

    version: str = Field(pattern="^[0-9a-f]{12}$", description="Hash of the recipe.")
    recipe: Recipe = Field(description="What the model was made from.")
    statistics: FittedStatistics = Field(description="What the features learned.")
    evaluator: EvaluatorNote = Field(description="How the model is run.")
    metrics: dict[str, float] = Field(description="Measured on the hold-out.")
    notes: tuple[str, ...] = Field(default=(), description="Warnings of the fit.")
    job: str | None = Field(
        default=None, description="The job that fitted it; null in packages of earlier releases."
    )
    job_hash: str = Field(description="Of the job file at the fit.")
    code_revision: str = Field(description="Of Recheck at the fit.")
    libraries: dict[str, str] = Field(description="Library versions at the fit.")
    files: dict[str, FileNote] = Field(description="Every other file but the signature.")

    def to_json(self) -> bytes:
        """Return the bytes that are signed. Features keep their order, which is that of the matrix."""
        content = self.model_dump(mode="json")
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read a manifest whose signature was verified.

        Raises:
            PackageRefused: it cannot be understood.
            VersionsDiffer: another version of Recheck wrote it.
        """
        try:
            content = json.loads(data)
            written = content["recipe"]["format"]
            if written == FORMAT:
                return cls.model_validate(content)
        except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise PackageRefused(
                f"the manifest cannot be understood: {error}",
                fix="score with the version of Recheck that packaged it, or fit the model again",
            ) from error
        raise VersionsDiffer(
            f"the package has format {written}, this version of Recheck reads {FORMAT}",
            fix="score with the version of Recheck that packaged it, or fit the model again",
        )


def version_of(recipe: Recipe) -> str:
    """Return the version of the model of a recipe: 12 hex digits.

    Job files that differ only in the order of their keys have one version. Another
    order of features is another matrix, and so another version.
    """
    content = content_of(recipe)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]


def installed(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of distributions, without importing them; absent ones are left out.

    >>> installed(["no-such-distribution"])
    {}
    """
    from importlib import metadata  # a cold start of plain arrays does not need it

    versions = {}
    for name in sorted(names):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def minor(version: str) -> str:
    """Return the part of a version that two machines must share.

    >>> minor("1.9.1")
    '1.9'
    """
    return ".".join(version.split(".")[:2])
