"""Outcomes that come for every row are a census; those of some rows are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv

from tests.fixtures.terminal import Terminal

ROWS = 200
WRONG = 30  # of the predictions


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Predictions made elsewhere, scored, and some of them drawn."""
    said = ["cat", "dog"] * (ROWS // 2)
    table = pa.table({"id": [f"e{n}" for n in range(ROWS)], "caption": ["x"] * ROWS, "guess": said})
    csv.write_csv(table, tmp_path / "guesses.csv")
    made = Terminal(tmp_path / "job" / "recheck.toml")
    made.init("--data", tmp_path / "guesses.csv", "--predicted", "guess", "--key", "id")
    made.edit("[labeling]", '[labeling]\noutcomes = "complete"')
    made.ok("score")
    made.ok("sample", "--budget", 20)
    return made


def outcomes(terminal: Terminal, rows: Sequence[int]) -> None:
    """What turned out for these rows."""
    truth = ["cat", "dog"] * (ROWS // 2)
    right = [truth[n] if n >= WRONG else truth[n + 1] for n in rows]
    keys = pa.table({"key": [f"e{n}" for n in rows], "batch": ["all"] * len(rows), "answer": right})
    path = terminal.job.with_name("outcomes.csv")
    csv.write_csv(keys, path)
    terminal.ok("pull", "--file", path)


def test_outcomes_of_every_row_are_the_truth_also_after_a_draw(terminal: Terminal) -> None:
    outcomes(terminal, range(ROWS))
    [drawn] = terminal.ok("sample")["batches"]
    found = terminal.ok("estimate", "--batch", "all")["estimates"]
    [overall] = [
        one
        for one in found
        if (one["metric"], one["cohort"], one["period"]) == ("accuracy", None, "batch")
    ]

    assert drawn["sampled"] == ROWS
    assert overall["value"] == pytest.approx(1 - WRONG / ROWS)
    assert (overall["stderr"], overall["n_answered"]) == (0, ROWS)


def test_outcomes_of_some_rows_do_not_make_a_census(terminal: Terminal) -> None:
    """Whoever sends some may have chosen which."""
    outcomes(terminal, range(ROWS - 1))
    [drawn] = terminal.ok("sample", "--budget", 20)["batches"]

    assert drawn["sampled"] == 20


def test_a_census_leaves_the_estimates_before_it_as_they_were(terminal: Terminal) -> None:
    """Outcomes of drawn rows counted for nothing then, however they count now."""
    outcomes(terminal, range(ROWS - 1))
    terminal.ok("sample", "--budget", 40)
    before = terminal.ok("estimate", "--batch", "all")["estimates"]
    outcomes(terminal, range(ROWS))
    terminal.ok("sample")
    terminal.ok("estimate")

    again = terminal.ok("estimate", "--batch", "all", "--as-of", before[0]["as_of"])["estimates"]

    assert again == before
    assert [one for one in terminal.ok("doctor")["promises"] if one["ok"] is False] == []
