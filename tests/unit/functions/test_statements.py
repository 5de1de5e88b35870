"""Bounds on SQL: what a parser cannot be interrupted over is not given to it."""

from __future__ import annotations

import pytest

from functions.statements import DEPTH, NESTED, require_bounded
from pipelines.errors import QueryInvalid


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("select " + "(" * 100_000, "characters"),
        ("select " + "(" * 90_000, "brackets"),
        ("select " + "[{" * DEPTH, "brackets"),
        ("with a as (" * 10 + "select", "WITH inside each other"),
        ("with a as (\n  WITH b as (" * 5, "WITH inside each other"),
        ("select " + "a." * 30 + "b", "parts"),
        ("select '" + "x" * 100_000 + "'", "characters"),
    ],
    ids=range(7),
)
def test_what_would_take_hours_to_parse_is_refused(sql: str, bound: str) -> None:
    with pytest.raises(QueryInvalid, match=bound):
        require_bounded(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "with a as (select 1), b as (select 2), "
        + ", ".join(f"c{n} as (select 3)" for n in range(99)),
        "select " + "(" * DEPTH + "1" + ")" * DEPTH,
        "with a as (" * NESTED + "select 1" + ") select 1" * NESTED,
        "select '" + "(" * 1_000 + "' -- " + "(" * 1_000 + '\n, "' + "((" * 100 + '" /* ((( */',
        "select " + "(1)+" * 5_000 + "1",
        "select job.batch, 1.5, 'a.b.c' from t",
        "select ')' from t" + ")" * 200,
        "/*" * 49_000,
    ],
    ids=range(8),
)
def test_what_people_write_passes(sql: str) -> None:
    require_bounded(sql)
