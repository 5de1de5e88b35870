"""A few nights of each job, which together meet every trouble; `make nights` has 30 of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.histories import breakages
from tests.nights.delivered import JOBS
from tests.nights.simulate import nights_of, table

NIGHTS = 4


@pytest.mark.parametrize("job", JOBS)
def test_no_night_loses_anything(job: str) -> None:
    done = nights_of(job, NIGHTS, "2026")

    assert done.violations == [], "\n".join([*done.log, table(done.nights)])
    assert len(done.nights) == NIGHTS


BROKEN = {
    breakages.bad_rows_are_lost: "one_attempt_each",
    breakages.probabilities_are_wrong: "probabilities_are_as_designed",
}


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: change.__name__)
def test_a_product_that_was_broken_is_found_out(change: Callable[[], None]) -> None:
    done = nights_of("elsewhere", 3, "2026", [change])

    assert any(BROKEN[change] in words for words in done.violations), done.violations[:5]
