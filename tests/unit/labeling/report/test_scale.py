from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeling.report.scale import Scale, around

_finite = st.floats(-1e6, 1e6)


@given(_finite, st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_few_round_and_inside(low: float, length: float, most: int) -> None:
    scale = Scale(low, low + length)

    ticks = scale.ticks(most)

    assert len(ticks) <= most + 1
    assert all(low - length * 1e-6 <= tick <= low + length * (1 + 1e-6) for tick in ticks)


@given(st.lists(st.floats(0, 1), min_size=1))
def test_a_scale_holds_what_it_must(values: list[float]) -> None:
    scale = around([*values, None], floor=0, ceiling=1, least=0.2)

    assert 0 <= scale.low <= min(values)
    assert max(values) <= scale.high <= 1
    assert scale.high - scale.low >= 0.2 - 1e-9


def test_a_scale_of_nothing_is_whole() -> None:
    assert around([None], floor=0, ceiling=1, least=0.2) == Scale(0, 1)
    assert around([], floor=0, ceiling=float("inf"), least=0.2) == Scale(0, 1)
