"""The exponential whose bits depend on no machine."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.models.exponential import exp

ANY_FLOATS = st.lists(st.floats(), min_size=1, max_size=20)


def worst_relative_error(x: np.ndarray) -> float:
    with localcontext(prec=40):
        pairs = zip(x.tolist(), exp(x).tolist(), strict=True)
        return max(float(abs(Decimal(y) / Decimal(v).exp() - 1)) for v, y in pairs)


def test_exp_is_within_one_unit_in_the_last_place() -> None:
    """The oracle is decimal with 40 digits; every result here is a normal number."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-708, 709, 2000), rng.normal(size=2000), [1e-300, 0.3466]])

    assert worst_relative_error(x) <= 2.2e-16


@given(ANY_FLOATS)
def test_any_float_is_answered_as_numpy_does(values: list[float]) -> None:
    """Limits, infinities, subnormal numbers and NaN, without a warning."""
    x = np.array(values)

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(exp(x), np.exp(x), rtol=5e-16, atol=5e-324)


@given(ANY_FLOATS, st.integers(0, 19))
def test_a_value_alone_has_the_bits_that_it_has_among_others(values: list[float], at: int) -> None:
    at = at % len(values)
    x = np.array(values)

    alone = exp(x[at : at + 1])

    assert alone.tobytes() == exp(x)[at : at + 1].tobytes()


@pytest.mark.parametrize(
    "x,expected",
    [
        (-3.7, "0x1.9511fc6871044p-6"),
        (0.1, "0x1.1aec7b35a00d4p+0"),
        (5.0, "0x1.28d389970338fp+7"),
        (300.25, "0x1.1fda3eaeb3d0ep+433"),
    ],
)
def test_exp_keeps_its_bits(x: float, expected: str) -> None:
    """Fixed vectors: scores of published batches rest on them."""
    assert exp(np.array([x]))[0].hex() == expected
