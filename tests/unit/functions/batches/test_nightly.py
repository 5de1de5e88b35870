"""Batches that `run` leaves out, and ranges and patterns of names."""

from __future__ import annotations

import pytest

from functions.batches.nightly import left_out, selected
from pipelines.errors import BatchUnknown

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]


def test_batches_that_the_model_learned_from_are_left_out() -> None:
    assert left_out(DAYS, None, DAYS[:2]) == {DAYS[0]: "trained on", DAYS[1]: "trained on"}


def test_a_job_of_one_batch_keeps_it() -> None:
    assert left_out(["all"], None, ["all"]) == {}


def test_a_first_batch_that_is_said_decides_alone() -> None:
    assert left_out(DAYS, "2026-11-02", DAYS) == {DAYS[0]: "earlier"}


def test_periods_of_other_lengths_are_compared_by_their_start() -> None:
    assert left_out(["2026-W44", "2026-W45"], "2026-11-01", []) == {"2026-W44": "earlier"}


def test_a_batch_that_is_no_period_comes_before_no_period() -> None:
    assert left_out(["unknown", *DAYS], DAYS[1], []) == {DAYS[0]: "earlier"}


def test_other_names_are_compared_as_text() -> None:
    assert left_out(["a", "b"], "b", []) == {"a": "earlier"}


def test_a_name_that_is_there_is_no_range_or_pattern() -> None:
    assert selected(["a..b", "x*"], ["a..b", "a", "b", "x*", "xy"]) == ["a..b", "x*"]


def test_a_range_without_a_batch_is_told_with_what_there_is() -> None:
    with pytest.raises(BatchUnknown, match=r"no batch lies in '2027-01-01..2027-02-01'"):
        selected(["2027-01-01..2027-02-01"], DAYS)
