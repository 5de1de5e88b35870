"""The mapper: right against scikit-learn, and the same bits for any batch."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from io import BytesIO
from typing import Any, Literal

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from pipelines.features.analysis import Statistics
from pipelines.features.bad_values import BadValues
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapped import Mapped, Numbers, OneHot
from pipelines.features.mapper import Mapper
from pipelines.features.spec import Categorical, Date, Feature, FeatureSpec, Image, Numeric, Text
from pipelines.sklearn.matrices import compressed_matrix, dense_matrix

_ROWS = 65_536  # of a fragment
_WORDS = np.array(["late", "Bird", "early", "wörm", "to", "be", "or", "not"])

_SPEC = FeatureSpec(
    columns={
        "scaled": Numeric(indicator=True),
        "binned": Numeric(bins=5, impute="median"),
        "plain": Numeric(scale="none", impute="constant", fill=-1.0),
        "one hot": Categorical(max_values=4),
        "ordinal": Categorical(encode="ordinal"),
        "time": Date(parts=("year", "month", "weekday", "hour")),
        "linear time": Date(parts=("yearday", "minute"), cyclic=False),
        "hashed": Text(size=512),
        "terms": Text(method="vocabulary", analyzer="char", ngrams=(2, 3)),
        "picture": Image(width=3, height=2, mode="RGB"),
    }
)


def _picture(rng: np.random.Generator) -> bytes:
    target = BytesIO()
    PIL.Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)).save(target, "PNG")
    return target.getvalue()


def _batch(rows: int, seed: int = 0) -> pa.RecordBatch:
    """Every kind of column, each with nulls."""
    rng = np.random.default_rng(seed)

    def gaps() -> np.ndarray:
        return rng.random(rows) < 0.1

    numbers = rng.normal(50, 20, (3, rows))
    numbers[:, ::31] = np.nan
    kinds = rng.choice(_WORDS, (2, rows), p=np.arange(1, 9) / 36)
    texts = [" ".join(rng.choice(_WORDS, length)) for length in rng.integers(0, 9, 200)]
    times = rng.integers(0, 1_700_000_000, (2, rows)) * 1_000_000
    pictures = [_picture(rng) for _ in range(50)]
    return pa.record_batch(
        {
            "scaled": pa.array(numbers[0], mask=gaps()),
            "binned": pa.array(numbers[1], mask=gaps()),
            "plain": pa.array(numbers[2], mask=gaps()),
            "one hot": pa.array(kinds[0], mask=gaps()).dictionary_encode(),
            "ordinal": pa.array(kinds[1], mask=gaps()),
            "time": pa.array(times[0], mask=gaps()).cast(pa.timestamp("us")),
            "linear time": pa.array(times[1], mask=gaps()).cast(pa.timestamp("us")),
            "hashed": pa.array(rng.choice(texts, rows), mask=gaps()),
            "terms": pa.array(rng.choice(texts, rows), mask=gaps()),
            "picture": pa.array(
                [None if gap else pictures[row % 50] for row, gap in enumerate(gaps())],
                pa.binary(),
            ),
        }
    )


def _fitted(spec: FeatureSpec, batch: pa.RecordBatch) -> FittedStatistics:
    rows = batch.num_rows
    hashes = np.random.default_rng(7).integers(0, 2**64, (rows, 2), dtype=np.uint64)
    statistics = Statistics(spec)
    return statistics.result(statistics.add(statistics.create(), batch, hashes, (0, 0)))


@pytest.fixture(scope="module")
def mapper() -> Mapper:
    """A mapper of every kind of feature, as training leaves it."""
    return Mapper(_SPEC, _fitted(_SPEC, _batch(2000)))


@pytest.fixture(scope="module")
def fragment() -> pa.RecordBatch:
    """As many rows as a fragment has; some values were not in training."""
    return _batch(_ROWS, seed=1)


@pytest.fixture(scope="module")
def whole(mapper: Mapper, fragment: pa.RecordBatch) -> tuple[np.ndarray, ...]:
    """The compressed rows of the whole fragment, mapped at once."""
    return _parts(mapper.map(fragment))


def _parts(mapped: Mapped) -> tuple[np.ndarray, ...]:
    """Row bounds, columns and values of the compressed rows."""
    rows = compressed_matrix(mapped)
    return rows.indptr, rows.indices, rows.data


def _bits(whole: tuple[np.ndarray, ...], start: int, rows: int) -> list[bytes]:
    """Row bounds, columns and values of some rows."""
    indptr, indices, values = whole
    first, last = indptr[start], indptr[start + rows]
    bounds = indptr[start : start + rows + 1] - first
    return [part.tobytes() for part in (bounds, indices[first:last], values[first:last])]


def test_one_row_and_a_whole_fragment_have_the_same_bits(
    mapper: Mapper, fragment: pa.RecordBatch, whole: tuple[np.ndarray, ...]
) -> None:
    """Training maps 65,536 rows at once, a notebook one: there is no difference."""
    for row in range(0, _ROWS, 131):
        alone = _parts(mapper.map(fragment.slice(row, 1)))

        assert _bits(alone, 0, 1) == _bits(whole, row, 1)


@given(st.data())
@settings(max_examples=25)
def test_any_batch_has_the_same_bits(
    mapper: Mapper, fragment: pa.RecordBatch, whole: tuple[np.ndarray, ...], data: Any
) -> None:
    """Wherever a batch begins and ends, and whatever its dictionaries are."""
    start = data.draw(st.integers(0, _ROWS))
    rows = data.draw(st.integers(0, min(9000, _ROWS - start)))
    batch = fragment.slice(start, rows)
    if data.draw(st.booleans()):  # numbered anew, as another file would
        coded = batch.column("one hot").dictionary_decode().dictionary_encode()
        batch = batch.set_column(3, "one hot", coded)

    part = _parts(mapper.map(batch))

    assert _bits(part, 0, rows) == _bits(whole, start, rows)


def test_a_mapper_out_of_a_package_has_the_same_bits(
    mapper: Mapper, fragment: pa.RecordBatch
) -> None:
    """Spec and statistics travel as JSON between training and scoring."""
    batch = fragment.slice(0, 3000)
    spec = FeatureSpec.model_validate_json(_SPEC.model_dump_json())
    packed = json.dumps(_fitted(_SPEC, _batch(2000)).to_dict())

    unpacked = Mapper(spec, FittedStatistics.from_dict(json.loads(packed)))

    assert dense_matrix(unpacked.map(batch)).tobytes() == dense_matrix(mapper.map(batch)).tobytes()


def test_a_mapper_travels_to_a_worker(mapper: Mapper) -> None:
    batch = _batch(50, seed=2)

    again = pickle.loads(pickle.dumps(mapper))  # noqa: S301

    assert dense_matrix(again.map(batch)).tobytes() == dense_matrix(mapper.map(batch)).tobytes()


def test_every_column_of_the_matrix_has_a_name(mapper: Mapper) -> None:
    mapped = mapper.map(_batch(3))

    assert len(mapper.names) == mapped.width == dense_matrix(mapped).shape[1]
    assert len(set(mapper.names)) == len(mapper.names)


def test_a_batch_without_rows_has_the_same_columns(mapper: Mapper) -> None:
    """Its shape tells what a model will be given."""
    mapped = mapper.map(_batch(5).slice(0, 0))

    assert mapped.rows == 0
    assert mapped.width == mapper.map(_batch(5)).width


def test_no_number_is_missing_in_the_matrix(whole: tuple[np.ndarray, ...]) -> None:
    assert np.isfinite(whole[2]).all()


def _mapped(feature: Feature, training: pa.Array, scored: pa.Array | None = None) -> np.ndarray:
    spec = FeatureSpec(columns={"x": feature})
    mapper = Mapper(spec, _fitted(spec, pa.record_batch([training], names=["x"])))
    return dense_matrix(
        mapper.map(pa.record_batch([training if scored is None else scored], names=["x"]))
    )


_GAMMA = np.where(np.arange(3000) % 9 == 0, np.nan, np.random.default_rng(4).gamma(2, 30, 3000))


@pytest.mark.parametrize("impute", ["mean", "median"])
def test_numbers_are_scikit_learns(impute: Literal["mean", "median"]) -> None:
    """Impute and standardize, in the same order and to rounding."""
    oracle = make_pipeline(SimpleImputer(strategy=impute), StandardScaler())

    seen = _mapped(Numeric(impute=impute), pa.array(_GAMMA))

    assert np.allclose(seen, oracle.fit_transform(_GAMMA[:, None]), rtol=1e-12, atol=1e-14)


def test_bins_are_scikit_learns() -> None:
    oracle = make_pipeline(
        SimpleImputer(strategy="median"),
        KBinsDiscretizer(
            6,
            encode="onehot-dense",
            strategy="quantile",
            quantile_method="linear",
            subsample=None,
        ),
    )
    values = _GAMMA[~np.isnan(_GAMMA)]
    oracle.fit(values[:, None])

    seen = _mapped(Numeric(bins=6, impute="median"), pa.array(_GAMMA))

    assert np.array_equal(seen, oracle.transform(_GAMMA[:, None]))


def test_a_value_on_an_edge_is_in_the_bin_above() -> None:
    """And beyond the smallest and largest of training there is no new bin."""
    training = pa.array([0.0, 1.0, 2.0, 3.0, 4.0])
    spec = FeatureSpec(columns={"x": Numeric(bins=2)})
    mapper = Mapper(spec, _fitted(spec, pa.record_batch([training], names=["x"])))

    scored = pa.array([np.nextafter(2.0, 0), 2.0, -1e300, 1e300])
    (codes,) = mapper.map(pa.record_batch([scored], names=["x"])).columns

    assert isinstance(codes, OneHot)
    assert codes.codes.tolist() == [0, 1, 0, 1]
    assert mapper.names == ["x in [-inf, 2)", "x in [2, inf)"]


@pytest.mark.parametrize("coded", [False, True])
def test_categories_are_scikit_learns(coded: bool) -> None:  # noqa: FBT001
    """With an infrequent bucket, into which unseen values fall too."""
    rng = np.random.default_rng(8)
    training = rng.choice(["a", "b", "c", "d"], 500, p=[0.1, 0.5, 0.38, 0.02])
    scored = np.array(["a", "e", "d", "", "b"])
    oracle = OneHotEncoder(
        min_frequency=20, handle_unknown="infrequent_if_exist", sparse_output=False
    ).fit(training[:, None])
    column = pa.array(scored).dictionary_encode() if coded else pa.array(scored)

    seen = _mapped(Categorical(min_count=20), pa.array(training), column)

    # Ours are in order of frequency (b, c, a, then the rest), scikit-learn's in order of text.
    assert np.array_equal(seen[:, [2, 0, 1, 3]], oracle.transform(scored[:, None]))


@pytest.mark.parametrize("coded", [False, True])
def test_null_is_a_value_of_its_own_where_training_had_it(coded: bool) -> None:  # noqa: FBT001
    """Else it is unknown, like any other value that training had not."""
    with_null, without = pa.array(["a", "a", None]), pa.array(["a", "a", "b"])
    scored = pa.array([None, "a", "z"])
    scored = scored.dictionary_encode() if coded else scored

    assert _mapped(Categorical(), with_null, scored).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert _mapped(Categorical(), without, scored).argmax(axis=1).tolist() == [2, 0, 2]


def test_ordinal_codes_are_ranks_by_frequency() -> None:
    training = pa.array(["b", "a", "b", "c", "b", "a"])

    seen = _mapped(Categorical(encode="ordinal"), training, pa.array(["a", "b", "c", "?"]))

    assert seen.ravel().tolist() == [1, 0, 2, 3]


def test_months_lie_on_a_circle() -> None:
    """March is a quarter of the way; a missing time is in the middle."""
    march = pa.array(["2013-04-01", None]).cast(pa.timestamp("us"))

    seen = _mapped(Date(parts=("month",)), march)

    assert seen.tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_parts_may_stay_numbers() -> None:
    """A missing time has the median; years are counted in decades since 2000."""
    times = pa.array(["2013-04-01", "2015-02-10", "2023-12-24", None]).cast(pa.timestamp("us"))

    seen = _mapped(Date(parts=("month", "year"), cyclic=False), times)

    assert seen.tolist() == [[4, 1.3], [2, 1.5], [12, 2.3], [4, 1.5]]


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_text_weights_are_scikit_learns(analyzer: Literal["word", "char"]) -> None:
    texts = ["late again", "The late bird, the bird", "an early bird is early", "", "be"]
    feature = Text(method="vocabulary", analyzer=analyzer, ngrams=(1, 3))
    spec = FeatureSpec(columns={"x": feature})
    batch = pa.record_batch([pa.array(texts)], names=["x"])
    mapper = Mapper(spec, _fitted(spec, batch))
    oracle = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 3))

    expected = oracle.fit_transform(texts).toarray()
    order = [oracle.vocabulary_[name.removeprefix("x ")] for name in mapper.names]
    assert len(order) == len(oracle.vocabulary_)
    assert np.allclose(dense_matrix(mapper.map(batch)), expected[:, order], rtol=1e-14, atol=0)


def test_hashed_text_without_weights_is_counts() -> None:
    feature = Text(size=2**16, ngrams=(1, 1), idf=False, norm="none")

    seen = _mapped(feature, pa.array(["late late bird", None]))

    assert sorted(seen[0][seen[0] > 0].tolist()) == [1, 2]
    assert not seen[1].any()


def test_a_missing_picture_is_the_mean_one() -> None:
    files = []
    for grey in (0, 255):
        target = BytesIO()
        PIL.Image.new("L", (2, 1), grey).save(target, "PNG")
        files.append(target.getvalue())

    seen = _mapped(Image(width=2, height=1), pa.array([*files, None], pa.binary()))

    assert seen.tolist() == [[0, 0], [1, 1], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("feature", "good", "bad", "reason"),
    [
        (Numeric(), [0.0, 1.0], math.inf, "infinite"),
        (Numeric(bins=2), [0.0, 1.0], -math.inf, "infinite"),
        (Numeric(), [0.0, 1e-100], 1e300, "too_large"),
    ],
)
def test_rows_that_cannot_be_mapped_are_named(
    feature: Feature, good: list[float], bad: float, reason: str
) -> None:
    with pytest.raises(BadValues, match=reason) as caught:
        _mapped(feature, pa.array(good), pa.array([None, bad, 0.0, bad]))

    assert (caught.value.column, caught.value.rows.tolist()) == ("x", [1, 3])


def test_what_lies_below_a_null_is_no_number() -> None:
    """Arrow leaves anything there, an infinity too."""
    bits = pa.py_buffer(np.packbits([1, 0], bitorder="little"))
    column = pa.Array.from_buffers(pa.float64(), 2, [bits, pa.py_buffer(np.array([4.0, np.inf]))])

    assert _mapped(Numeric(scale="none"), pa.array([1.0, 3.0]), column).ravel().tolist() == [4, 2]


def test_columns_are_in_the_order_of_the_spec_not_of_the_batch() -> None:
    """And other columns of the batch are left alone."""
    spec = FeatureSpec(columns={"b": Numeric(scale="none"), "a": Numeric(scale="none")})
    batch = pa.record_batch({"a": [1.0], "other": ["x"], "b": [2.0]})

    mapped = Mapper(spec, _fitted(spec, batch)).map(batch)

    assert isinstance(mapped, Mapped)
    assert [(one.name, one.values[0]) for one in mapped.columns if isinstance(one, Numbers)] == [
        ("b", 2.0),
        ("a", 1.0),
    ]


def test_statistics_of_another_kind_are_refused() -> None:
    numbers = FeatureSpec(columns={"x": Numeric()})
    fitted = _fitted(numbers, pa.record_batch({"x": [1.0]}))

    with pytest.raises(ValueError, match="'x' is a text feature"):
        Mapper(FeatureSpec(columns={"x": Text()}), fitted)


_COLD = """
import sys
import numpy as np
import pyarrow as pa
from pipelines.columns.buffers import coded_texts, float_array, texts, time_array
from pipelines.features.spec import Categorical, Date, FeatureSpec, Numeric, Text
from pipelines.features.mapper import Mapper
from pipelines.features.analysis import Statistics

gap = np.array([True, False])
columns = [float_array([1, 2], gap), coded_texts([0, -1], ["a"]), texts(["a", None]),
           time_array([0, 10**15], gap), texts(["late bird", None]), float_array([1, 2], gap)]
spec = FeatureSpec(columns={
    "n": Numeric(indicator=True), "k": Categorical(), "s": Categorical(encode="ordinal"),
    "d": Date(parts=("month", "year")), "t": Text(size=16), "b": Numeric(bins=2, impute="median")})
batch = pa.RecordBatch.from_arrays(columns, names=list(spec.columns))
statistics = Statistics(spec)
hashes = np.arange(4, dtype=np.uint64).reshape(2, 2)
seen = statistics.add(statistics.create(), batch, hashes, (0, 0))
mapped = Mapper(spec, statistics.result(seen)).map(batch)
heavy = {"apache_beam", "pandas", "sklearn", "scipy", "PIL"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_cold_start_imports_nothing_heavy() -> None:
    """Learning and mapping need numpy, pyarrow and pydantic; pictures need Pillow."""
    done = subprocess.run(
        [sys.executable, "-c", _COLD], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
