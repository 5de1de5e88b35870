"""Golden rows: which are chosen, and that a difference is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pipelines.columns.buffers import float_array, texts
from pipelines.errors import PackageRefused
from pipelines.features.mapper import Mapper
from pipelines.models import golden_rows
from pipelines.models.evaluator import Scores
from pipelines.models.linear import LinearEvaluator
from pipelines.models.package import TrainedModel

MakeDraft = Callable[..., TrainedModel]


@pytest.fixture
def draft(make_draft: MakeDraft) -> TrainedModel:
    return make_draft()


@pytest.fixture
def mapper(draft: TrainedModel) -> Mapper:
    return Mapper(draft.recipe.features, draft.statistics)


def same(one: pa.RecordBatch, other: pa.RecordBatch) -> bool:
    """NaN equals NaN."""
    return one.schema.equals(other.schema) and repr(one.to_pydict()) == repr(other.to_pydict())


def test_ordinary_rows_come_first_then_edges(raw_rows: pa.RecordBatch, mapper: Mapper) -> None:
    """Each column is null once, and a text was never seen once."""
    rows = golden_rows.golden_rows(raw_rows, mapper)

    assert same(rows.slice(0, 16), raw_rows.slice(0, 16))
    edges = rows.slice(16).to_pydict()
    assert edges["size"][0] is None
    assert edges["kind of row"][1:] == [None, "\N{REPLACEMENT CHARACTER} unseen in training", ""]


def test_coded_texts_are_taken_too(raw_rows: pa.RecordBatch, mapper: Mapper) -> None:
    coded = pa.RecordBatch.from_arrays(
        [raw_rows.column(0), raw_rows.column(1).dictionary_encode()], names=raw_rows.schema.names
    )

    assert same(golden_rows.golden_rows(coded, mapper), golden_rows.golden_rows(raw_rows, mapper))


def test_a_row_that_cannot_be_mapped_is_left_out(mapper: Mapper) -> None:
    rows = pa.RecordBatch.from_arrays(
        [float_array([1.0, np.inf, 2.0]), texts(["a", "b", "c"])], names=["size", "kind of row"]
    )

    kept = golden_rows.golden_rows(rows, mapper)

    assert kept.column(0).to_pylist()[:2] == [1.0, 2.0]


def test_without_a_usable_row_there_is_no_package(mapper: Mapper) -> None:
    rows = pa.RecordBatch.from_arrays(
        [float_array([np.inf]), texts(["a"])], names=["size", "kind of row"]
    )

    with pytest.raises(ValueError, match="no golden row"):
        golden_rows.golden_rows(rows, mapper)


def test_the_same_model_passes(
    raw_rows: pa.RecordBatch, draft: TrainedModel, mapper: Mapper
) -> None:
    rows = golden_rows.golden_rows(raw_rows, mapper)

    golden_rows.check(rows, draft.evaluator.predict(mapper.map(rows)), mapper, draft.evaluator)


def test_plain_arrays_may_not_differ_by_one_bit(
    raw_rows: pa.RecordBatch, draft: TrainedModel, mapper: Mapper
) -> None:
    rows = golden_rows.golden_rows(raw_rows, mapper)
    scores = draft.evaluator.predict(mapper.map(rows))
    assert scores.score is not None
    assert isinstance(draft.evaluator, LinearEvaluator)
    other = replace(scores, score=np.nextafter(scores.score, 1.0))

    with pytest.raises(PackageRefused, match="scores differ"):
        golden_rows.check(rows, other, mapper, draft.evaluator)


@pytest.mark.parametrize("apart,passes", [(1e-10, True), (1e-7, False)])
def test_a_library_may_differ_by_1e_9(
    apart: float, *, passes: bool, raw_rows: pa.RecordBatch, make_draft: MakeDraft
) -> None:
    """Another CPU gives other last bits there; another version of it gives more."""
    draft = make_draft("GaussianNB")
    mapper = Mapper(draft.recipe.features, draft.statistics)
    rows = golden_rows.golden_rows(raw_rows, mapper)
    scores = draft.evaluator.predict(mapper.map(rows))
    assert scores.score is not None
    other = replace(scores, score=scores.score - apart)

    if passes:
        golden_rows.check(rows, other, mapper, draft.evaluator)
    else:
        with pytest.raises(PackageRefused, match="scores differ"):
            golden_rows.check(rows, other, mapper, draft.evaluator)


@pytest.mark.parametrize("name", ["LogisticRegression", "GaussianNB"])
def test_another_label_never_passes(
    name: str, raw_rows: pa.RecordBatch, make_draft: MakeDraft
) -> None:
    draft = make_draft(name)
    mapper = Mapper(draft.recipe.features, draft.statistics)
    rows = golden_rows.golden_rows(raw_rows, mapper)
    scores = draft.evaluator.predict(mapper.map(rows))
    assert scores.codes is not None
    codes = scores.codes.copy()
    codes[0] = 1 - codes[0]

    with pytest.raises(PackageRefused, match="labels differ"):
        golden_rows.check(rows, replace(scores, codes=codes), mapper, draft.evaluator)


@pytest.mark.parametrize(
    "scores",
    [
        Scores(np.array([0, -1], np.int32), np.array([0.5, np.nan]), None),
        Scores(np.array([3], np.int32), None, None),
        Scores(None, None, np.array([1e-300, np.nan])),
    ],
)
def test_scores_survive_their_file(scores: Scores) -> None:
    read = golden_rows.scores_from_batch(
        golden_rows.from_arrow(golden_rows.to_arrow(golden_rows.scores_to_batch(scores)))
    )

    for field in ("codes", "score", "value"):
        before, after = getattr(scores, field), getattr(read, field)
        assert (before is None) == (after is None)
        if before is not None:
            assert after.dtype == before.dtype
            assert after.tobytes() == before.tobytes()
