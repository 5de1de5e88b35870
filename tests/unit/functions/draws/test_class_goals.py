"""What a draw for a rare class needs of a batch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest

from functions.batches.attempts import Attempt, rules
from functions.draws.class_goals import class_goal
from functions.tables import Views
from pipelines.errors import StepMissing
from pipelines.job import job_file
from pipelines.job.job_file import Job

NO_TABLES = cast("Views", None)  # they are not looked at before the batch is known to do


def job(**sampling: object) -> Job:
    content = {
        "name": "job",
        "task": "classification",
        "data": {"path": "payments.csv", "key": ["id"]},
        "target": {"answers": ["fraud", "fine"]},
        "predictions": {"label": "guess", "score": "p"},
        "labeling": {"show": ["text"], "question": "Fraud?"},
        "sampling": {"seed": "0" * 32, **sampling},
    }
    return job_file.parse(content, "recheck.toml")


def scored(batch: str, by: Job) -> Attempt:
    return Attempt(
        id="a",
        batch=batch,
        version="v1",
        rows_in=9,
        predictions=9,
        quarantined=0,
        digest="d",
        files={},
        tags={},
        bad=None,
        versions={},
        known_at=datetime(2026, 1, 1, tzinfo=UTC),
        reading=1,
        rules=rules(by),
        number=1,
        replaces=None,
        table=None,
    )


def test_the_way_out_can_be_pasted_into_a_shell() -> None:
    asking = job(**{"for": {"metric": "f1", "class": "fraud"}})

    with pytest.raises(StepMissing) as told:
        class_goal(asking, NO_TABLES, scored("week 1; reboot", job()))

    assert "--batch 'week 1; reboot' --replace" in told.value.fix


def test_a_job_that_asks_for_no_class_has_no_goal() -> None:
    assert class_goal(job(), NO_TABLES, scored("w1", job())) is None
