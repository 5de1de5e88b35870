"""Plain arrays: equal to a matrix product, and to themselves however rows are batched."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import PackageRefused
from pipelines.features.mapped import Mapped, Numbers
from pipelines.models import linear
from pipelines.models.evaluator import Scores, layout_of, load_evaluator
from pipelines.models.inverse_links import BINARY_INVERSE_LINKS, INVERSE_LINKS
from pipelines.models.linear import LinearEvaluator
from pipelines.sklearn.matrices import dense_matrix, taken

MakeMapped = Callable[..., Mapped]


def evaluator_for(
    mapped: Mapped, *, inverse_link: str = "identity", seed: int = 1
) -> LinearEvaluator:
    rng = np.random.default_rng(seed)
    classes: tuple[int, ...] = (
        ()
        if inverse_link == "identity"
        else (0, 2)
        if inverse_link in BINARY_INVERSE_LINKS
        else (2, 0, 5)
    )
    decisions = 1 if len(classes) < 3 else 3
    return LinearEvaluator(
        layout=layout_of(mapped),
        coefficients=rng.normal(size=(decisions, mapped.width)),
        intercepts=rng.normal(size=decisions),
        classes=classes,
        inverse_link=inverse_link,
    )


def bits(scores: Scores, rows: Any = ...) -> tuple[bytes | None, ...]:
    parts = (scores.codes, scores.score, scores.value)
    return tuple(None if part is None else part[rows].tobytes() for part in parts)


@pytest.mark.parametrize("text", [False, True])
def test_a_number_is_the_product_of_matrix_and_weights(
    make_mapped: MakeMapped, *, text: bool
) -> None:
    mapped = make_mapped(500, text=text)
    evaluator = evaluator_for(mapped)

    expected = dense_matrix(mapped) @ evaluator.coefficients[0] + evaluator.intercepts[0]

    assert evaluator.predict(mapped).value == pytest.approx(expected, rel=0, abs=1e-13)


def test_codes_are_those_of_the_classes(make_mapped: MakeMapped) -> None:
    """A class that training never saw has a code too, so codes and decisions differ."""
    mapped = make_mapped(500)
    evaluator = evaluator_for(mapped, inverse_link="softmax")

    decisions = dense_matrix(mapped) @ evaluator.coefficients.T + evaluator.intercepts

    expected = np.array(evaluator.classes)[decisions.argmax(axis=1)]
    np.testing.assert_array_equal(evaluator.predict(mapped).codes, expected)


@pytest.mark.parametrize("inverse_link", ["identity", *sorted(INVERSE_LINKS)])
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_choice_of_rows_gives_each_row_its_own_bits(
    make_mapped: MakeMapped, inverse_link: str, data: st.DataObject
) -> None:
    """One row, many rows, another order: a library's matrix product does not do this."""
    mapped = make_mapped(300, text=True)
    evaluator = evaluator_for(mapped, inverse_link=inverse_link)
    chosen = np.array(data.draw(st.lists(st.integers(0, 299), min_size=1, max_size=40)))

    whole, part = evaluator.predict(mapped), evaluator.predict(taken(mapped, chosen))

    assert bits(part) == bits(whole, chosen)


@pytest.mark.parametrize("inverse_link", ["identity", "sigmoid", "softmax"])
def test_the_size_of_blocks_changes_nothing(
    make_mapped: MakeMapped, monkeypatch: pytest.MonkeyPatch, inverse_link: str
) -> None:
    mapped = make_mapped(1000, text=True)
    evaluator = evaluator_for(mapped, inverse_link=inverse_link)
    whole = bits(evaluator.predict(mapped))

    for size in (1, 7, 1000):
        monkeypatch.setattr(linear, "DENSE_BLOCK_ROWS", size)

        assert bits(evaluator.predict(mapped)) == whole


@pytest.mark.parametrize("inverse_link", ["identity", *sorted(INVERSE_LINKS)])
def test_no_rows_give_no_answers_of_the_right_kind(
    make_mapped: MakeMapped, inverse_link: str
) -> None:
    mapped = make_mapped(5, text=True)
    evaluator = evaluator_for(mapped, inverse_link=inverse_link)

    none, some = evaluator.predict(taken(mapped, np.empty(0, np.int64))), evaluator.predict(mapped)

    for empty, full in zip(bits(none), bits(some), strict=True):
        assert (empty is None) == (full is None)
        assert not empty


@pytest.mark.parametrize("inverse_link", ["identity", "sign", "sigmoid", "largest", "softmax"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1.7e308])
def test_a_row_without_a_finite_decision_has_no_answer(inverse_link: str, value: float) -> None:
    """Never a label out of an overflow, and the rows around it keep theirs."""
    rows = Mapped(3, (Numbers("x", np.array([1.0, value, 2.0])),))
    evaluator = evaluator_for(rows, inverse_link=inverse_link, seed=2)
    evaluator = LinearEvaluator(
        evaluator.layout,
        evaluator.coefficients * 10,
        evaluator.intercepts,
        evaluator.classes,
        inverse_link,
    )

    scores = evaluator.predict(rows)

    assert scores.unscorable.tolist() == [False, True, False]
    assert bits(evaluator.predict(taken(rows, np.array([0])))) == bits(scores, [0])


def test_rows_of_another_spec_are_refused(make_mapped: MakeMapped) -> None:
    evaluator = evaluator_for(make_mapped(3))

    with pytest.raises(PackageRefused, match="other columns"):
        evaluator.predict(make_mapped(3, text=True))


@pytest.mark.parametrize("inverse_link", ["identity", *sorted(INVERSE_LINKS)])
def test_files_bring_back_the_same_bits(make_mapped: MakeMapped, inverse_link: str) -> None:
    mapped = make_mapped(50, text=True)
    before = evaluator_for(mapped, inverse_link=inverse_link)

    after = load_evaluator(before.kind, before.config(), before.files())

    assert bits(after.predict(mapped)) == bits(before.predict(mapped))


def test_an_array_of_objects_is_never_unpickled() -> None:
    hostile = np.array([{"a": 1}], dtype=object)
    buffer = io.BytesIO()
    np.save(buffer, hostile, allow_pickle=True)

    with pytest.raises(ValueError, match="allow_pickle=False"):
        linear.from_npy(buffer.getvalue())


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(PackageRefused, match="'pickle'"):
        load_evaluator("pickle", {}, {})


@pytest.mark.parametrize(
    "classes,inverse_link,decisions",
    [
        ((), "sigmoid", 1),
        ((0, 1), "identity", 1),
        ((0, 1), "sigmoid", 2),
        ((0, 1, 2), "sigmoid", 1),
        ((0, 1, 2), "softmax", 2),
        ((0, 1), "no such inverse_link", 1),
        ((0,), "softmax", 1),
        ((), "identity", 2),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    classes: tuple[int, ...], inverse_link: str, decisions: int
) -> None:
    layout = layout_of(Mapped(1, (Numbers("x", np.zeros(1)),)))

    with pytest.raises(ValueError, match="decisions"):
        LinearEvaluator(
            layout, np.zeros((decisions, 1)), np.zeros(decisions), classes, inverse_link
        )


def test_weights_of_another_width_are_refused() -> None:
    layout = layout_of(Mapped(1, (Numbers("x", np.zeros(1)),)))

    with pytest.raises(ValueError, match="matrix of width 1"):
        LinearEvaluator(layout, np.zeros((1, 2)), np.zeros(1))


def test_opening_plain_arrays_imports_no_library() -> None:
    """A cold start pays for numpy and pyarrow alone."""
    heavy = ("pandas", "scipy", "sklearn", "skops", "apache_beam")
    program = (
        "import sys, pipelines.models.package, pipelines.models.linear\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("inverse_link", sorted(INVERSE_LINKS))
def test_the_score_is_the_probability_of_the_answers_class(
    make_mapped: MakeMapped, inverse_link: str
) -> None:
    """To the bit, for whichever rows are asked about."""
    mapped = make_mapped(300, text=True)
    evaluator = evaluator_for(mapped, inverse_link=inverse_link)
    some = np.array([7, 3, 299])

    scores, chances = evaluator.predict(mapped), evaluator.probabilities(taken(mapped, some))

    if scores.score is None or scores.codes is None:
        assert chances is None
        return
    assert chances is not None
    places = [evaluator.classes.index(code) for code in scores.codes[some].tolist()]
    assert chances[np.arange(3), places].tobytes() == scores.score[some].tobytes()
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=0, atol=1e-12)


def test_a_row_without_an_answer_has_no_probability() -> None:
    rows = Mapped(2, (Numbers("x", np.array([1.0, np.nan])),))

    chances = evaluator_for(rows, inverse_link="softmax").probabilities(rows)

    assert chances is not None
    assert np.isnan(chances).all(axis=1).tolist() == [False, True]


def test_a_predicted_number_has_no_probability(make_mapped: MakeMapped) -> None:
    mapped = make_mapped(3)

    assert evaluator_for(mapped).probabilities(mapped) is None


def test_the_layout_keeps_the_words_of_earlier_packages(make_mapped: MakeMapped) -> None:
    """A class may be renamed; a package that holds its earlier word must still open."""
    layout = layout_of(make_mapped(1, text=True))

    assert [(block.kind, block.width) for block in layout] == [
        ("numbers", 1),
        ("sparse", 30),
        ("codes", 4),
        ("dense", 3),
        ("numbers", 1),
    ]
