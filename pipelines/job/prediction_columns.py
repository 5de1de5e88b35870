"""The table `[predictions]` of a job file: the columns of predictions that another system made."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag, field_validator

from pipelines.columns.spelling import canonical
from pipelines.identity.settings_digest import ADDED
from pipelines.job.closed_section import Section
from pipelines.job.sections import ColumnName, Name


class Quarantined(Section):
    """In `[predictions.map]`, `"TEXT" = "ANSWER"` says what a predicted text stands for, and `"TEXT" = {quarantine = "REASON"}` that it is no prediction. A text that ends in `*` stands for all that begin so and are no answer."""

    reason: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]{0,39}$")] = Field(
        alias="quarantine", description="The reason that `quarantine` names."
    )


def _kind(value: object) -> str:
    return "a text()" if isinstance(value, str) else "a table()"


# with names that `job_file` leaves out of the place of an error
MapsTo = Annotated[
    Annotated[str, Tag("a text()")] | Annotated[Quarantined, Tag("a table()")], Discriminator(_kind)
]


class PredictionColumns(Section):
    """Predictions that another system made; instead of `[model]`."""

    label: ColumnName = Field(description="The column with the predicted label or number.")
    score: ColumnName | None = Field(
        default=None, description="The column with the label's probability, in [0, 1]."
    )
    score_of: str | None = Field(
        default=None,
        description="Of two answers, the one whose probability `score` holds in every row; without it, that of the label.",
        json_schema_extra=ADDED,
    )
    probabilities: dict[str, ColumnName] = Field(
        default_factory=dict,
        description="For each class its column of probabilities; the label's own becomes the score. Instead of `score`.",
    )
    version: ColumnName | None = Field(
        default=None, description="The column with the version of the model that made them."
    )
    map_: dict[str, MapsTo] = Field(
        default_factory=dict,
        alias="map",
        description='For each predicted text that is none of the answers the one that it stands for, or a reason for quarantine: `{"Good" = "good", "I cannot*" = {quarantine = "refusal"}}`. A text that ends in `*` stands for all that begin so and are no answer.',
        json_schema_extra=ADDED,
    )
    name: Name = Field(default="elsewhere", description="The name of that model.")

    @field_validator("score_of")
    @classmethod
    def _spelled_class(cls, value: str | None) -> str | None:
        return None if value is None else str(canonical(value))

    @field_validator("map_")
    @classmethod
    def _spelled_map(cls, value: dict[str, str | Quarantined]) -> dict[str, str | Quarantined]:
        """Spell texts as labels are spelled, and classes as answers are."""
        spelled = {
            str(canonical(text)): to if isinstance(to, Quarantined) else str(canonical(to))
            for text, to in value.items()
        }
        if len(spelled) != len(value):
            raise ValueError("each text may stand once")
        return spelled

    @field_validator("probabilities")
    @classmethod
    def _spelled(cls, value: dict[str, str]) -> dict[str, str]:
        """Spell answers as labels are spelled, or no row would find its class here."""
        spelled = {str(canonical(answer)): column for answer, column in value.items()}
        if len(spelled) != len(value):
            raise ValueError("each answer may stand once")
        return spelled
