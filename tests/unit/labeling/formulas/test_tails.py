from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.mean_errors import Spread, means
from labeling.formulas.tails import tails
from pipelines.columns.buffers import Floats

_REPLAYS, _STRATA = 1_500, 5


def _counts(rng: np.random.Generator, rows: int) -> Floats:
    """Return how far hourly counts are from what was expected, one in a hundred being a peak."""
    hour = rng.integers(0, 24, rows)
    expected = (80 + 50 * np.sin(hour / 12 * np.pi)) * rng.gamma(4, 0.25, rows)
    seen = rng.negative_binomial(3, 3 / (3 + expected)) * np.where(rng.random(rows) < 0.01, 4, 1)
    return np.abs(seen - expected)


def _drawn(rng: np.random.Generator, errors: Floats, answers: int) -> Floats:
    """Draw answers many times: (R, H, n), the strata in the order of the rows."""
    strata = np.array_split(errors, _STRATA)
    each = answers // _STRATA
    return np.stack([part[rng.integers(0, len(part), (_REPLAYS, each))] for part in strata], axis=1)


def _spread(errors: Floats, rows: int) -> Spread:
    replays, strata, n = errors.shape
    count = np.full(replays * strata, float(n))
    away = errors - errors.mean(axis=2, keepdims=True)
    third = (away**3).mean(axis=2) * n**2 / ((n - 1) * (n - 2))
    return Spread(
        AnsweredStrata(
            size=np.full(replays * strata, rows / strata),
            answered=count,
            effective=count,
            mean=errors.mean(axis=2).ravel(),
            right=errors.sum(axis=2).ravel(),
            group=np.repeat(np.arange(replays), strata),
            groups=replays,
        ),
        errors.var(axis=2, ddof=1).ravel(),
        third.ravel(),
    )


@pytest.mark.parametrize("sigma", [0.0, 0.8, 1.3])
def test_of_figures_without_a_mark_90_of_100_intervals_hold_the_truth(sigma: float) -> None:
    """Hourly counts with a skewed tail, alone and times lognormal errors; all sizes together."""
    rng = np.random.default_rng(3)
    errors = _counts(rng, 20_000) * rng.lognormal(-(sigma**2) / 2, sigma, 20_000)
    held: dict[str, list[bool]] = {"mae": [], "rmse": []}

    for answers in (25, 50, 100, 200, 400):
        drawn = _drawn(rng, errors, answers)
        group = np.repeat(np.arange(_REPLAYS), answers)
        seen = tails(drawn.ravel(), group, _REPLAYS)
        for metric, power, is_reliable in (
            ("mae", 1, seen.mean_is_reliable),
            ("rmse", 2, seen.square_is_reliable),
        ):
            found, truth = means(_spread(drawn**power, len(errors))), (errors**power).mean()
            held[metric] += ((found.low <= truth) & (truth <= found.high))[is_reliable].tolist()
        assert np.mean(held["mae"]) >= 0.9
        assert seen.mean_is_reliable.mean() > 0.3

    assert np.mean(held["mae"]) >= 0.91
    assert len(held["rmse"]) < 0.01 * 5 * _REPLAYS  # marked, all but a few


def test_thin_tails_are_relied_on_from_some_hundred_answers() -> None:
    rng = np.random.default_rng(3)
    errors = np.abs(rng.normal(size=(_REPLAYS, 1_000)))

    seen = tails(errors.ravel(), np.repeat(np.arange(_REPLAYS), 1_000), _REPLAYS)

    assert seen.mean_is_reliable.mean() > 0.99
    assert seen.square_is_reliable.mean() > 0.9


def test_a_large_answer_is_no_warning_and_its_absence_is() -> None:
    """The largest tenth of lognormal errors, and the same without its largest."""
    whole = np.exp(1.3 * stats.norm.ppf((np.arange(100) + 0.5) / 100))
    cut = np.minimum(whole, np.quantile(whole, 0.92))

    assert tails(whole, np.zeros(100, np.int64), 1).mean_is_reliable.all()
    assert not tails(cut, np.zeros(100, np.int64), 1).mean_is_reliable.any()


@pytest.mark.parametrize("errors", [[], [3.0], [0.0] * 40 + [5.0] * 5, [0.0] * 50])
def test_what_shows_no_tail_is_not_relied_on(errors: list[float]) -> None:
    seen = tails(np.array(errors), np.zeros(len(errors), np.int64), 1)

    assert not seen.mean_is_reliable.any()
    assert not seen.square_is_reliable.any()


def test_errors_next_to_the_smallest_number_overflow_without_a_warning() -> None:
    found = tails(np.array([5e-324, 1.0]), np.zeros(2, np.int64), 1)

    assert found.answers.tolist() == [2.0]
    assert not np.isnan(found.excess).any()
