"""The table `[data]` of a job file: where the rows are, and how their values are written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from pipelines.columns.epochs import Unit
from pipelines.formats.file_rules import is_encoding
from pipelines.identity.settings_digest import ADDED
from pipelines.job.closed_section import Section
from pipelines.job.sections import ColumnName, Share


class Data(Section):
    """Where the rows are, and what tells one from another."""

    path: str = Field(
        description="A Parquet, CSV or JSON Lines file, or a pattern with `*` and `{batch}`. Relative paths start at the job file's folder; `s3://bucket/…` and `gs://bucket/…` are read from a bucket. `delta:ADDRESS` is a Delta table, `sql:NAME` the `query` of a database of the settings."
    )
    query: str | None = Field(
        default=None,
        min_length=1,
        description="What is read of the database of `sql:NAME`: one SELECT.",
        json_schema_extra=ADDED,
    )
    key: tuple[ColumnName, ...] | Literal["content"] = Field(
        default=(),
        description="The columns that name a row within its batch, or \"content\" to take the whole row. Without any: the file's digest and the row's number.",
    )
    time: ColumnName | None = Field(
        default=None,
        description="The column with the time of the event, in UTC or in the job's timezone where it has no zone.",
    )
    time_unit: Unit | None = Field(
        default=None,
        description='The unit of a time that is a number since 1970 in UTC: `"s"`, `"ms"`, `"us"` or `"ns"`. Numbers of another unit are no times.',
        json_schema_extra=ADDED,
    )
    max_quarantined: Share = Field(
        default=0.1, description="A batch with a larger share of bad rows than this is refused."
    )

    missing: tuple[str, ...] = Field(
        default=(),
        description='Words that mean a missing value in any column, such as `["NA", "n/a"]`. In CSV, nothing, `NULL` and `\\N` do anyway, quoted or not; `NA` does among numbers.',
        json_schema_extra=ADDED,
    )

    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None,
        description='What stands between the values of a CSV file: `","`, `";"`, `"|"` or a tab (`"\\t"`). Without it, a comma, and a tab in `.tsv`.',
        json_schema_extra=ADDED,
    )
    encoding: str | None = Field(
        default=None,
        description="The encoding of CSV and JSON Lines, such as `cp1252`, `iso-8859-15` or `utf-16`. Without it, UTF-8.",
        json_schema_extra=ADDED,
    )
    decimal: Literal[".", ","] = Field(
        default=".",
        description="The decimal mark of numbers in CSV. With a comma, points between groups of three digits are left out: `1.234,5` is 1234.5.",
        json_schema_extra=ADDED,
    )

    @property
    def is_table(self) -> bool:
        """Whether the rows are those of a table or a query, and of no file."""
        return self.path.startswith(("delta:", "sql:"))

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None and not is_encoding(value):
            raise ValueError("must be an encoding that Python knows, for example cp1252")
        return value

    @field_validator("key", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) and value != "content" else value
