"""Dimensions order predictions by text and integers, and their words are true."""

from __future__ import annotations

import operator
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling.dimensions import Bins, Dimension, by_cohort, by_label
from pipelines.sampling.population import CodedText, Grid, score_grid, value_grid

NUMBERS = st.lists(
    st.none() | st.floats(0, 1) | st.sampled_from([0.0, 0.5, 0.500001, 1.0]),
    min_size=1,
    max_size=60,
)


def _one_label(rows: int) -> Dimension:
    return by_label(CodedText.single("", rows))


def _array(numbers: list[float | None]) -> np.ndarray:
    return np.array([np.nan if number is None else number for number in numbers])


def _is_in(number: float, words: str) -> bool:
    """Whether what people read about a bin holds for a number."""
    if np.isnan(number):
        return "missing" in words or not words
    checks = {"below": operator.lt, "from": operator.ge, "to": operator.lt}
    if re.fullmatch(r"\w+ missing", words):
        return False
    if match := re.search(r"([-.e0-9]+) to ([-.e0-9]+)$", words):
        return float(match[1]) <= number < float(match[2])
    if match := re.search(r"(below|from) ([-.e0-9]+)$", words):
        return bool(checks[match[1]](number, float(match[2])))
    return True


@pytest.mark.parametrize("make", [score_grid, value_grid])
@given(NUMBERS, st.sampled_from([2, 3, 5]), st.data())
def test_the_words_for_a_bin_hold_for_its_rows_alone(
    make: object, numbers: list[float | None], count: int, data: st.DataObject
) -> None:
    """For every run of bins and every row: in the run exactly where the words are true."""
    grid = make(_array(numbers))  # type: ignore[operator]
    shown = [np.nan if point < 0 else grid.number(point) for point in grid.points.tolist()]
    bins = Bins(_one_label(len(numbers)), grid).cut(count)
    first = data.draw(st.integers(0, bins.count - 1))
    last = data.draw(st.integers(first, bins.count - 1))

    words = bins.text(first, last)

    for place, number in zip(bins.places.tolist(), shown, strict=True):
        assert _is_in(number, words) == (first <= place <= last), (words, number)


@given(NUMBERS, st.sampled_from([2, 3, 5]))
def test_bins_are_quantiles(numbers: list[float | None], count: int) -> None:
    """Each bin of known numbers ends at the smallest attained point with its share of rows."""
    grid = score_grid(_array(numbers))
    known = np.sort(grid.points[grid.points >= 0])

    bins = Bins(_one_label(len(numbers)), grid).cut(count)

    cuts = (
        {known[int(np.ceil(len(known) * b / count)) - 1] for b in range(1, count + 1)}
        if len(known)
        else set()
    )
    tops = {grid.points[bins.places == place].max() for place in range(bins.count)} - {-1}
    assert tops == cuts


def test_each_label_has_bins_of_its_own() -> None:
    labels = by_label(CodedText("label", np.array([0, 0, 1, 1], np.int32), ("late", "on time")))
    bins = Bins(labels, Grid("score", np.array([100_000, 200_000, 800_000, 900_000]))).cut(2)

    assert bins.places.tolist() == [0, 1, 2, 3]
    assert [bins.text(i, i) for i in range(4)] == [
        "score below 0.2",
        "score from 0.2",
        "score below 0.9",
        "score from 0.9",
    ]


def test_codes_follow_text_however_they_were_assigned() -> None:
    """A dictionary in another order gives the same places."""
    one = CodedText("carrier", np.array([0, 1, -1, 2], np.int32), ("B6", "AA", "UA"))
    other = CodedText("carrier", np.array([2, 0, -1, 1], np.int32), ("AA", "UA", "B6"))

    for make in (by_cohort, by_label):
        known = make is by_cohort
        places = [make(codes).places[[0, 1, 3]].tolist() for codes in (one, other)]
        assert places[0] == places[1] == [1 + known, 0 + known, 2 + known]
