"""What goes wrong while statistics are learned on Beam is told as anywhere else."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.world import loans, made, with_column


def test_numbers_too_large_for_statistics_are_refused_by_name(tmp_path: Path) -> None:
    """Beam would turn the error into one of its own, with a traceback and without the way out."""
    table = loans(200)
    huge = [1e308 if row % 2 else -1.7e308 for row in range(table.num_rows)]
    world = made(tmp_path / "world", with_column(table, "income", huge))

    told = world.spawn("fit")

    assert told.error["code"] == "job_invalid", told
    assert "income" in told.error["problem"]
    assert "Traceback" not in told.err
