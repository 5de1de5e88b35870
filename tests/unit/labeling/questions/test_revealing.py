"""Columns that tell the prediction."""

from __future__ import annotations

import numpy as np
import pytest

from labeling.questions.revealing import revealing_columns, revealing_texts

LABELS = ["a", "b", "c"] * 20


def test_a_copy_of_the_label_by_other_words_tells_it() -> None:
    queue = [{"a": "Queue 1", "b": "Queue 2", "c": "Queue 3"}[label] for label in LABELS]

    assert [one.column for one in revealing_columns({"queue": queue}, LABELS)] == ["queue"]


def test_a_column_of_chance_tells_nothing() -> None:
    values = np.random.default_rng(3).integers(0, 4, 60).astype(str).tolist()

    assert revealing_columns({"hour": values}, LABELS) == []


def test_values_that_are_all_different_tell_nothing() -> None:
    """A key has one label per value, too."""
    assert revealing_columns({"key": [str(row) for row in range(60)]}, LABELS) == []


def test_values_that_cover_less_than_half_of_the_rows_tell_nothing() -> None:
    values = [label if row < 25 else str(row) for row, label in enumerate(LABELS)]

    assert revealing_columns({"x": values}, LABELS) == []


def test_a_column_that_is_no_better_than_the_most_frequent_label_tells_nothing() -> None:
    labels = ["a"] * 85 + ["b"] * 15

    assert revealing_columns({"x": [label.upper() for label in labels]}, labels) == []


@pytest.mark.parametrize(("wrong", "found"), [(0, ["x"]), (1, [])])
def test_it_must_tell_99_of_100_rows(wrong: int, found: list[str]) -> None:
    values = ["b"] * wrong + LABELS[wrong:]

    assert [one.column for one in revealing_columns({"x": values}, LABELS)] == found


def test_an_empty_column_tells_nothing() -> None:
    assert revealing_columns({"x": [None] * 60}, LABELS) == []


def test_a_text_that_holds_its_label_tells_it() -> None:
    texts = [f"assigned to team {label}." for label in LABELS]

    assert [one.column for one in revealing_texts({"mail": texts}, LABELS)] == ["mail"]


def test_a_text_that_holds_every_label_tells_nothing() -> None:
    assert revealing_texts({"mail": ["a, b or c?"] * 60}, LABELS) == []
