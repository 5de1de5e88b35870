"""Picture files of strangers: opened only in known formats, and never beyond a size that a machine can hold.

What a file says of itself is looked at before anything is decoded: a small
file may claim any size, and other formats would start other programs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
MOST_BYTES = 2**26  # of a file
MOST_PIXELS = 2**26


@contextmanager
def opened_image(content: bytes) -> Iterator[Any]:
    """Open a picture, without decoding it yet.

    Args:
        content: of its file.

    Yields:
        The picture, as Pillow opens it.

    Raises:
        ValueError: it is of no known format, broken, or too large.
    """
    import PIL.Image

    if len(content) > MOST_BYTES:
        raise ValueError("a file that is too large")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)  # we look ourselves
        try:
            picture = PIL.Image.open(BytesIO(content), formats=FORMATS)
        except Exception as error:  # a decoder raises whatever broken bytes lead it to
            raise ValueError("no picture of a known format") from error
    with picture:
        if not 0 < picture.width * picture.height <= MOST_PIXELS:
            raise ValueError("a picture of too many pixels")
        yield picture


def upright(picture: Any) -> Any:
    """Turn a picture as its camera was held, and decode it; the picture itself is changed."""
    import PIL.ImageOps

    picture.load()  # else a JPEG would be read coarsely where it becomes a smaller one
    PIL.ImageOps.exif_transpose(picture, in_place=True)  # a copy would take as much memory again
    return picture


def in_mode(picture: Any, mode: str) -> Any:
    """Return a picture in a mode of Pillow; the same one where it has that mode."""
    return picture if picture.mode == mode else picture.convert(mode)
