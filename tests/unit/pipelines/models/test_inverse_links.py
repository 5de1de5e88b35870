"""Links, against scipy and the properties that every probability has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from pipelines.models.inverse_links import (
    BINARY_INVERSE_LINKS,
    CLASS_PROBABILITIES,
    INVERSE_LINKS,
    WITHOUT_PROBABILITY,
)

FINITE = st.floats(-1e300, 1e300)
BINARY = arrays(np.float64, st.tuples(st.just(1), st.integers(1, 20)), elements=FINITE)
SEVERAL = arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(1, 20)), elements=FINITE)


def answered(name: str, decisions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What an inverse link that knows a probability says."""
    answers, score = INVERSE_LINKS[name](decisions)
    assert score is not None
    return answers, score


@given(BINARY)
def test_sigmoid_is_the_logistic_function_of_the_decision(decisions: np.ndarray) -> None:
    answers, score = answered("sigmoid", decisions)

    expected = expit(decisions[0])
    np.testing.assert_array_equal(answers, decisions[0] > 0)
    np.testing.assert_allclose(score, np.maximum(expected, 1 - expected), rtol=1e-15)


@given(SEVERAL)
def test_softmax_is_scipys(decisions: np.ndarray) -> None:
    answers, score = answered("softmax", decisions)

    np.testing.assert_array_equal(answers, decisions.argmax(axis=0))
    np.testing.assert_allclose(score, scipy_softmax(decisions, axis=0).max(axis=0), rtol=1e-14)


@given(SEVERAL)
def test_one_against_rest_divides_by_the_sum(decisions: np.ndarray) -> None:
    decisions = np.clip(decisions, -700, 700)
    _, score = answered("one_vs_rest", decisions)

    shares = expit(decisions)
    np.testing.assert_allclose(score, (shares / shares.sum(axis=0)).max(axis=0), rtol=1e-13)


@pytest.mark.parametrize("name", ["one_vs_rest", "modified_huber_one_vs_rest"])
def test_where_no_answer_has_any_probability_all_have_the_same(name: str) -> None:
    answers, score = answered(name, np.full((4, 1), -1000.0))

    assert answers.tolist() == [0]
    assert score.tolist() == [0.25]


@pytest.mark.parametrize("name", sorted(BINARY_INVERSE_LINKS - WITHOUT_PROBABILITY))
@given(BINARY)
def test_of_two_answers_the_given_one_has_at_least_half(name: str, decisions: np.ndarray) -> None:
    _, score = answered(name, decisions)

    assert ((score >= 0.5) & (score <= 1.0)).all()


@pytest.mark.parametrize(
    "name", sorted(INVERSE_LINKS.keys() - BINARY_INVERSE_LINKS - WITHOUT_PROBABILITY)
)
@given(SEVERAL)
def test_of_many_answers_the_given_one_has_the_largest_share(
    name: str, decisions: np.ndarray
) -> None:
    _, score = answered(name, decisions)

    assert ((score >= 1 / len(decisions) - 1e-15) & (score <= 1.0)).all()


@pytest.mark.parametrize("name", sorted(INVERSE_LINKS))
@given(st.data())
def test_a_row_alone_has_the_bits_that_it_has_among_others(name: str, data: st.DataObject) -> None:
    decisions = data.draw(BINARY if name in BINARY_INVERSE_LINKS else SEVERAL)
    at = data.draw(st.integers(0, decisions.shape[1] - 1))

    answers, score = INVERSE_LINKS[name](decisions)
    own_answer, own_score = INVERSE_LINKS[name](decisions[:, at : at + 1])

    assert own_answer[0] == answers[at]
    if score is not None and own_score is not None:
        assert own_score[0].tobytes() == score[at].tobytes()


def test_links_without_probability_say_so() -> None:
    for name, inverse_link in INVERSE_LINKS.items():
        _, score = inverse_link(np.zeros((1 if name in BINARY_INVERSE_LINKS else 2, 1)))

        assert (score is None) == (name in WITHOUT_PROBABILITY)


@pytest.mark.parametrize("name", sorted(INVERSE_LINKS.keys() - WITHOUT_PROBABILITY))
@given(st.data())
def test_the_answers_probability_is_the_same_among_those_of_all(
    name: str, data: st.DataObject
) -> None:
    """All together are 1, and that of the answer has the bits of its score."""
    decisions = data.draw(BINARY if name in BINARY_INVERSE_LINKS else SEVERAL)

    chances = CLASS_PROBABILITIES[name](decisions)

    answers, score = answered(name, decisions)
    assert len(chances) == max(len(decisions), 2)
    assert np.take_along_axis(chances, answers[np.newaxis], axis=0)[0].tobytes() == score.tobytes()
    np.testing.assert_allclose(chances.sum(axis=0), 1.0, rtol=0, atol=1e-12)
    assert (chances >= 0).all()


def test_links_without_probability_have_none_of_any_answer() -> None:
    assert CLASS_PROBABILITIES.keys() == INVERSE_LINKS.keys() - WITHOUT_PROBABILITY
