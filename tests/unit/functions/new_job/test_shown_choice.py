"""People see the columns that tell most, and no more than they can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from functions.new_job.column_kinds import Column, Kind
from functions.new_job.shown_choice import MOST_SHOWN, choose_shown, told_of


def columns(count: int, kind: Kind = "numeric") -> list[Column]:
    return [Column(f"{kind}{number}", kind, 9, 99) for number in range(count)]


def chosen(of: Sequence[Column], *named: str, **weights: float) -> tuple[list[str], list[str]]:
    shown, notes = choose_shown({one.name: one for one in of}, of, {}, weights, named)
    return [column.name for column in shown], notes


def test_few_columns_are_all_shown() -> None:
    few = columns(MOST_SHOWN)

    assert chosen(few) == ([column.name for column in few], [])


def test_of_many_those_that_tell_most_are_shown_in_their_order() -> None:
    names, notes = chosen(columns(30), numeric29=0.5, numeric7=0.1)

    assert len(names) == MOST_SHOWN
    assert names == sorted(names, key=lambda name: int(name.removeprefix("numeric")))
    assert {"numeric7", "numeric29"} <= {*names}
    assert "20 of 30 columns are shown to people" in notes[0]
    assert "and 5 more" in notes[0]


def test_texts_pictures_and_times_are_always_shown() -> None:
    kinds: list[Kind] = ["text", "image", "date"]
    apart = [Column(kind, kind, 9, 99) for kind in kinds]

    names, _ = chosen([*columns(30), *apart])

    assert len(names) == MOST_SHOWN
    assert names[-3:] == kinds


def test_named_columns_are_shown_and_no_others() -> None:
    assert chosen(columns(30), "numeric3", "numeric1") == (["numeric3", "numeric1"], [])


def test_a_column_that_reveals_is_not_shown_though_it_was_named() -> None:
    few = columns(3)

    shown, _ = choose_shown(
        {one.name: one for one in few}, few, {"numeric1": "it tells"}, {}, ["numeric0", "numeric1"]
    )

    assert [column.name for column in shown] == ["numeric0"]


def test_what_a_column_tells_is_its_information_gain() -> None:
    """Numbers by bins, texts by their values; many values tell nothing by their number alone."""
    chance = np.random.default_rng(4)
    labels = chance.choice(["a", "b"], 2_000)
    of = {
        "twin": pa.array(labels),
        "number": pa.array(np.where(labels == "a", 0.0, 1.0) + chance.normal(0, 0.5, 2_000)),
        "noise": pa.array(chance.normal(0, 1, 2_000)),
        "codes": pa.array([f"code {value}" for value in chance.integers(0, 900, 2_000)]),
    }

    told = told_of(of, pa.array(labels))

    assert np.isclose(told["twin"], np.log(2), atol=0.01)
    assert told["twin"] > told["number"] > 0.1
    assert max(told["noise"], told["codes"]) < 0.01


def test_numbers_are_told_of_as_well() -> None:
    numbers = np.arange(1_000.0)

    told = told_of({"same": pa.array(numbers), "flat": pa.array(np.ones(1_000))}, pa.array(numbers))

    assert told["same"] > 2
    assert told["flat"] == 0
