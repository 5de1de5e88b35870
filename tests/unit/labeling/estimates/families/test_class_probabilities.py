"""Metrics of scores: scikit-learn's figures with full labels, and what is said without scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from pipelines.job.metric_names import OF_SCORES
from tests.fixtures.judged import Row, judged


def _estimated(
    rows: Sequence[Row], classes: Sequence[str]
) -> dict[tuple[str, str | None], Estimate]:
    tables = judged({"all": rows})
    parts = (tables.designs, tables.samples, tables.annotations)
    wanted = Wanted("classification", tuple(classes), OF_SCORES)
    found = estimates(*parts, wanted=wanted, seed="s")
    whole = [one for one in found if one.period == "all" and one.cohort is None]
    return {(one.metric, one.class_): one for one in whole}


def _row(classes: Sequence[str], chances: Sequence[int], called: str, part: str = "s") -> Row:
    """Return a row whose scores are whole numbers over their sum."""
    scores = dict(zip(classes, (np.array(chances) / sum(chances)).tolist(), strict=True))
    label = max(scores, key=lambda name: scores[name])
    return Row(label, (called,), score=scores[label], scores=scores, stratum=part)


def _right(rows: Sequence[Row], classes: Sequence[str]) -> dict[tuple[str, str | None], float]:
    """Return scikit-learn's figures."""
    called = [row.said[0] for row in rows]
    chances = np.array([[(row.scores or {})[name] for name in classes] for row in rows])
    found: dict[tuple[str, str | None], float] = {
        ("log_loss", None): metrics.log_loss(called, chances, labels=list(classes)),
        ("brier", None): metrics.brier_score_loss(called, chances, labels=list(classes)),
        ("calibration_error", None): _distance(rows),
    }
    for k, name in enumerate(classes):
        of_class = [one == name for one in called]
        found["roc_auc", name] = metrics.roc_auc_score(of_class, chances[:, k])
        found["average_precision", name] = metrics.average_precision_score(of_class, chances[:, k])
    return found


def _distance(rows: Sequence[Row]) -> float:
    """Return the root mean square distance of scikit-learn's calibration curve."""
    score = np.array([row.score for row in rows], np.float64)
    right = [row.label == row.said[0] for row in rows]
    share, mean = calibration_curve(right, score, n_bins=10)
    bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], score)
    many = np.bincount(bins, minlength=10)
    return float(np.sqrt((many[many > 0] * (share - mean) ** 2).sum() / len(rows)))


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_census_gives_scikit_learns_figures(
    classes: tuple[str, ...], data: st.DataObject
) -> None:
    """With scores that are shared, and strata."""
    many = len(classes)
    chances = st.lists(st.integers(1, 9), min_size=many, max_size=many)
    cases = data.draw(
        st.lists(st.tuples(chances, st.sampled_from(classes), st.sampled_from("st")), max_size=40)
    )
    cases += [
        ([1 + (k == place) for k in range(many)], name, "s") for place, name in enumerate(classes)
    ]
    rows = [_row(classes, *case) for case in cases]

    found = _estimated(rows, classes)

    for key, value in _right(rows, classes).items():
        one = found[key]
        assert (one.value, one.low, one.high) == pytest.approx((value,) * 3, abs=1e-9), key


def _sample(seed: int, many: int, of: int) -> list[Row]:
    """Return rows of two classes, some of them answered; every second is drawn from a stratum."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(of):
        first = int(rng.integers(1, 10))
        called = "a" if rng.random() < first / 10 else "b"
        row = _row(("a", "b"), (first, 10 - first), called, "st"[place % 2])
        rows.append(row if place < many else replace(row, is_drawn=False, said=()))
    return rows


def test_batches_without_the_scores_of_all_classes_have_no_value_and_a_reason() -> None:
    rows = [replace(row, scores=None) for row in _sample(0, 60, 200)]

    found = _estimated(rows, ("a", "b"))

    for metric, name in (
        ("roc_auc", "a"),
        ("average_precision", "b"),
        ("log_loss", None),
        ("brier", None),
    ):
        one = found[metric, name]
        assert (one.value, one.low, one.high) == (None, None, None)
        assert one.reason == "rows of it were drawn without the probability of every class"
    assert found["calibration_error", None].value is not None  # it takes the label's score alone


def test_a_calibration_error_asks_for_no_probabilities_and_names_a_score_that_is_missing() -> None:
    asked = Wanted("classification", ("a", "b"), ("calibration_error",))
    tables = judged({"all": [replace(row, score=None) for row in _sample(0, 60, 200)]})

    (found,) = (
        one
        for one in estimates(
            tables.designs, tables.samples, tables.annotations, wanted=asked, seed="s"
        )
        if one.period == "all"
    )

    assert not asked.needs_scores
    assert (found.value, found.reason) == (None, "rows of it were drawn without a score")


def test_a_class_without_a_score_of_its_own_has_no_ranking() -> None:
    """Others keep theirs: only sums over all classes need every class."""
    rows = [
        replace(row, scores={"a": (row.scores or {})["a"] * 0.9}) for row in _sample(0, 60, 200)
    ]

    found = _estimated(rows, ("a", "b"))

    assert found["roc_auc", "a"].value is not None
    assert found["roc_auc", "b"].value is None
    assert found["log_loss", None].value is None


def test_a_class_that_the_model_gives_no_chance_has_a_score_of_zero() -> None:
    rows = [
        *_sample(0, 60, 200),
        Row("a", ("c",), score=0.9, scores={"a": 0.9, "b": 0.1}, stratum="s"),
    ]

    found = _estimated(rows, ("a", "b", "c"))

    assert (found["log_loss", None].value or 0) > 0.5
    assert found["roc_auc", "c"].low == 0
    assert found["roc_auc", "c"].value is None


def test_few_rows_of_a_class_give_no_point() -> None:
    rows = [row for row in _sample(0, 200, 200) if row.said == ("b",)]
    rows += [row for row in _sample(1, 200, 200) if row.said == ("a",)][:9]
    rows += [replace(row, is_drawn=False, said=()) for row in rows]

    found = _estimated(rows, ("a", "b"))

    for metric in ("roc_auc", "average_precision"):
        assert found[metric, "a"].value is None
        low, high = found[metric, "a"].low or 0, found[metric, "a"].high or 0
        assert 0 <= low < high <= 1


def test_missing_answers_cost_between_the_likeliest_and_the_least_likely_class() -> None:
    rows = _sample(0, 100, 400)
    rows = [replace(row, said=()) if place < 10 else row for place, row in enumerate(rows)]
    best, worst = (
        [
            replace(row, said=(choose(row.scores or {}, key=(row.scores or {}).__getitem__),))
            if place < 10
            else row
            for place, row in enumerate(rows)
        ]
        for choose in (max, min)
    )

    found = _estimated(rows, ("a", "b"))

    for metric in ("log_loss", "brier"):
        one = found[metric, None]
        assert one.value_if_missing_right == pytest.approx(
            _estimated(best, ("a", "b"))[metric, None].value
        )
        assert one.value_if_missing_wrong == pytest.approx(
            _estimated(worst, ("a", "b"))[metric, None].value
        )


def test_figures_do_not_depend_on_the_order_of_rows() -> None:
    rows = _sample(3, 80, 200)
    tables = judged({"all": rows})
    wanted = Wanted("classification", ("a", "b"), OF_SCORES)
    parts = (tables.designs, tables.samples, tables.annotations)
    backwards = [table.take(list(range(table.num_rows))[::-1]) for table in parts]

    assert estimates(*parts, wanted=wanted, seed="s") == estimates(
        *backwards, wanted=wanted, seed="s"
    )
