"""A model that was trained on the checked rows is told from one that met some by chance."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling.leakage import is_learned


@given(st.integers(0, 2**32), st.floats(0.01, 1.0), st.integers(1, 5))
def test_training_that_knows_nothing_of_the_draw_is_no_leak(
    seed: int, share: float, count: int
) -> None:
    """Whatever share of each stratum was trained on, and however unevenly it was drawn."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, count, 2000).astype(np.int32)
    sampled = rng.random(2000) < (0.02 + 0.3 * strata / count)
    trained = rng.random(2000) < share * (1 + strata) / count

    assert not is_learned(strata, sampled, trained)


@given(st.integers(0, 2**32), st.integers(8, 300))
def test_training_on_the_drawn_rows_is_a_leak(seed: int, answered: int) -> None:
    """Also where only some of them were answered, and rows of elsewhere were trained on, too."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 3, 20_000).astype(np.int32)
    drawn = rng.permutation(20_000)[:300]
    sampled, trained = (np.zeros(20_000, np.bool_) for _ in range(2))
    sampled[drawn] = True
    trained[drawn[:answered]] = True

    assert is_learned(strata, sampled, trained)


def test_a_census_of_which_all_was_trained_on_says_nothing() -> None:
    everything = np.ones(50, np.bool_)

    assert not is_learned(np.zeros(50, np.int32), everything, everything)
