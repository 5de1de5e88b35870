"""Fitted statistics: what the features learned from the training rows, one record each.

The records are plain numbers and texts. The model package holds them as JSON, in
which floats keep their bits.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.features.spec import DatePart


class _Learned(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FittedNumeric(_Learned):
    """The numbers that a numeric feature is filled, scaled and binned by."""

    kind: Literal["numeric"] = "numeric"
    count: int  # rows with a value
    missing: int
    minimum: float | None  # None without any value
    maximum: float | None
    fill: float
    mean: float  # what scaling subtracts; 0 without scaling
    deviation: float  # what scaling divides by; 1 without scaling
    edges: tuple[float, ...]  # each is the lower end of a bin; one more bin lies below the first
    rank_error: float  # of the edges and the median, as a share of the rows


class FittedCategorical(_Learned):
    """A vocabulary; a value's code is its index, and the code after the last is `unknown`."""

    kind: Literal["categorical"] = "categorical"
    values: tuple[str | None, ...]
    counts: tuple[int, ...]
    share: float  # of the training rows that were counted, 1 unless there were too many values


class FittedDate(_Learned):
    """The median of each part, for missing times."""

    kind: Literal["date"] = "date"
    medians: dict[DatePart, int]


class FittedText(_Learned):
    """A vocabulary (empty where terms are hashed), and a weight per column (empty for all 1)."""

    kind: Literal["text"] = "text"
    terms: tuple[str, ...]
    idf: tuple[float, ...]
    share: float  # of the training rows that were counted, 1 unless there were too many terms


class FittedImage(_Learned):
    """The mean picture, for missing ones: pixels within [0, 1], row by row."""

    kind: Literal["image"] = "image"
    fill: tuple[float, ...]


Fitted = Annotated[
    FittedNumeric | FittedCategorical | FittedDate | FittedText | FittedImage,
    Field(discriminator="kind"),
]


class FittedStatistics(_Learned):
    """The statistics of all features: what a mapper needs besides the spec.

    >>> fitted = FittedStatistics(rows=0, columns={})
    >>> FittedStatistics.from_dict(fitted.to_dict()) == fitted
    True
    """

    rows: int  # training rows
    columns: dict[str, Fitted]

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary for JSON, from which every float comes back with the same bits."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> FittedStatistics:
        """Read what `to_dict` wrote."""
        return cls.model_validate(content)
