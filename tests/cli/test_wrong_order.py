"""Commands in another order than the usual one are told what is missing."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from tests.fixtures.world import World, edited


@pytest.fixture
def scored(world: World) -> World:
    """A world whose batches are scored."""
    world.ok("score")
    return world


def test_a_cohort_that_came_after_scoring_cannot_divide_the_batch(scored: World) -> None:
    """Predictions keep the cohorts that the job had: another needs them anew."""
    grown = "[cohorts.grown]\ncolumn = 'age'\nedges = [40]\n\n[sampling]\ncohorts = ['grown']"
    scored.edit(r"\[sampling\]", grown)

    told = scored.refused("sample")

    assert told.error["code"] == "step_missing"
    assert "without the cohort 'grown'" in told.error["problem"]
    assert "--replace" in told.error["fix"]


def test_a_batch_that_nobody_scored_has_no_estimate(scored: World) -> None:
    told = scored.refused("estimate", "--batch", "2026-13-01")

    assert told.error["code"] == "batch_unknown"


def test_many_rows_of_one_key_are_a_matter_of_the_key(scored: World) -> None:
    table = pq.read_table(scored.data)
    scored.write(edited(table, "loan", dict.fromkeys(range(table.num_rows), "the same")))

    told = scored.refused("score", "--replace")

    assert told.error["code"] == "batch_refused"
    assert "add a column to data.key" in told.error["fix"]


@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_batches_by_another_rule_stand_in_the_way_of_new_ones(
    scored: World, options: list[str]
) -> None:
    """Their rows lie in the new ones, too, and would count twice."""
    scored.edit('by = "day"', 'by = "week"')

    told = scored.refused("score", *options)

    assert told.error["code"] == "job_invalid"
    assert "rows could count in two batches" in told.error["problem"]


def test_another_key_is_no_trouble_where_all_batches_are_scored_anew(scored: World) -> None:
    scored.edit(r'key = \["loan"\]', 'key = ["loan", "age"]')

    states = {one["state"] for one in scored.ok("status")["batches"]}
    again = scored.ok("score", "--replace")["batches"]

    assert states == {"changed"}
    assert {one["status"] for one in again} == {"replaced"}
    assert not scored.broken_promises()


def test_a_cohort_that_came_after_scoring_makes_its_batches_changed(scored: World) -> None:
    """Not broken: nobody promised the bytes of another job file."""
    scored.edit(r"\[sampling\]", "[cohorts.grown]\ncolumn = 'age'\nedges = [40]\n\n[sampling]")

    states = [one["status"] for one in scored.ok("score")["batches"]]

    assert set(states) == {"changed"}
    assert not scored.broken_promises()
