"""Rows that cannot be used: one reason each, and the rest of the rows."""

from __future__ import annotations

import numpy as np

from pipelines.input.faults import Faults


def test_the_first_reason_found_for_a_row_stays() -> None:
    faults = Faults()

    faults.mark([1], "one", "x")
    faults.mark([1, 2], "two", "y")

    assert faults.reasons == {1: ("one", "x"), 2: ("two", "y")}


def test_rows_without_a_fault_are_told_without_copying_all() -> None:
    faults = Faults()
    assert faults.others(3) == slice(None)

    faults.mark([1], "bad", "x")

    assert faults.others(3).tolist() == [0, 2]  # type: ignore[union-attr]


def test_rows_are_marked_by_a_mask_or_by_numbers() -> None:
    faults = Faults()

    faults.mark(np.array([False, True, False]), "one", "x")
    faults.mark([2], "two", "y")

    assert faults.reasons == {1: ("one", "x"), 2: ("two", "y")}
