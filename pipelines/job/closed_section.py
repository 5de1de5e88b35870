"""The base of all tables of a job file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from pipelines.columns.frozen_lists import frozen_lists


class Section(BaseModel):
    """A table of the job file, closed to unknown keys and to values of other types."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    _lists = model_validator(mode="before")(frozen_lists)
