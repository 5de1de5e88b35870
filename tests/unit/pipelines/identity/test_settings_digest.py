"""A key of a later release changes the digest of no file that does not use it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from pipelines.identity.settings_digest import ADDED, content_of
from pipelines.job.closed_section import Section
from pipelines.job.job_file import Job
from pipelines.job.sections import AlertRule, Cohort, Sampling


class LaterSampling(Sampling):
    """With a key at the end of a path."""

    spread: int = Field(default=1, json_schema_extra=ADDED)


class LaterCohort(Cohort):
    """With a key in a table of the user's names."""

    labels: tuple[str, ...] = Field(default=(), json_schema_extra=ADDED)


class LaterAlert(AlertRule):
    """With a key in a list of tables, and one that has another name in the file."""

    from_: float = Field(default=0, alias="from", json_schema_extra=ADDED)


class Profile(Section):
    """A table that the first release does not know."""

    rows: int = 10


class LaterJob(Job):
    """What a later release knows."""

    sampling: LaterSampling
    cohorts: dict[str, LaterCohort] = Field(default_factory=dict)  # type: ignore[assignment]
    alerts: tuple[LaterAlert, ...] = ()
    profile: Profile = Field(default_factory=Profile, json_schema_extra=ADDED)


CONTENT: dict[str, Any] = {
    "name": "j",
    "task": "classification",
    "data": {"path": "x"},
    "target": {"answers": ["no", "yes"]},
    "predictions": {"label": "guess"},
    "cohorts": {"age": {"column": "age", "edges": [30, 50]}},
    "sampling": {"seed": "0" * 32},
    "alerts": [{"metric": "accuracy", "below": 0.9}, {"metric": "f1", "class": "no", "below": 0.5}],
}
USED: list[dict[str, Any]] = [
    {"sampling": {"seed": "0" * 32, "spread": 2}},
    {"cohorts": {"age": {"column": "age", "edges": [30, 50], "labels": ["young"]}}},
    {"alerts": [CONTENT["alerts"][0], {**CONTENT["alerts"][1], "from": 0.1}]},
    {"profile": {"rows": 11}},
]


SECTIONS = ("data", "batches", "target", "predictions", "sampling", "labeling")


def test_a_later_key_at_its_default_changes_no_digest() -> None:
    known = Job.model_validate(CONTENT).digest()

    assert LaterJob.model_validate(CONTENT).digest() == known
    named = {**CONTENT, "sampling": {"seed": "0" * 32, "spread": 1}, "profile": {"rows": 10}}
    assert LaterJob.model_validate(named).digest() == known


@pytest.mark.parametrize("used", USED, ids=lambda used: next(iter(used)))
def test_a_later_key_that_is_used_changes_the_digest(used: dict[str, Any]) -> None:
    job = LaterJob.model_validate({**CONTENT, **used})

    assert job.digest() != Job.model_validate(CONTENT).digest()


def test_keys_of_the_first_release_count_at_their_default() -> None:
    """Their digests stand in the runs of stores."""
    job = Job.model_validate(CONTENT)

    whole = job.model_dump(mode="json", by_alias=True)
    for part, values in ((job, whole), *((getattr(job, name), whole[name]) for name in SECTIONS)):
        for name, field in type(part).model_fields.items():
            if field.json_schema_extra == ADDED:
                del values[field.alias or name]
    assert content_of(job, by_alias=True) == whole
