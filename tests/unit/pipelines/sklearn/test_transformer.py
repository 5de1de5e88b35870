"""The features in a notebook: scikit-learn's rules, and the numbers of a job."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipelines.errors import SchemaMismatch
from pipelines.sklearn import FeatureTransformer

COLUMNS = {"size": {"kind": "numeric"}, "kind": {"kind": "categorical"}}


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    kinds = np.array(["a", "b", "b", "c", "c", "c"])
    sizes = rng.normal(size=120)
    sizes[3] = np.nan
    return pd.DataFrame({"kind": np.tile(kinds, 20), "size": sizes, "other": 1})


def test_its_numbers_are_those_of_scikit_learn(rows: pd.DataFrame) -> None:
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    oracle = ColumnTransformer(
        [("s", scaled, ["size"]), ("k", OneHotEncoder(sparse_output=False), ["kind"])]
    )
    expected = oracle.fit_transform(rows)

    found = FeatureTransformer(COLUMNS).fit_transform(rows)

    by_frequency = expected[:, [0, 3, 2, 1]]
    assert found[:, :4] == pytest.approx(by_frequency, rel=1e-12, abs=1e-12)
    assert (found[:, 4] == 0).all()


@pytest.mark.parametrize("kind", ["table", "batch", "chunks"])
def test_arrow_and_pandas_give_the_same_bits(kind: str, rows: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(rows, preserve_index=False)
    given = {
        "table": table,
        "batch": table.to_batches()[0],
        "chunks": pa.concat_tables([table.slice(0, 7), table.slice(7)]),
    }[kind]

    found = FeatureTransformer(COLUMNS).fit_transform(given)

    assert found.tobytes() == FeatureTransformer(COLUMNS).fit_transform(rows).tobytes()


def test_rows_are_mapped_one_by_one_as_all_at_once(rows: pd.DataFrame) -> None:
    transformer = FeatureTransformer(COLUMNS).fit(rows)

    whole = transformer.transform(rows)

    for at in (0, 3, 119):
        assert transformer.transform(rows.iloc[[at]]).tobytes() == whole[at].tobytes()


def test_it_works_inside_a_pipeline_and_can_be_cloned(rows: pd.DataFrame) -> None:
    pipeline = make_pipeline(FeatureTransformer(COLUMNS), LogisticRegression())
    target = (rows["kind"] == "c").to_numpy()

    fitted = clone(pipeline).fit(rows, target)

    assert fitted.score(rows, target) == 1.0
    assert fitted[:-1].get_feature_names_out()[0] == "size"


def test_a_text_becomes_a_sparse_matrix() -> None:
    rows = pd.DataFrame({"note": ["late again", "on time", ""]})

    found = FeatureTransformer({"note": {"kind": "text", "size": 64}}).fit_transform(rows)

    assert scipy.sparse.issparse(found)
    assert found.shape == (3, 64)
    assert found[2].nnz == 0


def test_the_users_function_runs_first(rows: pd.DataFrame) -> None:
    def doubled(batch: pa.RecordBatch) -> pa.RecordBatch:
        names = [*batch.schema.names, "twice"]
        return pa.RecordBatch.from_arrays([*batch.columns, batch.column("size")], names=names)

    transformer = FeatureTransformer({"twice": {"kind": "numeric"}}, function=doubled)

    plain = FeatureTransformer({"size": {"kind": "numeric"}})
    assert transformer.fit_transform(rows).tobytes() == plain.fit_transform(rows).tobytes()


def test_before_fit_it_says_so(rows: pd.DataFrame) -> None:
    with pytest.raises(NotFittedError):
        FeatureTransformer(COLUMNS).transform(rows)


def test_a_missing_column_is_named(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaMismatch, match="'size' is missing"):
        FeatureTransformer(COLUMNS).fit(rows[["kind"]])


def test_a_row_that_cannot_be_used_is_named(rows: pd.DataFrame) -> None:
    """A job sets such a row aside; a matrix must have one row for each."""
    rows.loc[17, "size"] = np.inf

    with pytest.raises(ValueError, match="row 17 cannot be used: infinite in 'size'"):
        FeatureTransformer(COLUMNS).fit(rows)


def test_a_row_with_a_broken_picture_is_named(rows: pd.DataFrame) -> None:
    """Whether bytes are a picture is found only where they are turned into pixels."""
    rows = rows.assign(photo=[b"no picture"] * len(rows))
    columns = {"photo": {"kind": "image", "height": 2, "width": 2}}

    with pytest.raises(ValueError, match=r"row 0 cannot be used: .* in 'photo'"):
        FeatureTransformer(columns).fit_transform(rows)
