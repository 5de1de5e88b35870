"""What a draw stores of predictions made elsewhere: sums of scores, and probabilities where there are any."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fixtures.session import a_home_of_its_own
from tests.fixtures.world import World

__all__ = ["a_home_of_its_own"]


@pytest.fixture
def guessed(tmp_path: Path) -> World:
    """A job over a column of guesses, with a probability for each of two classes."""
    world = World(tmp_path)
    rng = np.random.default_rng(3)
    yes, amount = rng.random(80).round(3), rng.normal(100, 30, 80)
    table = {
        "id": [str(number) for number in range(80)],
        "guess": np.where(yes > 0.5, "yes", "no"),
        "p_yes": pa.array(yes, mask=np.arange(80) == 7),
        "p_no": 1 - yes,
        "amount": amount,
        "words": [f"row {number}" for number in range(80)],
    }
    pq.write_table(pa.table(table), world.data)
    return world


def begin(world: World, column: str, *options: str) -> None:
    named = ["--data", world.data, "--predicted", column, "--key", "id", *options]
    world.ok("init", world.job.parent, *named, job=False)


def draw(world: World, predictions: str = "") -> list[dict[str, Any]]:
    world.edit(
        r"(?s)\n\[predictions\]\n(label = [^\n]*\n)[^\[]*", rf"\n[predictions]\n\1{predictions}\n\n"
    )
    world.edit(r"show = \[[^]]*\]", 'show = ["words"]')
    world.ok("score")
    world.ok("sample", "--budget", 80)
    return world.rows("select key, label, score, scores from samples order by key")


def test_probabilities_come_from_their_columns(guessed: World) -> None:
    """A row that lacks one of them has none."""
    begin(guessed, "guess")

    rows = draw(guessed, 'probabilities = {yes = "p_yes", no = "p_no"}')

    assert len(rows) == 80
    table = {row["id"]: row for row in pq.read_table(guessed.data).to_pylist()}
    for row in rows:
        held = table[row["key"]]
        if held["p_yes"] is None:
            assert row["scores"] is None
        else:
            assert row["scores"] == {"yes": held["p_yes"], "no": held["p_no"]}
            assert row["scores"][row["label"]] == row["score"]


def test_one_score_is_no_probability_of_each_class(guessed: World) -> None:
    begin(guessed, "guess")

    rows = draw(guessed, 'score = "p_yes"')

    assert {row["scores"] for row in rows} == {None}
    assert guessed.rows("select 1 from designs where score_sums is null") == []


def test_without_a_score_nothing_is_summed(guessed: World) -> None:
    begin(guessed, "guess")

    draw(guessed)

    facts = ["score_sums", "score_histogram", "value_sums", "sums_left_out", "histograms_left_out"]
    for row in guessed.rows("select * from designs"):
        assert {row[name] for name in facts} == {None}


def test_predicted_numbers_are_summed_as_they_are(guessed: World) -> None:
    begin(guessed, "amount")

    rows = draw(guessed)

    assert {row["scores"] for row in rows} == {None}
    values = pq.read_table(guessed.data)["amount"].to_pylist()
    sums = [
        json.loads(row["value_sums"])[""] for row in guessed.rows("select value_sums from designs")
    ]
    assert sum(rows for rows, *_ in sums) == len(values)
    assert math.fsum(total for _, total, _ in sums) == pytest.approx(math.fsum(values), rel=1e-14)
    squares = math.fsum(value * value for value in values)
    assert math.fsum(part for *_, part in sums) == pytest.approx(squares, rel=1e-14)
    others = guessed.rows("select score_sums, score_histogram from designs")
    assert all(set(row.values()) == {None} for row in others)
