"""The columns that a job reads."""

from __future__ import annotations

from pipelines.input.projections import projection
from tests.fixtures.reading import rules


def test_a_job_reads_what_it_names_and_no_more() -> None:
    described = rules(
        {"x": {"kind": "numeric"}, "c": {"kind": "categorical"}},
        data={"path": "x", "key": ["k"], "time": "at"},
        batches={"by": "column", "column": "b"},
        target={"column": "t", "answers": ["no", "yes"]},
        labeling={"show": ["x", "s"]},
        cohorts={"g": {"column": "g"}},
    )

    found = projection(described)

    assert found.columns is not None
    assert set(found.columns) == {"x", "c", "k", "at", "b", "s", "g"}
    assert found.coded == {"c", "g"}
    assert set(projection(described, target=True).columns or ()) == {*found.columns, "t"}


def test_a_users_function_sees_every_column_and_features_need_not_be_there_before() -> None:
    described = rules(features={"function": "f.py:f", "columns": {"x": {"kind": "numeric"}}})

    found = projection(described)

    assert (found.columns, found.required) == (None, ("k",))
