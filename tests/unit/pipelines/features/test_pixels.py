"""Pictures to pixels, against Pillow and by hand."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest

from pipelines.features.bad_values import BadValues
from pipelines.features.pixels import pixels
from pipelines.features.spec import Image


def _file(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _grey(values: list[list[int]]) -> Any:
    return PIL.Image.fromarray(np.array(values, np.uint8))


def test_pixels_are_read_row_by_row() -> None:
    column = pa.array([_file(_grey([[0, 10, 20], [30, 40, 255]]))], pa.binary())

    seen, gaps = pixels("p", column, Image(width=3, height=2))

    assert seen.tolist() == [[0, 10, 20, 30, 40, 255]]
    assert gaps is None


def test_a_picture_is_resized_and_converted() -> None:
    """A red square stays red at any size; grey weighs red by 299/1000."""
    column = pa.array([_file(PIL.Image.new("RGB", (7, 5), (200, 0, 0)))], pa.binary())

    assert pixels("p", column, Image(width=1, height=2, mode="RGB"))[0].tolist() == [
        [200, 0, 0, 200, 0, 0]
    ]
    assert pixels("p", column, Image(width=1, height=1))[0].tolist() == [[60]]


def test_a_photo_is_turned_upright() -> None:
    """People see it as its EXIF orientation says, and so does the model."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 3  # upside down
    file = _file(_grey([[0, 255]]), exif=exif)

    seen, _ = pixels("p", pa.array([file], pa.binary()), Image(width=2, height=1))

    assert seen.tolist() == [[255, 0]]


def test_a_missing_picture_is_black_and_marked() -> None:
    column = pa.array([None, _file(_grey([[9]]))], pa.binary())

    seen, gaps = pixels("p", column, Image(width=1, height=1))

    assert seen.tolist() == [[0], [9]]
    assert gaps is not None
    assert gaps.tolist() == [True, False]


@pytest.mark.parametrize("broken", ["empty", "text", "cut off", "too large", "postscript"])
def test_what_is_no_picture_is_named_by_row(broken: str) -> None:
    good = _file(PIL.Image.effect_noise((64, 64), 50))
    bad = {
        "empty": b"",
        "text": b"not a picture",
        "cut off": good[: len(good) // 2],
        "too large": _file(PIL.Image.new("1", (9000, 9000))),
        "postscript": _file(PIL.Image.new("RGB", (2, 2)), "EPS"),  # would start a program
    }[broken]

    with pytest.raises(BadValues, match="not_a_picture") as caught:
        pixels("p", pa.array([good, bad, good, bad], pa.binary()), Image())

    assert caught.value.rows.tolist() == [1, 3]
    assert caught.value.column == "p"
