"""Staging of a table: which rows are asked for, and which files stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.databases.input_table import RowFilter
from infra.staged_tables import TableInput, bring, filter_of, filters_of
from infra.store import open_store
from pipelines.errors import InputUnreadable
from pipelines.job.rules import BatchRule

_START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Held:
    """A table in memory, which remembers what was asked of it."""

    table: pa.Table
    number: str | None = None
    shown: str = "sql:held"
    asked: list[RowFilter | None] = field(default_factory=list)

    def version(self) -> str | None:
        return self.number

    def schema(self) -> pa.Schema:
        return self.table.schema

    def rows(
        self, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        if not columns:
            self.asked.append(where)
        table = self.table.sort_by([(name, "ascending") for name in order]) if order else self.table
        table = table.select(columns) if columns else table
        yield from table.to_batches(max_chunksize=7)


def hours(many: int, key: str = "k") -> pa.Table:
    """Rows an hour apart, of which the last is the first by key."""
    times = [_START + timedelta(hours=place) for place in range(many)]
    keys = [f"{key}{many - place:04d}" for place in range(many)]
    kind = pa.timestamp("us", tz="UTC")
    return pa.table({"key": keys, "at": pa.array(times, kind), "x": list(range(many))})


def staged(held: Held, folder: Path, *batches: str, by: str = "day") -> dict[str, Path]:
    rule = BatchRule(by, "at", "UTC")  # type: ignore[arg-type]
    of = TableInput(held, "sql:held SELECT", rule, ("key",))
    pattern = bring(of, open_store(str(folder)), batches)
    return {path.stem: path for path in sorted(Path(pattern).parent.glob("*.parquet"))}


def test_each_batch_is_a_file_of_its_rows_in_the_order_of_keys(tmp_path: Path) -> None:
    files = staged(Held(hours(60)), tmp_path)

    assert list(files) == ["2026-11-01", "2026-11-02", "2026-11-03"]
    rows = pq.read_table(files["2026-11-02"])
    assert rows["key"].to_pylist() == sorted(rows["key"].to_pylist())
    assert sorted(rows["x"].to_pylist()) == list(range(24, 48))


def test_a_file_whose_rows_are_the_same_is_not_touched(tmp_path: Path) -> None:
    held = Held(hours(60))
    before = {name: path.stat().st_mtime_ns for name, path in staged(held, tmp_path).items()}
    values = held.table["x"].to_pylist()
    held.table = held.table.set_column(2, "x", pa.array([*values[:30], -1, *values[31:]]))

    after = {name: path.stat().st_mtime_ns for name, path in staged(held, tmp_path).items()}

    assert {name for name in after if after[name] != before[name]} == {"2026-11-02"}


def test_a_version_that_is_staged_is_not_read_again(tmp_path: Path) -> None:
    held = Held(hours(60), number="t@1")
    staged(held, tmp_path)
    asked = len(held.asked)

    staged(held, tmp_path)
    staged(held, tmp_path, "2026-11-02")
    assert len(held.asked) == asked

    held.number = "t@2"
    staged(held, tmp_path, "2026-11-02")
    assert held.asked[asked:] == [
        RowFilter("at", datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    ]


def test_a_batch_without_rows_has_no_file(tmp_path: Path) -> None:
    held = Held(hours(60))
    staged(held, tmp_path)
    held.table = held.table.slice(24)

    assert "2026-11-01" in staged(held, tmp_path, "2026-11-02")
    assert "2026-11-01" not in staged(held, tmp_path)
    with pytest.raises(InputUnreadable, match="has no rows"):
        staged(Held(hours(0)), tmp_path / "empty")


def test_rows_without_a_batch_are_kept_apart(tmp_path: Path) -> None:
    table = hours(3)
    held = Held(
        table.set_column(1, "at", pa.array([_START, None, None], table.schema.field("at").type))
    )

    files = staged(held, tmp_path)

    assert {name: pq.read_metadata(path).num_rows for name, path in files.items()} == {
        "2026-11-01": 1,
        "unknown": 2,
    }


@pytest.mark.parametrize(
    ("kind", "unit", "low"),
    [
        (pa.timestamp("us", tz="UTC"), None, datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (pa.timestamp("us"), None, datetime(2026, 3, 29)),  # noqa: DTZ001
        (pa.int64(), "ms", 1774738800000),
    ],
)
def test_a_day_is_asked_for_by_its_ends_in_the_zone_of_the_job(
    kind: pa.DataType, unit: str | None, low: object
) -> None:
    """The day of the change has 23 hours."""
    held = Held(pa.table({"key": ["a"], "at": pa.array([0], pa.int64()).cast(kind)}))
    rule = BatchRule("day", "at", "Europe/Berlin", unit=unit)  # type: ignore[arg-type]

    found = filter_of("2026-03-29", TableInput(held, "", rule, ("key",)))

    assert found is not None
    assert found.low == low
    length = found.high - found.low  # type: ignore[operator]
    expected = {None: timedelta(hours=23), "ms": 23 * 3_600_000}[unit]
    assert length == (timedelta(hours=24) if kind == pa.timestamp("us") else expected)


def test_a_text_is_asked_for_in_every_spelling_of_its_batch() -> None:
    """Two spellings of one letter are one batch."""
    held = Held(pa.table({"key": ["a", "b", "c"], "desk": ["Zoé", "Zoe\u0301", "it's"]}))
    rule = BatchRule("column", "desk")
    of = TableInput(held, "", rule, ("key",))

    assert filter_of("Zoé", of) == RowFilter("desk", among=("Zoé", "Zoe\u0301"))
    assert filter_of("it's", of).sql == "\"desk\" IN ('it''s')"  # type: ignore[union-attr]


def test_a_text_that_no_row_has_is_asked_for_by_its_name() -> None:
    """The database answers with no rows, and not that it cannot read the query."""
    held = Held(pa.table({"key": ["a"], "desk": ["north"]}))

    filters = filters_of(
        ["north", "nowhere"], TableInput(held, "", BatchRule("column", "desk"), ())
    )

    assert filters == {
        "north": RowFilter("desk", among=("north",)),
        "nowhere": RowFilter("desk", among=("nowhere",)),
    }


def test_rows_without_a_text_are_read_with_all_others() -> None:
    """They are the batch `unknown`, and no list of values holds a null."""
    held = Held(pa.table({"key": ["a", "b"], "desk": ["unknown", None]}))

    assert filter_of("unknown", TableInput(held, "", BatchRule("column", "desk"), ())) is None


def test_what_does_not_compare_as_its_batch_is_not_asked_for() -> None:
    """Texts of times, and numbers that are batches: then all rows are read."""
    held = Held(pa.table({"key": ["a"], "at": ["2026-11-01T05:00:00Z"], "n": [2.0]}))

    assert filter_of("2026-11-01", TableInput(held, "", BatchRule("day", "at"), ("key",))) is None
    assert filter_of("2", TableInput(held, "", BatchRule("column", "n"), ("key",))) is None
