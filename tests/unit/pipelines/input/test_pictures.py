"""Pictures named by paths: read from beside the data, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.columns.image_files import MOST_BYTES
from pipelines.input.faults import Faults
from pipelines.input.pictures import with_pictures

COLUMNS = ("p", "q")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture, beside something that is nobody's business."""
    (tmp_path / "data" / "img").mkdir(parents=True)
    (tmp_path / "data" / "img" / "a.png").write_bytes(b"picture")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "secret")
    return tmp_path / "data"


def test_a_path_becomes_the_bytes_of_its_file(folder: Path) -> None:
    """For features and for what people see; a missing path is a missing picture."""
    rows = pa.record_batch({"p": ["img/a.png", None], "q": ["", "img/../img/a.png"]})
    faults = Faults()

    found = with_pictures(rows, COLUMNS, folder, faults)

    assert found.to_pydict() == {"p": [b"picture", None], "q": [None, b"picture"]}
    assert faults.reasons == {}


@pytest.mark.parametrize("path", ["../secret", "link.png", "img/../../secret"])
def test_a_path_that_leaves_the_folder_costs_its_row(folder: Path, path: str) -> None:
    """A row could ask for any file of this machine, and people would be shown it."""
    faults = Faults()

    found = with_pictures(pa.record_batch({"p": [path]}), COLUMNS, folder, faults)

    assert found["p"].to_pylist() == [None]
    assert faults.reasons == {0: ("picture_outside_folder", "p")}


def test_an_absolute_path_elsewhere_costs_its_row(folder: Path) -> None:
    faults = Faults()

    with_pictures(pa.record_batch({"p": [str(folder.parent / "secret")]}), COLUMNS, folder, faults)

    assert faults.reasons == {0: ("picture_outside_folder", "p")}


@pytest.mark.parametrize("path", ["img/b.png", "img", "a\x00b", "x" * 5000])
def test_a_picture_that_is_not_there_costs_its_row(folder: Path, path: str) -> None:
    faults = Faults()

    with_pictures(pa.record_batch({"p": [path]}), COLUMNS, folder, faults)

    assert faults.reasons == {0: ("picture_not_found", "p")}


def test_bytes_stay_as_they_are(folder: Path) -> None:
    rows = pa.record_batch({"p": [b"picture"], "q": pa.nulls(1)})

    assert with_pictures(rows, COLUMNS, folder, Faults()) is rows


def test_a_pipe_in_the_place_of_a_picture_keeps_nobody_waiting(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    faults = Faults()

    with_pictures(pa.record_batch({"p": ["pipe.png"]}), COLUMNS, folder, faults)

    assert faults.reasons == {0: ("picture_not_found", "p")}


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / "large.png").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    faults = Faults()

    with_pictures(pa.record_batch({"p": ["large.png", "img/a.png"]}), COLUMNS, folder, faults)

    assert faults.reasons == {0: ("picture_too_large", "p")}
