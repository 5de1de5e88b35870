from __future__ import annotations

import numpy as np
import pyarrow as pa

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.coding import person_codes
from labeling.estimates.evidence.gathering import evidence
from pipelines.columns.buffers import texts
from tests.fixtures.judged import Row, judged


def test_a_person_has_one_code_in_every_batch() -> None:
    """Person 0 answers in both batches, person 1 in one of them."""
    tables = judged({"one": [Row("a", ("a", "b"))], "two": [Row("a", ("a",))]})

    answers = tables.evidence().answers

    assert len(answers.person) == len(answers.row) == 3
    assert len(set(answers.person.tolist())) == 2
    assert answers.person[0] == answers.person[2] != answers.person[1]


def test_another_seed_gives_other_codes() -> None:
    names = texts(["ann", "ben"])

    one, other = (person_codes(names, seed) for seed in ("s", "t"))

    assert not set(one.tolist()) & set(other.tolist())
    assert (one >= 0).all()


def test_nobody_knows_who_answered_where_no_name_is_given() -> None:
    codes = person_codes(pa.array(["ann", None, "ann"], pa.string()), "s")

    assert codes[1] == -1
    assert codes[0] == codes[2] != -1


def test_no_answers_have_no_people() -> None:
    assert person_codes(pa.array([], pa.string()), "s").tolist() == []


def test_a_code_is_no_position() -> None:
    """It stays when other people answer too."""
    few, more = (person_codes(texts(names), "s") for names in (["ben"], ["ann", "ben"]))

    assert few[0] == more[1]


def test_nothing_but_the_codes_of_people_depends_on_the_seed() -> None:
    tables = judged({"one": [Row("a", ("a", "b")), Row("b", ("b",))]})

    one, other = (
        evidence(tables.designs, tables.samples, tables.annotations, None, seed=seed)
        for seed in ("s", "t")
    )

    assert not np.array_equal(one.answers.person, other.answers.person)
    for name in ("row", "label", "number"):
        assert np.array_equal(
            getattr(one.answers, name), getattr(other.answers, name), equal_nan=name == "number"
        )
    assert _sizes(one) == _sizes(other)


def _sizes(of: Evidence) -> list[float]:
    return of.parts.rows.tolist()


def test_scores_of_classes_are_columns_by_name_and_unknown_where_a_row_has_none() -> None:
    rows = [Row("b", scores={"b": 0.7, "a": 0.3}), Row("a"), Row("a", scores={"a": 1.0})]

    found = judged({"one": rows}).evidence().drawn.scores

    assert found is not None
    assert found.names == ["a", "b"]
    assert np.array_equal(
        found.values, [[0.3, 0.7], [np.nan, np.nan], [1.0, np.nan]], equal_nan=True
    )


def test_samples_that_were_read_without_scores_have_none() -> None:
    tables = judged({"one": [Row("b", ("b",), scores={"b": 1.0})]})
    samples = tables.samples.drop_columns(["scores"])

    found = evidence(tables.designs, samples, tables.annotations, None, seed="s")

    assert found.drawn.scores is None
