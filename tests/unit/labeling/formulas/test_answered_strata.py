from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.formulas.answered_strata import strata


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(50, 900), st.integers(1, 9), st.floats(0, 1)), min_size=1, max_size=5
    )
)
def test_none_right_is_as_rare_as_in_a_simple_random_sample_of_the_least_answers(
    parts: list[tuple[int, int, float]],
) -> None:
    """However the strata divide the share that is right."""
    size, answered, right = (np.array(part, float) for part in zip(*parts, strict=True))
    of = strata(size, answered, np.zeros(len(size)))

    chance = np.prod((1 - right) ** answered)

    assert chance <= (1 - of.weight @ right) ** of.least[0] + 1e-12
