"""Values that training did not know are counted; null is a value of its own."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.features.fitted import FittedCategorical, FittedDate, FittedStatistics
from pipelines.scoring.unknown_values import unknown_counts, unknown_in_training

LEARNED = FittedStatistics(
    rows=10,
    columns={
        "shop": FittedCategorical(values=("1", "2"), counts=(5, 3), share=1.0),
        "day": FittedDate(medians={"month": 1}),
    },
)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["1", "2", None], {}),
        (["01", "1", "02"], {"shop": 2}),
        ([None, None], {}),
        ([], {}),
    ],
)
def test_rows_with_a_new_value_are_counted(
    values: list[str | None], wanted: dict[str, int]
) -> None:
    shop = pa.array(values, pa.string())
    rows = pa.record_batch({"shop": shop, "day": pa.nulls(len(values), pa.timestamp("us"))})

    assert unknown_counts(rows, LEARNED) == wanted
    coded = rows.set_column(0, "shop", shop.dictionary_encode())
    assert unknown_counts(coded, LEARNED) == wanted


def test_values_that_were_too_rare_were_unknown_in_training_too() -> None:
    assert unknown_in_training(LEARNED) == {"shop": pytest.approx(0.2)}
