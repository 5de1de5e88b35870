from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from pipelines.columns.buffers import Floats, Int64s
from tests.fixtures.judged import Row, judged

_ALL = Wanted("regression", metrics=("bias", "median_absolute_error", "p90_absolute_error"))
_NUMBERS = st.floats(-9, 9).map(lambda number: round(number, 3))


def _estimated(rows: Sequence[Row], wanted: Wanted = _ALL) -> dict[str, Estimate]:
    tables = judged({"all": rows})
    parts = (tables.designs, tables.samples, tables.annotations)
    found = estimates(*parts, wanted=wanted, seed="s")
    return {one.metric: one for one in found if one.period == "all" and one.cohort is None}


def _row(said: float, answer: float | None, stratum: str = "all", *, drawn: bool = True) -> Row:
    answers = () if answer is None else (str(answer),)
    return Row(str(said), answers, value=said, stratum=stratum, is_drawn=drawn)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_NUMBERS, _NUMBERS, st.sampled_from("st")), min_size=1, max_size=30))
def test_a_census_gives_numpys_and_scikit_learns_figures(
    rows: list[tuple[float, float, str]],
) -> None:
    found = _estimated([_row(*row) for row in rows])

    said, true = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    ninth = np.quantile(np.abs(said - true), 0.9, method="averaged_inverted_cdf")
    expected = {
        "bias": (said - true).mean(),
        "median_absolute_error": metrics.median_absolute_error(true, said),
        "p90_absolute_error": ninth,
    }
    for metric, value in expected.items():
        one = found[metric]
        assert (one.value, one.low, one.high) == pytest.approx((value, value, value), abs=1e-9)


def test_bias_and_the_median_are_on_by_default_and_the_quantile_is_not() -> None:
    found = _estimated([_row(1, 2)], Wanted("regression"))

    assert list(found) == ["mae", "rmse", "bias", "median_absolute_error"]


def test_a_stratum_counts_with_its_rows() -> None:
    """30 rows of s are 1 too high, 10 rows of t are 5 too low: half is off by 1 or less."""
    rows = [_row(1, 0, "s", drawn=n < 4) for n in range(30)]
    rows += [_row(0, 5, "t", drawn=n < 8) for n in range(10)]

    found = _estimated(rows)

    assert found["bias"].value == pytest.approx((30 - 50) / 40)
    assert found["median_absolute_error"].value == 1
    assert found["p90_absolute_error"].value == 5


def test_missing_answers_are_at_best_no_error_and_at_worst_the_largest() -> None:
    rows = [_row(0, -answer) for answer in (1, 2, 3, 4)] + [_row(0, None), _row(0, None)]

    found = _estimated(rows)

    median, bias = found["median_absolute_error"], found["bias"]
    assert (median.value_if_missing_right, median.value_if_missing_wrong) == (1.5, 3.5)
    assert bias.value_if_missing_right == pytest.approx(10 / 6)
    assert bias.value_if_missing_wrong == pytest.approx((10 + 8) / 6)


def test_a_quantile_beyond_the_answers_has_no_interval() -> None:
    """Of 12 answers the largest may well lie below the 90 % quantile."""
    rows = [_row(0, float(n), drawn=n < 12) for n in range(500)]

    found = _estimated(rows)

    assert found["p90_absolute_error"].low is None
    assert found["median_absolute_error"].low is not None


@pytest.mark.parametrize("answers", [60, 200])
def test_intervals_of_quantiles_and_bias_hold_the_truth(answers: int) -> None:
    """Errors with a lognormal tail, in four strata between small and large ones."""
    rng = np.random.default_rng(4)
    sizes, many = np.array([2_000, 1_500, 1_000, 500]), 250
    errors = [rng.lognormal(0.4 * place, 0.8, size) for place, size in enumerate(sizes)]
    signs = [np.where(rng.random(size) < 0.6, 1, -1) for size in sizes]
    whole = np.concatenate(errors)
    truth = {
        "median_absolute_error": np.median(whole),
        "p90_absolute_error": np.quantile(whole, 0.9),
        "bias": np.concatenate([e * s for e, s in zip(errors, signs, strict=True)]).mean(),
    }

    held: dict[str, list[bool]] = {metric: [] for metric in truth}
    for replay in range(many):
        found = _sampled(np.random.default_rng(replay), errors, signs, answers)
        for metric, value in truth.items():
            one = found[metric]
            if one.low is not None and one.high is not None:
                held[metric].append(one.low <= value <= one.high)

    for metric, cases in held.items():
        assert len(cases) > 0.9 * many, metric
        assert np.mean(cases) >= 0.9, metric


def _sampled(
    rng: np.random.Generator,
    errors: Sequence[Floats],
    signs: Sequence[Int64s],
    answers: int,
) -> dict[str, Estimate]:
    """Draw as many of each stratum, and estimate."""
    rows: list[Row] = []
    for name, size, sign in zip("abcd", errors, signs, strict=True):
        places = set(rng.choice(len(size), answers // 4, replace=False).tolist())
        rows += [_row(0.0, -float(size[place] * sign[place]), name) for place in sorted(places)]
        rows += [_row(0.0, None, name, drawn=False)] * (len(size) - len(places))
    return _estimated(rows)
