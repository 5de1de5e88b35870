from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from labeling.estimates import confusion as module
from labeling.estimates.confusion import Confusion, confusion
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from labeling.estimates.row_sets import RowSet, row_set
from tests.fixtures.judged import Row, judged

_ANSWERS = ("a", "b", "c")
_pairs = st.lists(st.tuples(st.sampled_from(_ANSWERS), st.sampled_from(_ANSWERS)), min_size=1)


def _cells(found: Confusion) -> dict[tuple[str, str], float]:
    return {
        (row.label, answer): share * row.rows
        for row in found.predicted
        for answer, share in (row.shares or {}).items()
    }


@given(_pairs)
def test_a_census_gives_the_matrix_that_counting_gives(pairs: list[tuple[str, str]]) -> None:
    """Where every row was judged nothing is estimated."""
    rows = [Row(label, (said,)) for label, said in pairs]

    cells = _cells(confusion(judged({"all": rows}).evidence(), _ANSWERS))

    said, predicted = [said for _, said in pairs], [label for label, _ in pairs]
    counted = metrics.confusion_matrix(said, predicted, labels=_ANSWERS).T
    for i, label in enumerate(_ANSWERS):
        for j, answer in enumerate(_ANSWERS):
            assert cells.get((label, answer), 0.0) == pytest.approx(counted[i, j], abs=1e-9)


def test_each_answer_counts_with_the_rows_that_it_stands_for() -> None:
    """Two strata of one class: half of 900 rows wrong, none of 100."""
    large = [
        Row("a", ("a",) if place % 2 else ("b",), stratum="large", is_drawn=place < 10)
        for place in range(900)
    ]
    small = [Row("a", ("a",), stratum="small", is_drawn=place < 10) for place in range(100)]

    found = confusion(judged({"all": [*large, *small]}).evidence(), _ANSWERS)

    assert found.predicted[0].shares == pytest.approx({"a": 0.55, "b": 0.45})


@given(_pairs, st.integers(0, 2**32 - 1))
def test_the_diagonal_is_the_precision(pairs: list[tuple[str, str]], seed: int) -> None:
    """The matrix and `recheck estimate` never tell different stories."""
    drawn = np.random.default_rng(seed).random(len(pairs)) < 0.7
    rows = [
        Row(*pair[:1], pair[1:], is_drawn=bool(one)) for pair, one in zip(pairs, drawn, strict=True)
    ]
    tables = judged({"all": rows})

    found = confusion(tables.evidence(), _ANSWERS)

    wanted = Wanted("classification", _ANSWERS, ("precision",))
    precision = {
        one.class_: one.value
        for one in estimates(
            tables.designs, tables.samples, tables.annotations, wanted=wanted, seed="s"
        )
        if one.period == "all"
    }
    for row in found.predicted:
        own = row.shares.get(row.label, 0.0) if row.shares else None
        assert own == pytest.approx(precision[row.label])


def test_people_who_disagree_share_their_row() -> None:
    found = confusion(judged({"all": [Row("a", ("a", "b"))]}).evidence(), _ANSWERS)

    assert found.predicted[0].shares == {"a": 0.5, "b": 0.5}


def test_a_batch_without_answers_adds_no_rows() -> None:
    """Its rows are covered by nothing, so the matrix does not speak of them."""
    batches = {"one": [Row("a", ("a",))], "two": [Row("a"), Row("b")]}

    found = confusion(judged(batches).evidence(), _ANSWERS)

    assert found.rows == 1


def test_a_label_outside_the_answer_set_is_shown() -> None:
    found = confusion(judged({"all": [Row("z", ("a",))]}).evidence(), ("a", "b"))

    assert [row.label for row in found.predicted] == ["z"]
    assert found.answers == ("a", "b", "z")


def test_a_class_of_which_nothing_was_answered_is_unknown() -> None:
    found = confusion(judged({"all": [Row("a", ("a",)), Row("b")]}).evidence(), _ANSWERS)

    assert [row.shares for row in found.predicted] == [{"a": 1.0}, None]


def test_no_answers_no_rows() -> None:
    assert confusion(judged({}).evidence(), _ANSWERS).predicted == ()


def test_only_answers_that_were_given_cost_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pairs of 1,000 classes took four minutes."""
    names = tuple(f"class {number}" for number in range(50))
    facts = judged({"all": [Row(name, (name,)) for name in names]}).evidence()
    calls: list[object] = []

    def counted(*args: Any) -> RowSet:
        calls.append(args)
        return row_set(*args)

    monkeypatch.setattr(module, "row_set", counted)

    found = confusion(facts, names)

    assert len(found.predicted) == len(names)
    assert len(calls) == 2 * len(names)
