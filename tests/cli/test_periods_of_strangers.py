"""Times that are numbers, and months as batches, from `init` to the estimates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from tests.fixtures.terminal import Terminal

_MARCH = datetime(2026, 3, 1, tzinfo=UTC)
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@pytest.fixture
def terminal(tmp_path: Path, own_settings: None) -> Terminal:  # noqa: ARG001
    """A job that is not there yet."""
    return Terminal(tmp_path / "job" / "recheck.toml")


def meters(unit: str) -> pa.Table:
    """Readings every six hours of 90 days, whose time is a number since 1970."""
    rng = np.random.default_rng(3)
    seconds = int(_MARCH.timestamp()) + np.arange(360) * 6 * 3600
    load = rng.gamma(3, 10, 360)
    state = np.where(load + rng.normal(0, 5, 360) > 35, "high", "low")
    return pa.table({"at": seconds * _UNITS[unit], "meter": np.arange(360) % 4, "load": load, "state": state})  # fmt: skip


def begun(terminal: Terminal, path: Path, by: str) -> dict[str, Any]:
    words = ["--data", path, "--target", "state", "--key", "at", "--key", "meter"]
    return terminal.init(*words, "--time", "at", "--batch-by", by)


@pytest.mark.parametrize("unit", list(_UNITS))
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_numbers_are_times_once_init_has_seen_their_unit(
    terminal: Terminal, tmp_path: Path, unit: str, ending: str
) -> None:
    """Keys stay the numbers that they are, and people see a time."""
    path = tmp_path / f"meters.{ending}"
    write = pc.write_csv if ending == "csv" else pq.write_table
    write(meters(unit), path)

    batches = begun(terminal, path, "month")["batches"]

    assert batches == ["2026-03", "2026-04", "2026-05"]
    assert f'time_unit = "{unit}"' in terminal.job.read_text()
    terminal.edit("show = [", 'show = ["at", ')
    terminal.ok("fit", "--batch", "2026-03")
    terminal.ok("score")
    [row] = terminal.rows("select min(key) as key, count(*) as n from predictions")
    assert row["n"] == 360
    assert str(int(_MARCH.timestamp()) * _UNITS[unit]) in row["key"]
    terminal.ok("sample", "--batch", "2026-04", "--budget", 8)
    [row] = terminal.rows("select min(shown) as shown from samples")
    assert "2026-04-" in row["shown"]


def test_without_the_unit_they_are_refused_with_the_way_out(
    terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "meters.csv"
    pc.write_csv(meters("ms"), path)
    begun(terminal, path, "day")
    text = terminal.job.read_text()
    terminal.job.write_text(text.replace('time_unit = "ms"\n', ""))

    error = terminal.refused("fit")

    assert 'data.time_unit = "ms"' in error["fix"]


def test_months_are_estimated_as_months(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "meters.parquet"
    pq.write_table(meters("s"), path)
    begun(terminal, path, "month")
    terminal.ok("fit", "--batch", "2026-03")
    terminal.ok("score")
    terminal.ok("sample", "--budget", 20, "--batch", "2026-03", "--batch", "2026-05")
    rows = terminal.rows("select prediction_id, label from samples")
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    answers = tmp_path / "answers.csv"
    answers.write_text("\n".join(["prediction_id,answer", *lines]))
    terminal.ok("pull", "--file", answers)

    found = terminal.ok("estimate")["estimates"]

    windows = {(one["period"], one["window"]) for one in found if one["cohort"] is None}
    assert {("month", "2026-03"), ("month", "2026-05"), ("all", "all")} <= windows
    assert Path(terminal.ok("report")["report"]).is_file()


def test_a_pattern_or_range_names_batches_to_score(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "meters.parquet"
    pq.write_table(meters("s"), path)
    begun(terminal, path, "month")
    terminal.ok("fit", "--batch", "2026-03")

    by_pattern = terminal.ok("score", "--batch", "2026-0[45]")["batches"]
    by_range = terminal.ok("score", "--batch", "2026-03..2026-04")["batches"]

    assert [one["batch"] for one in by_pattern] == ["2026-04", "2026-05"]
    assert [one["batch"] for one in by_range] == ["2026-03", "2026-04"]
    assert terminal.refused("score", "--batch", "2027-*")["code"] == "batch_unknown"
