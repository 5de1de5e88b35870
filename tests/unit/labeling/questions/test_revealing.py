"""Columns that tell the prediction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from labeling.questions.revealing import (
    revealing_columns,
    revealing_copies,
    revealing_texts,
    separating_columns,
    telling_each_class,
)

LABELS = ["a", "b", "c"] * 20


def told_by(values: Sequence[object], labels: Sequence[str] = LABELS, share: float = 0.99) -> bool:
    return bool(revealing_columns({"x": pa.array(values)}, pa.array(labels), share))


def test_a_copy_of_the_label_by_other_words_tells_it() -> None:
    queue = [{"a": "Queue 1", "b": "Queue 2", "c": "Queue 3"}[label] for label in LABELS]

    assert told_by(queue)


def test_a_copy_of_the_label_by_numbers_tells_it() -> None:
    assert told_by([{"a": 7, "b": 8, "c": 9}[label] for label in LABELS])


def test_a_value_that_is_missing_for_one_class_alone_tells_it() -> None:
    assert told_by([None if label == "a" else label.upper() for label in LABELS])


def test_a_column_of_chance_tells_nothing() -> None:
    chance = np.random.default_rng(3)

    assert not told_by(chance.integers(4, size=len(LABELS)).tolist())


def test_values_that_are_all_different_tell_nothing() -> None:
    """A key has one label per value, too."""
    assert not told_by([str(row) for row in range(60)])


@pytest.mark.parametrize(("often", "told"), [(30, True), (27, False)])
def test_values_that_occur_five_times_must_cover_half_of_the_rows(
    often: int, *, told: bool
) -> None:
    assert told_by([x if row < often else str(row) for row, x in enumerate(LABELS)]) is told


@pytest.mark.parametrize(("share", "told"), [(79, True), (81, False)])
def test_it_must_be_20_points_better_than_the_most_frequent_label(
    share: int, *, told: bool
) -> None:
    labels = ["a"] * share + ["b"] * (100 - share)

    assert told_by([label.upper() for label in labels], labels) is told


@pytest.mark.parametrize(("wrong", "told"), [(1, True), (2, False)])
def test_it_must_tell_99_of_100_rows(wrong: int, *, told: bool) -> None:
    labels = ["a", "b"] * 50

    assert told_by(["b"] * 2 * wrong + labels[2 * wrong :], labels) is told


def test_with_a_share_of_1_one_row_that_differs_is_enough() -> None:
    labels = ["a", "b"] * 100
    values = ["b", *labels[1:]]

    assert told_by(values, labels)
    assert not told_by(values, labels, share=1.0)


def test_few_rows_agree_by_chance() -> None:
    assert not told_by(["a", "b"] * 9, ["a", "b"] * 9)


def test_an_empty_column_tells_nothing() -> None:
    assert not told_by([None] * 60)


def test_a_column_of_lists_tells_nothing() -> None:
    assert not told_by([[label] for label in LABELS])


def test_without_rows_nothing_tells() -> None:
    assert not told_by([], [])


@pytest.mark.parametrize(("missed", "told"), [(0, True), (1, False)])
def test_a_flag_of_a_rare_class_tells_each_class(*, missed: int, told: bool) -> None:
    labels = ["fine"] * 950 + ["fraud"] * 50
    flag = [False] * (950 + missed) + [True] * (50 - missed)

    assert not told_by(flag, labels)
    assert bool(telling_each_class({"flag": pa.array(flag)}, pa.array(labels))) is told


def test_a_class_of_few_rows_is_not_looked_at() -> None:
    labels = pa.array(["a"] * 90 + ["b"] * 10)

    assert telling_each_class({"x": labels}, labels) == []


@pytest.mark.parametrize("digits", [9, 1])
def test_a_number_that_is_the_prediction_tells_it_also_where_it_is_rounded(digits: int) -> None:
    predicted = np.random.default_rng(1).normal(20, 10, 100)

    found = revealing_copies({"eta": pa.array(predicted.round(digits).astype(str))}, predicted)

    assert [one.column for one in found] == ["eta"]


def test_a_number_that_goes_with_the_prediction_tells_nothing() -> None:
    predicted = np.random.default_rng(1).normal(20, 10, 100)

    assert revealing_copies({"x": pa.array(predicted + 1)}, predicted) == []
    assert revealing_copies({"word": pa.array(["one"] * 100)}, predicted) == []


def test_the_probability_of_one_of_two_classes_separates_them() -> None:
    chances = np.random.default_rng(1).random(200)
    labels = pa.array(np.where(chances > 0.4, "yes", "no"))

    found = separating_columns({"p": pa.array(chances), "q": pa.array(1 - chances)}, labels)

    assert [one.column for one in found] == ["p", "q"]


def test_the_probability_of_the_label_separates_nothing() -> None:
    chances = np.random.default_rng(1).random(200)
    labels = pa.array(np.where(chances > 0.5, "yes", "no"))

    assert separating_columns({"p": pa.array(np.maximum(chances, 1 - chances))}, labels) == []


def test_a_text_that_holds_its_label_tells_it() -> None:
    texts = pa.array([f"assigned to team {label.upper()}." for label in LABELS])

    found = revealing_texts({"mail": texts}, pa.array(LABELS))

    assert [one.column for one in found] == ["mail"]


def test_a_text_that_holds_every_label_tells_nothing() -> None:
    texts = {"mail": pa.array(["a, b or c?"] * 60), "empty": pa.array([None] * 60, pa.string())}

    assert revealing_texts(texts, pa.array(LABELS)) == []


def test_a_label_of_signs_is_looked_for_as_it_is() -> None:
    labels = ["very bad (1-2)", "good"] * 20

    assert revealing_texts({"x": pa.array([f"so {one}!" for one in labels])}, pa.array(labels))
