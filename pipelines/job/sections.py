"""The tables of a job file, one class each. A key that a table does not know is an error."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from pipelines.columns.spelling import canonical
from pipelines.identity.settings_digest import ADDED
from pipelines.job.class_aim import ClassAim
from pipelines.job.closed_section import Section
from pipelines.job.limits import MOST_ROWS
from pipelines.job.metric_names import Metric

BatchedBy = Literal["all", "path", "hour", "day", "week", "month", "column"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
ColumnName = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Batches(Section):
    """How rows fall into batches."""

    by: BatchedBy = Field(
        default="all",
        description="`path`: the value of `{batch}` in the path; `hour`, `day`, `week`, `month`: the period of the time column; `column`: the values of a column; `all`: one batch of that name.",
    )
    column: ColumnName | None = Field(
        default=None, description='The column, where `by = "column"`.'
    )
    timezone: str = Field(
        default="UTC", description="Days, weeks and months begin at midnight here (an IANA name)."
    )
    settle: float = Field(
        default=0.0,
        ge=0,
        le=87_600,
        description="Hours that a period must be over before it is scored without `--early`.",
    )
    first: str | None = Field(
        default=None,
        alias="from",
        description="The first batch that `run` works on by itself; without it, `run` leaves out the batches that the live model was trained on.",
        json_schema_extra=ADDED,
    )
    on_change: Literal["tell", "replace"] = Field(
        default="tell",
        description="What becomes of a published batch whose input changed: it is told, or scored again and replaced.",
        json_schema_extra=ADDED,
    )

    expect: Literal["hour", "day", "week", "month"] | None = Field(
        default=None,
        description="The period that data come in: one that is over, has settled and has no row raises an alert.",
        json_schema_extra=ADDED,
    )

    @field_validator("first", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value

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

    column: ColumnName | None = Field(
        default=None,
        description="The column that holds the truth in training data. Without it, `fit` learns from people's answers (`push --purpose train`).",
    )
    answers: tuple[str, ...] = Field(
        default=(),
        description="The answer set of a classification: every class that may be right, also one that the model never predicts.",
    )

    @field_validator("answers", mode="before")
    @classmethod
    def _spelled(cls, value: object) -> object:
        """Spell answers as targets and people's answers are spelled: 3.0 is `3`, True is `true`."""
        if not isinstance(value, (list, tuple)):
            return value
        plain = (str, int, float)
        return tuple(canonical(one) if isinstance(one, plain) else one for one in value)

    @field_validator("answers")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("each answer may stand once")
        if "" in value:
            raise ValueError("an answer needs at least one letter")
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
    from_job: Name | None = Field(
        default=None,
        description="The job of the same store that fitted the model, where it is not this one.",
        json_schema_extra=ADDED,
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


class Sampling(Section):
    """Which predictions people are asked about."""

    budget: int = Field(default=300, ge=1, le=MOST_ROWS, description="Rows per batch.")
    seed: str = Field(
        description="128 random bits in hexadecimal, written by `init`. Another seed draws other rows.",
        min_length=16,
    )
    cohorts: tuple[str, ...] = Field(
        default=(),
        description="Cohorts that the sample is stratified by, the most important first; others are estimated as domains.",
    )
    for_: ClassAim | None = Field(
        default=None, alias="for", description="A class to ask more about.", json_schema_extra=ADDED
    )


class Labeling(Section):
    """What people see and are asked."""

    show: tuple[ColumnName, ...] = Field(
        default=(),
        description="The only columns that people see. Without any, nobody can be asked, and answers come by file alone.",
    )
    texts: tuple[ColumnName, ...] = Field(
        default=(),
        description="Those of `show` that are long texts, shown as such and not as a cell; text features are anyway.",
    )
    pictures: tuple[ColumnName, ...] = Field(
        default=(), description="Those of `show` that hold pictures; image features do anyway."
    )
    allow_revealing: tuple[ColumnName, ...] = Field(
        default=(),
        description="Those of `show` that people see although their values tell the prediction; `sample` and `push` refuse others.",
        json_schema_extra=ADDED,
    )
    question: str = Field(
        default="What is right?", min_length=1, description="The question above the answers."
    )
    instructions: str = Field(default="", description="Shown to people before they begin.")
    guideline: str | None = Field(
        default=None, pattern=r"^https?://\S+$", description="A link to longer instructions."
    )
    links: tuple[ColumnName, ...] = Field(
        default=(),
        description="Those of `show` that hold addresses, which people may then open: those of http and https, in another tab.",
        json_schema_extra=ADDED,
    )
    unit: str = Field(
        default="",
        max_length=40,
        description="What numbers are counted in, such as `kg`; stands beside the field.",
        json_schema_extra=ADDED,
    )
    minimum: float | None = Field(
        default=None,
        description="The smallest number that may be right; a smaller answer is `invalid`.",
        json_schema_extra=ADDED,
    )
    maximum: float | None = Field(
        default=None,
        description="The largest number that may be right; a larger answer is `invalid`.",
        json_schema_extra=ADDED,
    )
    cannot_tell: tuple[Annotated[str, Field(min_length=1, max_length=80)], ...] = Field(
        default=(),
        description='Reasons why people may be unable to answer, such as `["the picture is blurred"]`: each is a choice, and counts as `skipped`.',
        json_schema_extra=ADDED,
    )
    overlap: Share = Field(
        default=0.0, description="Share of the questions that several people answer."
    )
    annotators: int = Field(default=2, ge=2, le=10, description="How many people answer those.")
    train_budget: int = Field(
        default=500,
        ge=1,
        le=MOST_ROWS,
        description="Rows that `push --purpose train` asks about per batch.",
    )
    outcomes: Literal["self-selected", "complete"] = Field(
        default="self-selected",
        description="`complete` says that every row of a batch gets its outcome without being asked; then it is a census.",
    )
    outcomes_path: str | None = Field(
        default=None,
        description="Files of outcomes that `run` takes by itself, as `pull --file` does: a path or pattern, of CSV, JSON Lines or Parquet with `key`, `batch` (or the time column) and `answer`. A file that did not change is not read again.",
        json_schema_extra=ADDED,
    )


class ReportPage(Section):
    """What the page of `recheck report` holds of single rows: pages get mailed."""

    rows: Literal["none", "keys", "shown"] = Field(
        default="keys",
        description="Of rows that were predicted wrongly: nothing, their keys, or also the row as people saw it.",
    )


class Cohort(Section):
    """A group of rows whose accuracy is of interest by itself."""

    column: ColumnName = Field(description="The column that it is made from.")
    edges: tuple[float, ...] = Field(
        default=(), description="For a number: where one group ends and the next begins."
    )

    @field_validator("edges")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("edges must ascend")
        return value


class AlertLook(Section):
    """When a window that is over gets its one look."""

    answered: Share = Field(
        default=0.9, description="As soon as this share of its questions is answered."
    )
    after: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[hd]$")] = Field(
        default="7d",
        description="At the latest so many hours (`h`) or days (`d`) after it closed; where its name has no time, after its last answer.",
    )

    @property
    def wait(self) -> timedelta:
        """How long a look waits for answers at most."""
        number = int(self.after[:-1])
        return timedelta(hours=number) if self.after[-1] == "h" else timedelta(days=number)


class AlertRule(Section):
    """A line that a metric should not cross; looked at once per closed window."""

    metric: Metric = Field(description="The metric.")
    class_: str | None = Field(
        default=None,
        alias="class",
        description="The class, for metrics of a single class, such as recall.",
    )
    below: float | None = Field(default=None, description="Fires when the metric is surely below.")
    above: float | None = Field(default=None, description="Fires when the metric is surely above.")
    period: Literal["batch", "day", "week", "month"] = Field(
        default="week", description="The windows that are looked at."
    )
    cohort: str | None = Field(default=None, description="`name=value`, or all rows.")

    @model_validator(mode="after")
    def _one_line(self) -> AlertRule:
        if (self.below is None) == (self.above is None):
            raise ValueError("an alert takes `below` or `above`")
        return self
