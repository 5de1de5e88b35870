"""The feature spec: one entry of `[features.columns]` per input column.

A feature says how its column becomes numbers. What must be learned from data
for that (means, vocabularies) is `pipelines.features.analysis`; how a batch is turned
into numbers is `pipelines.features.mapper`. Training and scoring share all three.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.columns.frozen_lists import frozen_lists

DatePart = Literal["year", "month", "day", "weekday", "yearday", "hour", "minute"]


class _Closed(BaseModel):
    """Unknown keys, values of other types, infinities and later changes are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    _lists = model_validator(mode="before")(frozen_lists)


class Numeric(_Closed):
    """A number. Null and NaN are missing values and are filled.

    >>> Numeric(impute="median", bins=4).bins
    4
    """

    kind: Literal["numeric"] = Field(default="numeric", description="A number.")
    impute: Literal["mean", "median", "constant"] = Field(
        default="mean", description="What a missing value becomes; `constant` is `fill`."
    )
    fill: float = Field(
        default=0.0,
        description="The constant, also where training data has no value to take a mean of.",
    )
    scale: Literal["standard", "none"] = Field(
        default="standard",
        description="`standard`: mean 0 and variance 1 over the training rows, filled ones "
        "included.",
    )
    bins: int = Field(
        default=0,
        ge=0,
        le=256,
        description="0 keeps the number; from 2 on it is replaced by the one of this many "
        "quantile bins that it falls into, and `scale` has no meaning.",
    )
    minimum: float | None = Field(
        default=None, description="A row with a smaller value is quarantined."
    )
    maximum: float | None = Field(
        default=None, description="A row with a larger value is quarantined."
    )
    indicator: bool = Field(
        default=False, description="Adds a column that is 1 where the value was missing, else 0."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Numeric:
        if self.bins == 1:
            raise ValueError("bins = 1 would make every value the same; take 0 or at least 2")
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and low > high:
            raise ValueError("minimum must not exceed maximum")
        return self


class Categorical(_Closed):
    """One of a few texts. Null counts as a value of its own.

    The vocabulary holds the most frequent values of the training rows, ties in
    the order of their text. Everything else, null included where training had
    too few of it, is `unknown`: one more value, the last.
    """

    kind: Literal["categorical"] = Field(default="categorical", description="One of a few texts.")
    encode: Literal["onehot", "ordinal"] = Field(
        default="onehot",
        description="`onehot`: a column of 0 and 1 per value; `ordinal`: one column with the "
        "value's rank by frequency, from 0.",
    )
    max_values: int = Field(
        default=100, ge=1, le=100_000, description="The vocabulary has at most this many values."
    )
    min_count: int = Field(
        default=1, ge=1, description="A value that fewer training rows have is unknown."
    )


class Date(_Closed):
    """A time, as parts of the calendar in the job's timezone."""

    kind: Literal["date"] = Field(default="date", description="A time.")
    parts: tuple[DatePart, ...] = Field(
        default=("month", "weekday", "hour"),
        min_length=1,
        description="Parts to keep. Weekdays count from Monday = 0, `year` is in decades since "
        "2000.",
    )
    cyclic: bool = Field(
        default=True,
        description="Each part but `year` becomes a point on a circle (sine and cosine), so that "
        "December lies beside January; a missing time lies in its centre. Else the part's number, "
        "with the median of the training rows where the time is missing.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Date:
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("each part may stand once")
        return self


class Text(_Closed):
    """Free text, as weights of its words or characters. Null is the empty text.

    Of a text longer than 100,000 characters only so many are read.
    """

    kind: Literal["text"] = Field(default="text", description="Free text.")
    method: Literal["hashed", "vocabulary"] = Field(
        default="hashed",
        description="`hashed`: a term's column is its hash, of `size`; `vocabulary`: the "
        "`max_terms` terms in most training texts have a column each, others none.",
    )
    analyzer: Literal["word", "char"] = Field(
        default="word",
        description="Terms are runs of words (of two or more letters or digits) or of characters.",
    )
    ngrams: tuple[int, int] = Field(
        default=(1, 2), description="Shortest and longest run, from 1 to 8."
    )
    size: int = Field(
        default=2**16, ge=2, le=2**22, description="Columns of the hashed method; terms share them."
    )
    max_terms: int = Field(default=20_000, ge=1, le=500_000, description="Size of the vocabulary.")
    min_count: int = Field(
        default=1, ge=1, description="A term in fewer training texts has no column (vocabulary)."
    )
    lowercase: bool = Field(default=True, description="Upper and lower case are the same.")
    idf: bool = Field(
        default=True, description="Terms weigh less the more training texts have them."
    )
    norm: Literal["l2", "none"] = Field(
        default="l2", description="`l2`: the squares of a text's weights sum to 1."
    )

    @model_validator(mode="after")
    def _ngrams_in_range(self) -> Text:
        low, high = self.ngrams
        if not 1 <= low <= high <= 8:
            raise ValueError("ngrams takes [shortest, longest] with 1 <= shortest <= longest <= 8")
        return self


class Image(_Closed):
    """A picture (PNG, JPEG, GIF, BMP, WebP or TIFF), as its pixels within [0, 1].

    A missing picture becomes the mean of the training pictures.
    """

    kind: Literal["image"] = Field(default="image", description="A picture.")
    width: int = Field(default=32, ge=1, le=512, description="Pixels; the picture is resized.")
    height: int = Field(default=32, ge=1, le=512, description="Pixels; the picture is resized.")
    mode: Literal["L", "RGB"] = Field(
        default="L", description="`L` is grey, one number per pixel; `RGB` has three."
    )


Feature = Annotated[Numeric | Categorical | Date | Text | Image, Field(discriminator="kind")]


class FeatureSpec(_Closed):
    """Every feature of a job, in the order of the matrix.

    >>> spec = FeatureSpec.model_validate({"columns": {"age": {"kind": "numeric"}}})
    >>> spec.columns["age"].scale
    'standard'
    """

    columns: dict[str, Feature] = Field(
        default_factory=dict, description="The features by column, `[features.columns]`."
    )
    function: str | None = Field(
        default=None,
        pattern=r"^[^:]+\.py:[A-Za-z_]\w*$",
        description="`FILE.py:NAME` of a function from RecordBatch to RecordBatch that runs "
        "first, in training and scoring alike.",
    )
    known_after: tuple[str, ...] = Field(
        default=(),
        description="Columns that are known only after the prediction; none may be a feature.",
    )
