"""The table of a job file that asks more about one class."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pipelines.columns.spelling import canonical
from pipelines.job.closed_section import Section

_SPELLED = BeforeValidator(lambda x: canonical(x) if isinstance(x, str | int | float) else x)


class ClassAim(Section):
    """A rare class that draws ask more about, such as `for = {metric = "f1", class = "fraud"}`; without it, they ask about all alike."""

    metric: Literal["precision", "recall", "f1"] = Field(description="What is to be known well.")
    class_: Annotated[str, _SPELLED] = Field(alias="class", description="One of `target.answers`.")
