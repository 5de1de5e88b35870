"""CSV for spreadsheets."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from functions.cli.csv_output import write_csv
from pipelines.errors import RecheckError


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(
    tmp_path: Path, text: str
) -> None:
    write_csv(tmp_path / "a.csv", [text], [[text]])

    with (tmp_path / "a.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [[f"'{text}"], [f"'{text}"]]


def test_numbers_stay_numbers_and_nested_values_are_json(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["x", "y", "z"], [[-1.5, "-2", {"ü": [1]}]])

    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["-1.5", "-2", '{"ü": [1]}']


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecheckError, match="cannot be written"):
        write_csv(tmp_path / "no" / "a.csv", ["x"], [])
