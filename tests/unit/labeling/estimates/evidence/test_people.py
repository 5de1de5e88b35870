from __future__ import annotations

import numpy as np
import pytest

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.people import mean_over_people
from tests.fixtures.judged import Row, judged


def _evidence(*answers: tuple[str, ...]) -> Evidence:
    """One drawn row for each of these, with an answer of each of so many people."""
    return judged({"one": [Row("yes", said) for said in answers]}).evidence()


def test_each_person_counts_alike_within_a_row() -> None:
    evidence = _evidence(("yes", "no"), ("yes",), ())
    is_yes = evidence.answers.label == evidence.labels.index("yes")

    means = mean_over_people(evidence, is_yes)

    assert means[:2].tolist() == [0.5, 1.0]
    assert np.isnan(means[2])


def test_an_answer_without_a_value_is_left_out() -> None:
    """A text where a number is asked for says nothing of the size of an error."""
    evidence = _evidence(("3", "many"), ("much",))

    means = mean_over_people(evidence, evidence.answers.number)

    assert means[0] == 3.0
    assert np.isnan(means[1])


@pytest.mark.parametrize("many", [1, 3])
def test_people_who_agree_are_like_one(many: int) -> None:
    evidence = _evidence(("yes",) * many)

    assert mean_over_people(evidence, np.ones(many)).tolist() == [1.0]
