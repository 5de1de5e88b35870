"""Values that lie in a file are the same column as values in the memory."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.columns import spooled_bytes
from pipelines.columns.spooled_bytes import SpooledBytes
from pipelines.errors import InputUnreadable

VALUES = [b"a", None, b"", b"bcd" * 100, None]


def column_of(values: list[bytes | None]) -> pa.Array:
    spooled = SpooledBytes()
    for value in values:
        spooled.add(value)
    return spooled.column()


@pytest.mark.parametrize("in_memory", [10_000, 10])
@pytest.mark.parametrize("values", [VALUES, [b"x" * 50] * 3, [None], []], ids=range(4))
def test_a_column_has_the_values_that_were_added(
    values: list[bytes | None], in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooled_bytes, "IN_MEMORY", in_memory)

    found = column_of(values)

    found.validate(full=True)
    assert found.equals(pa.array(values, pa.binary()))


def test_offsets_are_wide_where_narrow_ones_cannot_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooled_bytes, "_NARROW", 100)

    found = column_of(VALUES)

    found.validate(full=True)
    assert found.equals(pa.array(VALUES, pa.large_binary()))


def test_the_file_has_no_name_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooled_bytes, "IN_MEMORY", 10)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    found = column_of(VALUES)

    assert (len(found), [*tmp_path.iterdir()]) == (5, [])


def test_a_full_disk_is_told() -> None:
    spooled = SpooledBytes()
    spooled._file.close()
    spooled._file = Path("/dev/full").open("wb")  # noqa: SIM115 - it closes it

    with pytest.raises(InputUnreadable, match="no more can be kept"):
        spooled.add(b"x" * 20)
