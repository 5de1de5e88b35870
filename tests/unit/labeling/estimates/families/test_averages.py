from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from pipelines.job.metric_names import OF_SCORES, ON_REQUEST
from pipelines.sampling.allocation import allocate
from tests.fixtures.judged import Row, judged

_CLASSES = ("a", "b", "c")
_LISTED = tuple(name for name in ON_REQUEST["classification"] if name not in OF_SCORES)
_ALL = Wanted("classification", _CLASSES, ("accuracy", *_LISTED))


def _estimated(rows: Sequence[Row]) -> dict[tuple[str, str | None], Estimate]:
    tables = judged({"all": rows})
    parts = (tables.designs, tables.samples, tables.annotations)
    found = estimates(*parts, wanted=_ALL, seed="s")
    whole = [one for one in found if one.period == "all" and one.cohort is None]
    return {(one.metric, one.class_): one for one in whole}


def _scores(said: Sequence[str], called: Sequence[str]) -> dict[tuple[str, str | None], float]:
    """Return scikit-learn's figures."""
    found: dict[tuple[str, str | None], float] = {
        ("balanced_accuracy", None): metrics.balanced_accuracy_score(called, said),
        ("mcc", None): metrics.matthews_corrcoef(called, said),
    }
    for kind in ("macro", "weighted"):
        of = metrics.precision_recall_fscore_support(
            called, said, labels=list(_CLASSES), average=kind, zero_division=0.0
        )
        for name, value in zip(("precision", "recall", "f1"), of, strict=False):
            found[f"{name}_{kind}", None] = value
    for name in _CLASSES:
        others = [one != name for one in called]
        found["specificity", name] = metrics.recall_score(others, [one != name for one in said])
    return found


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(_CLASSES), st.sampled_from(_CLASSES), st.sampled_from("st")),
        max_size=40,
    )
)
def test_a_census_gives_scikit_learns_figures(more: list[tuple[str, str, str]]) -> None:
    """Of classes that all occur, and were all predicted."""
    rows = [(name, name, "s") for name in _CLASSES] + more

    found = _estimated([Row(said, (called,), stratum=part) for said, called, part in rows])

    for key, value in _scores([row[0] for row in rows], [row[1] for row in rows]).items():
        one = found[key]
        assert (one.value, one.low, one.high) == pytest.approx((value,) * 3, abs=1e-9), key


def test_an_average_has_no_value_where_one_of_its_classes_has_none() -> None:
    rows = [Row("a", ("a",)) for _ in range(30)] + [Row("b", ("b",)) for _ in range(30)]
    rows += [Row("a", ("b",))] * 4 + [Row("b", ("a",))] * 4 + [Row("c", ("c",))] * 5
    rows += [Row("a", is_drawn=False)] * 500

    found = _estimated(rows)

    for metric in ("balanced_accuracy", "recall_macro", "f1_macro", "f1_weighted", "mcc"):
        assert found[metric, None].value is None, metric
    assert found["precision_macro", None].value is not None
    assert found["recall_weighted", None].value == pytest.approx(found["accuracy", None].value)
    assert (found["f1_macro", None].low or 0) > 0.3


_CELLS = {  # by predicted class, how many rows people call a, b and c
    "a": (1400, 150, 20),
    "b": (180, 900, 30),
    "c": (15, 25, 80),
}


def _sampled(rng: np.random.Generator, answers: int) -> dict[tuple[str, str | None], Estimate]:
    sizes = np.array([sum(cells) for cells in _CELLS.values()])
    counts = allocate(sizes, sizes.astype(float), answers)
    rows: list[Row] = []
    for (said, cells), count, size in zip(_CELLS.items(), counts, sizes.tolist(), strict=True):
        drawn = rng.multivariate_hypergeometric(cells, count)
        called = [name for name, many in zip(_CLASSES, drawn, strict=True) for _ in range(many)]
        rows += [Row(said, (one,), stratum=said) for one in called]
        rows += [Row(said, stratum=said, is_drawn=False)] * (size - len(called))
    return _estimated(rows)


@pytest.mark.parametrize("answers", [150, 400])
def test_intervals_of_averages_hold_the_truth(answers: int) -> None:
    """A class of 5 % of the rows among them: where it has no value, the limits count all the same."""
    pairs = [(said, _CLASSES[k], n) for said, cells in _CELLS.items() for k, n in enumerate(cells)]
    truth = _scores(
        [said for said, _, n in pairs for _ in range(n)],
        [called for _, called, n in pairs for _ in range(n)],
    )
    held: dict[tuple[str, str | None], list[bool]] = {key: [] for key in truth}

    for replay in range(200):
        found = _sampled(np.random.default_rng(replay), answers)
        for key, value in truth.items():
            one = found[key]
            if one.low is not None and one.high is not None:
                held[key].append(one.low <= value <= one.high)

    for key, cases in held.items():
        assert len(cases) >= 30, key
        assert np.mean(cases) >= 0.9, (key, np.mean(cases))


def _answered(rows: Sequence[Row], said: Sequence[Sequence[str]]) -> list[Row]:
    """Return rows of which the first have these answers."""
    return [replace(row, said=answer) for row, answer in zip(rows, said, strict=False)] + list(
        rows[len(said) :]
    )


def test_what_missing_answers_could_change_of_an_average_is_bounded() -> None:
    """However they are filled in, no average leaves its range; of the correlation none is said."""
    rng = np.random.default_rng(0)
    said = rng.choice(_CLASSES, 120, p=(0.5, 0.3, 0.2)).tolist()
    called = [name if rng.random() < 0.7 else str(rng.choice(_CLASSES)) for name in said]
    rows = [Row(name, (one,)) for name, one in zip(said, called, strict=True)]
    gaps = _answered(rows, [()] * 8)

    found = _estimated(gaps)

    for _ in range(12):
        filled = _answered(rows, [(str(one),) for one in rng.choice(_CLASSES, 8)])
        for (metric, name), one in _estimated(filled).items():
            of = found[metric, name]
            low, high = of.value_if_missing_wrong, of.value_if_missing_right
            if metric == "mcc":
                assert (low, high) == (None, None)
                continue
            assert low is not None, metric
            assert low - 1e-9 <= (one.value or 0) <= (high or 0) + 1e-9, metric


def test_an_average_by_rows_is_the_accuracy_where_a_stratum_has_no_answer() -> None:
    """Its rows are spoken for by their neighbours, as everywhere."""
    rows = [Row("a", ("a",)) for _ in range(20)] + [Row("a", ("b",)) for _ in range(10)]
    rows += [Row("b", ("b",), stratum="other") for _ in range(20)]
    rows += [Row("b", stratum="silent") for _ in range(5)]
    rows += [Row("b", is_drawn=False, stratum="silent") for _ in range(300)]

    found = _estimated(rows)

    accuracy, recall = found["accuracy", None], found["recall_weighted", None]
    assert recall.value == pytest.approx(accuracy.value)
    assert recall.value_if_missing_wrong == pytest.approx(accuracy.value_if_missing_wrong)
    assert recall.value_if_missing_right == pytest.approx(accuracy.value_if_missing_right)
