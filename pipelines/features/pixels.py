"""Pictures as rows of pixels, all of one size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Bools, Bytes, missing
from pipelines.columns.image_files import in_mode, opened_image, upright
from pipelines.features.bad_values import refuse
from pipelines.features.spec import Image


def pixel_count(feature: Image) -> int:
    """Return the number of numbers that a picture becomes."""
    return feature.width * feature.height * len(feature.mode)


def pixels(name: str, column: pa.Array, feature: Image) -> tuple[Bytes, Bools | None]:
    """Decode, turn upright and resize the pictures of a column.

    Args:
        name: the column's name, for the error.
        column: the bytes of picture files.
        feature: size and mode.

    Returns:
        Pixels (n, height * width * channels), row by row, 0 where null; and
        where the picture is missing (n,), None if nowhere. Resizing is
        integer arithmetic, so it has no last bit that could differ.

    Raises:
        BadValues: some are no picture of a known format, or are cut off.
    """
    whole = np.zeros((len(column), pixel_count(feature)), np.uint8)
    broken = np.zeros(len(column), np.bool_)
    for row, value in enumerate(column):  # one by one: together they may be larger than the memory
        decoded = _decoded(value.as_py(), feature)
        broken[row] = decoded is None
        whole[row] = np.frombuffer(decoded or bytes(pixel_count(feature)), np.uint8)
    refuse(name, broken, "not_a_picture")
    return whole, missing(column)


def _decoded(content: bytes | None, feature: Image) -> bytes | None:
    """Return the pixels of one picture, None if it cannot be read."""
    if content is None:
        return bytes(pixel_count(feature))
    try:
        with opened_image(content) as picture:
            return _fitted(picture, feature)
    except Exception:  # noqa: BLE001  a decoder raises whatever broken bytes lead it to
        return None


def _fitted(picture: Any, feature: Image) -> bytes:
    import PIL.Image

    seen = in_mode(upright(picture), feature.mode)
    size = (feature.width, feature.height)
    return bytes(seen.resize(size, PIL.Image.Resampling.BILINEAR).tobytes())
