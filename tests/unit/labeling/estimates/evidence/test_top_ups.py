from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from labeling.estimates.evidence.top_ups import topped_up
from pipelines.tables.schemas import DESIGNS
from tests.fixtures.judged import MOMENT, Row, Tables, judged


def _drawn_again(tables: Tables, hours: int, **more: object) -> pa.Table:
    """Return the designs with a second draw of batch "b", so many hours after the answers."""
    later = MOMENT + timedelta(hours=hours)
    row = {"job": "j", "batch": "b", "draw_no": 2, "series": 1, "purpose": "verify"}
    row |= {"stratum": "all", "size": 9, "allocated": 4, "known_at": later} | more
    return pa.concat_tables([tables.designs, pa.Table.from_pylist([row], schema=DESIGNS)])


def _answered(*words: str) -> Tables:
    return judged({name: [Row("a", words)] * 2 for name in ("a", "b")})


def test_a_top_up_after_an_answer_is_told() -> None:
    tables = _answered("a")
    designs = _drawn_again(tables, 1)

    assert topped_up(designs, tables.samples, tables.annotations) == ["b"]


@pytest.mark.parametrize("hours", [-1, 0])
def test_a_top_up_before_the_first_answer_is_none_that_a_figure_decided(hours: int) -> None:
    tables = _answered("a")
    designs = _drawn_again(tables, hours)

    assert topped_up(designs, tables.samples, tables.annotations) == []


def test_another_design_is_no_top_up() -> None:
    tables = _answered("a")
    designs = _drawn_again(tables, 1, series=2)

    assert topped_up(designs, tables.samples, tables.annotations) == []


def test_without_answers_or_draws_nothing_was_topped_up() -> None:
    tables, nothing = _answered(), judged({})

    assert topped_up(_drawn_again(tables, 1), tables.samples, tables.annotations) == []
    assert topped_up(nothing.designs, nothing.samples, nothing.annotations) == []
