"""Proof that plain arrays predict what scikit-learn predicts, before they are signed.

Compared are the hold-out rows and edge values: for each column of numbers its
extremes and their neighbours in float64 and float32, zeros of both signs and
1e39 (more than float32 holds); each category code; texts of no term and of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.columns.buffers import Bools, Floats
from pipelines.features.mapped import Column, Dense, Mapped, Numbers, OneHot, Sparse
from pipelines.models.evaluator import Evaluator, Scores
from pipelines.models.linear import LinearEvaluator
from pipelines.sklearn.matrices import Matrix, matrix_of, taken
from pipelines.sklearn.threads import one_thread
from pipelines.sklearn.training import Trained

TOLERANCE: Final = 1e-12
"""How far apart two scores may be, for decisions that add up terms of at most 1 in all."""

_ANY_NUMBER: Final = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-30, 1e6, -1e6, 1e39, -1e39)
_CODES_TRIED: Final = 1000
_TERMS_TRIED: Final = 100


def difference(evaluator: LinearEvaluator, trained: Trained, mapped: Mapped) -> str | None:
    """Describe where plain arrays and estimator differ by more than rounding.

    A row whose two best answers are closer than the rounding of their own
    decisions may get either: there the estimator's label depends on how many
    rows are in the call.

    Args:
        evaluator: the plain arrays.
        trained: the estimator that they were taken from.
        mapped: the rows to compare on (n).

    Returns:
        A sentence about the first difference; None where there is none.
    """
    if not mapped.rows:
        return None
    values = matrix_of(mapped)
    ours = evaluator.predict(mapped)
    with one_thread(), np.errstate(all="ignore"):
        theirs = _reference(trained, values, has_score=ours.score is not None)
        decisions = np.asarray(values @ evaluator.coefficients.T + evaluator.intercepts)
        rounding = TOLERANCE * np.maximum(1.0, _magnitude(evaluator, values))
    finite = np.isfinite(decisions).all(axis=1) & np.isfinite(rounding)
    if (ours.unscorable & finite).any():
        return "a row that scikit-learn scores has no finite decision"
    return _compared(ours, theirs, rounding, tied=_margin(decisions) <= rounding, rows=finite)


def _reference(trained: Trained, values: Matrix, *, has_score: bool) -> Scores:
    """Predict with the estimator itself."""
    predicted = trained.estimator.predict(values)
    if trained.entry.task == "regression":
        return Scores(None, None, predicted)
    codes = predicted.astype(np.int32)
    if not has_score:
        return Scores(codes, None, None)
    return Scores(codes, trained.estimator.predict_proba(values).max(axis=1), None)


def _magnitude(evaluator: LinearEvaluator, values: Matrix) -> Floats:
    """Sum the absolute terms of the largest decision of each row: (n,)."""
    terms = abs(values) @ np.abs(evaluator.coefficients).T + np.abs(evaluator.intercepts)
    magnitude: Floats = np.asarray(terms).max(axis=1)
    return magnitude


def _margin(decisions: Floats) -> Floats:
    """Return by how much the best decision of each row exceeds the second: (n, K) to (n,)."""
    if decisions.shape[1] == 1:
        return np.abs(decisions[:, 0])
    best = np.sort(decisions, axis=1)
    margin: Floats = best[:, -1] - best[:, -2]
    return margin


def _compared(
    ours: Scores, theirs: Scores, rounding: Floats, *, tied: Bools, rows: Bools
) -> str | None:
    if ours.codes is not None:
        wrong = (ours.codes != theirs.codes) & ~tied & rows
        if wrong.any():
            return f"{wrong.sum()} of {len(wrong)} labels differ"
    pairs = ((ours.score, theirs.score), (ours.value, theirs.value))
    for mine, reference in pairs:
        if mine is not None and reference is not None:
            apart = np.abs(mine - reference)[rows]
            if not (apart <= rounding[rows]).all():
                return f"results differ by up to {apart.max():.1e}"
    return None


def identical(first: Evaluator, second: Evaluator, mapped: Mapped) -> bool:
    """Tell whether two evaluators give the same bits for the same rows.

    Args:
        first: one of them.
        second: the other.
        mapped: the rows (n).

    Returns:
        True where codes, scores and values are bitwise equal.
    """
    one, two = first.predict(mapped), second.predict(mapped)
    pairs = ((one.codes, two.codes), (one.score, two.score), (one.value, two.value))
    return all(_same_bits(a, b) for a, b in pairs)


def _same_bits(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.tobytes() == second.tobytes()


@dataclass(frozen=True, slots=True)
class _Edge:
    """An edge value of one column, to be put into a copy of an ordinary row."""

    column: int
    changed: Column  # one row


def edge_rows(mapped: Mapped) -> list[Mapped]:
    """Make single rows: copies of the first row of `mapped`, each with one column at an edge value."""
    if not mapped.rows:
        return []
    base = taken(mapped, np.array([0]))
    edges = (
        _Edge(at, changed)
        for at, column in enumerate(mapped.columns)
        for changed in _edges_of(column)
    )
    return [
        Mapped(1, (*base.columns[: e.column], e.changed, *base.columns[e.column + 1 :]))
        for e in edges
    ]


def _edges_of(column: Column) -> Iterator[Column]:
    match column:
        case Numbers():
            for value in edge_values(column.values):
                yield replace(column, values=np.array([value]))
        case OneHot():
            for code in range(min(column.size, _CODES_TRIED)):
                yield replace(column, codes=np.array([code], dtype=np.int32))
        case Sparse():
            yield _one_text(column, np.empty(0, dtype=np.int32))
            for term in np.unique(np.linspace(0, column.size - 1, _TERMS_TRIED).astype(np.int32)):
                yield _one_text(column, term[np.newaxis])
        case Dense():
            for value in (0.0, 1.0, 0.5):
                yield replace(column, values=np.full((1, column.width), value))


def _one_text(column: Sparse, terms: npt.NDArray[np.int32]) -> Sparse:
    indptr = np.array([0, len(terms)], dtype=np.int64)
    return replace(column, indptr=indptr, indices=terms, values=np.ones(len(terms)))


def edge_values(values: Floats) -> Floats:
    """Return the extremes of a column, their neighbours, and numbers that often break code.

    >>> 1e39 in edge_values(np.array([1.0, 2.0]))
    True
    """
    ends = np.array([values.min(), values.max()])
    near = [np.nextafter(ends, -np.inf), np.nextafter(ends, np.inf)]
    single = ends.astype(np.float32)
    near += [np.nextafter(single, np.float32(-np.inf)), np.nextafter(single, np.float32(np.inf))]
    return np.concatenate([ends, *near, single, np.array(_ANY_NUMBER)]).astype(np.float64)
