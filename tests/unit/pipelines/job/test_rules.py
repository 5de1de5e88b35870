"""The records that are made from a job, for whoever needs a part of it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from pipelines.job.job_file import Job, parse
from pipelines.job.rules import BatchRule, JobIdentity, batch_rule, reading_rules


def job(**sections: Any) -> Job:
    content = {
        "name": "loans",
        "task": "classification",
        "target": {"column": "paid", "answers": ["no", "yes"]},
        "data": {"path": "x", "key": "k", "time": "at"},
        "features": {"columns": {"x": {"kind": "numeric"}, "face": {"kind": "image"}}},
        "model": {"name": "m"},
        "labeling": {"show": ["x", "house"], "pictures": ["house"]},
        "sampling": {"seed": "0" * 32},
    }
    return parse({**content, **sections}, "job")


@pytest.mark.parametrize(
    ("batches", "column"),
    [
        ({}, None),
        ({"by": "day", "timezone": "Asia/Tokyo"}, "at"),
        ({"by": "column", "column": "group"}, "group"),
    ],
)
def test_the_batch_rule_names_the_column_that_tells_the_batch(
    batches: dict[str, str], column: str | None
) -> None:
    """Also where the job has a time besides the column that names its batches."""
    rule = batch_rule(job(batches=batches))

    assert rule == BatchRule(
        batches.get("by", "all"),  # type: ignore[arg-type]
        column,
        batches.get("timezone", "UTC"),
    )


def test_pictures_are_features_and_what_people_see() -> None:
    assert reading_rules(job()).pictures == ("face", "house")


def test_rows_are_named_by_job_model_and_seed() -> None:
    assert reading_rules(job()).identity == JobIdentity("loans", "m", "0" * 32)


@pytest.mark.parametrize(("key", "columns"), [("k", ("k",)), ("content", ()), ([], ())])
def test_a_key_by_content_or_position_has_no_columns(key: Any, columns: tuple[str, ...]) -> None:
    assert reading_rules(job(data={"path": "x", "key": key})).key_columns == columns


def test_the_rules_travel_to_workers() -> None:
    rules = reading_rules(job(cohorts={"age": {"column": "x", "edges": [30]}}))

    assert pickle.loads(pickle.dumps(rules)) == rules  # noqa: S301  # our own
