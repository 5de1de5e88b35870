from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeling.estimates.amounts import percent


@given(st.floats(0, 1))
def test_what_is_not_all_is_never_called_all(share: float) -> None:
    """99.96 % rounds to 100 % only in careless reports."""
    text = percent(share)

    assert (text == "100\u00a0%") == (share > 0.9999995)
