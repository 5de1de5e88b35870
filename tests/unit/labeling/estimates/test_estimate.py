from __future__ import annotations

import pytest

from labeling.estimates.estimate import more_answers, widest
from pipelines.tables.schemas import ESTIMATES
from tests.fixtures.report_data import estimate


def test_a_record_has_the_columns_of_the_table() -> None:
    assert set(estimate().record()) | {"job", "known_at"} == set(ESTIMATES.names)


def test_more_answers_make_the_interval_shorter_until_none_is_left() -> None:
    some = estimate(rows=230, n_answered=150)
    assert some.low is not None
    assert some.high is not None

    lengths = [more_answers(some, more) or 0 for more in (0, 10, 40, 80)]

    assert lengths[0] == pytest.approx((some.high - some.low) / 2)
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 0


def test_before_the_first_answer_a_share_is_taken_to_be_one_half() -> None:
    """100 answers of 10,000 rows: 1.96 * sqrt(.25 / 100) is .098, Wilson's limits are a little closer."""
    none = estimate(value=None, low=0.0, high=1.0, rows=10_000, n_answered=0)

    assert more_answers(none, 100) == pytest.approx(0.096, abs=0.002)


def test_the_widest_of_a_window_is_over_all_its_versions() -> None:
    part, whole = estimate(version="v1", rows=10), estimate(version=None, rows=30)

    assert widest([part, whole, part]) == [whole]
