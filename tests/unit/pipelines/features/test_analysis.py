"""What features learn, against scikit-learn and counting by hand, in any order of fragments."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from collections import Counter
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from pipelines.columns.buffers import float_array
from pipelines.errors import JobInvalid
from pipelines.features.analysis import Accumulator, Statistics
from pipelines.features.bad_values import BadValues
from pipelines.features.fitted import (
    Fitted,
    FittedCategorical,
    FittedDate,
    FittedImage,
    FittedNumeric,
    FittedStatistics,
    FittedText,
)
from pipelines.features.spec import Categorical, Date, Feature, FeatureSpec, Image, Numeric, Text
from pipelines.features.summaries import ValueCounts


def _hashes(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, (rows, 2), dtype=np.uint64)


def _fit(feature: Feature, column: pa.Array) -> Fitted:
    statistics = Statistics(FeatureSpec(columns={"x": feature}))
    batch = pa.record_batch([column], names=["x"])
    seen = statistics.add(statistics.create(), batch, _hashes(len(column)), (0, 0))
    return statistics.result(seen).columns["x"]


def _numeric(feature: Numeric, values: Any) -> FittedNumeric:
    fitted = _fit(feature, pa.array(values, pa.float64()))
    assert isinstance(fitted, FittedNumeric)
    return fitted


@pytest.mark.parametrize("impute", ["mean", "median", "constant"])
def test_filling_and_scaling_are_scikit_learns(impute: Any) -> None:
    """The mean and variance are those of the column once its gaps are filled."""
    values = np.random.default_rng(1).gamma(2, 30, 500)
    values[::7] = np.nan
    imputer = SimpleImputer(strategy=impute, fill_value=5.0 if impute == "constant" else None)
    scaler = StandardScaler()

    fitted = _numeric(Numeric(impute=impute, fill=5.0), values)

    scaler.fit(imputer.fit_transform(values[:, None]))
    assert fitted.fill == pytest.approx(imputer.statistics_[0], rel=1e-14)
    assert fitted.mean == pytest.approx(scaler.mean_[0], rel=1e-13)
    assert fitted.deviation == pytest.approx(scaler.scale_[0], rel=1e-13)
    assert (fitted.count, fitted.missing) == (428, 72)


def test_edges_are_scikit_learns_quantiles() -> None:
    values = np.random.default_rng(2).gamma(2, 30, 501)
    oracle = KBinsDiscretizer(7, strategy="quantile", quantile_method="linear", subsample=None)

    fitted = _numeric(Numeric(bins=7), values)

    assert fitted.edges == pytest.approx(oracle.fit(values[:, None]).bin_edges_[0][1:-1])
    assert fitted.rank_error == 0


def test_equal_quantiles_make_one_edge() -> None:
    """Nine zeros in ten values leave room for few bins."""
    assert _numeric(Numeric(bins=4), [0.0] * 9 + [8.0]).edges == (0.0,)


@pytest.mark.parametrize("values", [[], [None, None], [float("nan")]])
def test_without_a_value_the_constant_fills(values: list[float | None]) -> None:
    """Nothing is divided by 0 and nothing is NaN."""
    fitted = _numeric(Numeric(fill=3.0, bins=2), values)

    assert (fitted.fill, fitted.mean, fitted.deviation) == (3.0, 0.0, 1.0)
    assert (fitted.minimum, fitted.edges) == (None, ())


def test_a_constant_column_is_not_divided_by_zero() -> None:
    fitted = _numeric(Numeric(), [0.1] * 10 + [None])

    assert (fitted.mean, fitted.deviation) == (0.1, 1.0)


def test_numbers_too_large_for_a_mean_are_refused() -> None:
    with pytest.raises(JobInvalid, match="too large") as caught:
        _numeric(Numeric(), [1e308, 1.7e308, -1e308])

    assert "minimum" in caught.value.fix


_LETTERS = st.lists(st.one_of(st.none(), st.sampled_from("abcdef")), max_size=60)


@given(_LETTERS, st.integers(1, 6), st.integers(1, 4), st.booleans())
def test_a_vocabulary_is_the_most_frequent_values(
    values: list[str | None],
    most: int,
    least: int,
    coded: bool,  # noqa: FBT001
) -> None:
    """Ties in the order of the text, null first; too rare values are left out."""
    column = pa.array(values, pa.string())

    fitted = _fit(
        Categorical(max_values=most, min_count=least),
        column.dictionary_encode() if coded else column,
    )

    ranked = sorted(Counter(values).items(), key=lambda one: (-one[1], one[0] or ""))
    kept = [one for one in ranked if one[1] >= least][:most]
    assert isinstance(fitted, FittedCategorical)
    assert list(zip(fitted.values, fitted.counts, strict=True)) == kept


def test_the_median_of_each_part_fills_missing_times() -> None:
    times = [dt.datetime(2013, 1, day, 23, 30) for day in (1, 4, 9)]  # noqa: DTZ001  on the wall
    column = pa.array([*times, None], pa.timestamp("us"))

    fitted = _fit(Date(parts=("day", "hour", "year")), column)

    assert isinstance(fitted, FittedDate)
    assert fitted.medians == {"day": 4, "hour": 23, "year": 2013}


_TEXTS = ["late again", "the late bird", "an early bird", None, "", "bird"]


def test_a_texts_vocabulary_and_idf_are_scikit_learns() -> None:
    """All terms with their weights, and of fewer those in most texts."""
    oracle = TfidfVectorizer(ngram_range=(1, 2)).fit([text or "" for text in _TEXTS])
    expected = dict(zip(oracle.get_feature_names_out(), oracle.idf_, strict=True))

    fitted = _fit(Text(method="vocabulary"), pa.array(_TEXTS))
    few = _fit(Text(method="vocabulary", max_terms=2), pa.array(_TEXTS))

    assert isinstance(fitted, FittedText)
    assert isinstance(few, FittedText)
    assert dict(zip(fitted.terms, fitted.idf, strict=True)) == pytest.approx(expected)
    assert few.terms == ("bird", "late")


def test_hashed_terms_have_a_weight_per_bucket() -> None:
    """A bucket that no text reaches weighs most; a text counts once in each."""
    fitted = _fit(Text(size=4096, ngrams=(1, 1)), pa.array(["late late", "late"]))

    assert isinstance(fitted, FittedText)
    assert len(fitted.idf) == 4096
    assert sorted(set(fitted.idf)) == pytest.approx([1.0, 1 + np.log(3)])
    assert _fit(Text(size=4096, idf=False), pa.array(["late"])) == FittedText(
        terms=(), idf=(), share=1
    )


def test_the_mean_picture_is_of_those_that_are_there() -> None:
    def file(grey: int) -> bytes:
        target = BytesIO()
        PIL.Image.new("L", (1, 1), grey).save(target, "PNG")
        return target.getvalue()

    fitted = _fit(Image(width=1, height=1), pa.array([file(0), None, file(51)], pa.binary()))

    assert fitted == FittedImage(fill=(0.1,))


_SPEC = FeatureSpec(
    columns={
        "number": Numeric(impute="median", bins=3),
        "scaled": Numeric(),
        "kind": Categorical(),
        "time": Date(),
        "text": Text(method="vocabulary"),
        "hashed": Text(size=64),
    }
)


def _fragment(rows: int, seed: int) -> pa.RecordBatch:
    rng = np.random.default_rng(seed)
    words = ["late", "bird", "early", "worm"]
    texts = [" ".join(rng.choice(words, rng.integers(0, 4))) for _ in range(rows)]
    return pa.record_batch(
        {
            "number": pa.array(rng.normal(size=rows), mask=rng.random(rows) < 0.2),
            "scaled": pa.array(rng.normal(1e5, 3, rows)),
            "kind": pa.array(rng.choice(words, rows)).dictionary_encode(),
            "time": pa.array(rng.integers(0, 10**15, rows)).cast(pa.timestamp("us")),
            "text": pa.array(texts),
            "hashed": pa.array(texts),
        }
    )


@given(st.permutations(range(6)), st.integers(1, 5))
@settings(max_examples=20)
def test_fragments_come_in_any_order(order: list[int], cut: int) -> None:
    """Two workers share the fragments in some way, and the result has the same bits."""
    statistics = Statistics(_SPEC)

    def learned(places: list[int]) -> Accumulator:
        seen = statistics.create()
        for place in places:
            statistics.add(
                seen, _fragment(20 + place, place), _hashes(20 + place, place), (place, 0)
            )
        return pickle.loads(pickle.dumps(seen))  # noqa: S301

    merged = statistics.merge(learned(order[cut:]), learned(order[:cut]))

    expected = statistics.result(learned(list(range(6))))
    assert json.dumps(statistics.result(merged).to_dict()) == json.dumps(expected.to_dict())
    assert expected.rows == sum(20 + place for place in range(6))


def test_a_result_comes_back_from_json_bit_by_bit() -> None:
    statistics = Statistics(_SPEC)
    seen = statistics.add(statistics.create(), _fragment(99, 3), _hashes(99), (0, 0))
    fitted = statistics.result(seen)

    again = FittedStatistics.from_dict(json.loads(json.dumps(fitted.to_dict())))

    assert again == fitted
    assert repr(again) == repr(fitted)


def test_nothing_is_kept_of_a_batch_with_bad_cells() -> None:
    """The caller sets the rows aside and adds the rest: they must not count twice."""
    spec = FeatureSpec(columns={"good": Numeric(), "bad": Numeric()})
    statistics = Statistics(spec)
    seen = statistics.create()
    good, bad = float_array([1.0, 2.0, 3.0]), float_array([1.0, np.inf, -np.inf])
    batch = pa.record_batch([good, bad], names=["good", "bad"])

    with pytest.raises(BadValues, match="2 rows of 'bad': infinite") as caught:
        statistics.add(seen, batch, _hashes(3), (0, 0))

    assert caught.value.rows.tolist() == [1, 2]
    assert pickle.loads(pickle.dumps(caught.value)).reason == "infinite"  # noqa: S301
    rest = statistics.add(seen, batch.slice(0, 1), _hashes(1), (0, 0))
    assert statistics.result(rest).rows == 1


def test_a_vocabulary_of_too_many_values_is_taken_from_a_share_of_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory stays bounded, the frequent values stay the frequent ones, and the share is said."""
    rng = np.random.default_rng(9)
    kinds = np.where(rng.random(20_000) < 0.5, "often", rng.integers(0, 10**9, 20_000).astype(str))
    monkeypatch.setattr(
        "pipelines.features.vocabularies.ValueCounts", partial(ValueCounts, limit=1000)
    )

    fitted = _fit(Categorical(min_count=100), pa.array(kinds))

    assert isinstance(fitted, FittedCategorical)
    assert fitted.values == ("often",)
    assert 0.02 < fitted.share < 0.15
    assert fitted.counts[0] / fitted.share == pytest.approx(10_000, rel=0.1)
