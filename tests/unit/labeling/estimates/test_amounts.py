from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from labeling.estimates.amounts import leading_range, percent
from tests.fixtures.replays import Design, KnownBatch, draws, figures
from tests.fixtures.report_data import estimate


@given(st.floats(0, 1))
def test_what_is_not_all_is_never_called_all(share: float) -> None:
    """99.96 % rounds to 100 % only in careless reports."""
    text = percent(share)

    assert (text == "100\u00a0%") == (share > 0.9999995)


@pytest.mark.parametrize("wrong, right, leads", [(0.655, 0.677, False), (0.655, 0.678, True)])
def test_missing_answers_lead_from_a_quarter_of_the_interval_on(
    wrong: float, right: float, *, leads: bool
) -> None:
    """Half of what they could change against half the length, .045, of the interval."""
    one = estimate(low=0.62, high=0.71, value_if_missing_wrong=wrong, value_if_missing_right=right)

    found = leading_range(one)

    assert (found is not None) == leads
    if found:
        assert found[0] <= wrong - 0.045
        assert found[1] >= right + 0.045


def test_at_its_ends_the_range_has_as_much_room_as_so_many_answers_leave_there() -> None:
    """100 answers, all but two right, and 15 that may be wrong: 83 of 100 has .747 to .890."""
    low, high = proportion_confint(98, 100, method="wilson")
    one = estimate(
        value=0.98, low=low, high=high, value_if_missing_wrong=0.83, value_if_missing_right=0.98
    )

    found = leading_range(one)

    assert found is not None
    assert found[0] == pytest.approx(proportion_confint(83, 100, method="wilson")[0], abs=1e-3)


def test_the_range_of_a_share_stays_a_share_and_that_of_an_error_is_no_less_than_0() -> None:
    share = estimate(low=0.4, high=0.8, value_if_missing_wrong=0.01, value_if_missing_right=0.99)

    assert leading_range(share) == (0, 1)
    assert leading_range(replace(share, metric="mae")) == pytest.approx((0, 1.19))


def test_with_all_answers_the_interval_leads() -> None:
    one = estimate(value=0.7, value_if_missing_wrong=0.7, value_if_missing_right=0.7)

    assert leading_range(one) is None


@pytest.mark.parametrize(
    "missing, often", [(0.04, 1), (0.04, 40), (0.08, 5), (0.08, 15), (0.15, 2), (0.15, 40)]
)
def test_what_leads_holds_the_truth_where_gaps_inform(missing: float, often: float) -> None:
    """Skips hit wrong rows up to 40 times as often; the interval alone falls to .1."""
    rng = np.random.default_rng(7)
    rows = 4_000
    score = rng.uniform(0.5, 1, rows)
    label = (rng.random(rows) < 0.2).astype(np.int64)
    right = rng.random(rows) < score * 0.6 + 0.4
    truth = np.where(right, label, 1 - label).astype(np.float64)
    batch = KnownBatch(("a", "b"), label, truth, score, np.zeros(rows, np.int64))
    design = Design(batch, *batch.design(200))
    (drawn,) = draws(design.strata, design.allocated, rng, 250)
    skip = missing / (1 - right.mean() + right.mean() / often)
    chance = np.where(right[drawn.row], skip / often, skip).clip(max=1)

    (found,) = figures(design.evidence(drawn, rng.random(len(chance)) >= chance), ["accuracy"])

    held = []
    for value, low, high, wrong, best in np.stack(found.parts()[:5]).T[: drawn.replays].tolist():
        one = estimate(
            value=value,
            low=low,
            high=high,
            value_if_missing_wrong=wrong,
            value_if_missing_right=best,
        )
        ends = leading_range(one) or (low, high)
        held.append(ends[0] <= right.mean() <= ends[1])
    assert np.mean(held) >= 0.94 - 2.6 * np.sqrt(0.94 * 0.06 / len(held))
