"""Pictures as `data:` addresses, which a task can carry."""

from __future__ import annotations

import base64
import io

import pyarrow as pa

IMAGE_LIMIT = 2_000_000  # bytes; a larger picture is shrunk
IMAGE_SIDE = 1_600  # pixels, of a shrunk picture
NO_IMAGE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def image_uris(column: pa.Array) -> list[str]:
    """Return the address of each picture of a column (n,); of an empty one where there is none."""
    return [NO_IMAGE if value is None else image_uri(value) for value in column.to_pylist()]


def image_uri(content: bytes) -> str:
    r"""Return a picture as a `data:` address.

    What browsers draw is passed on byte for byte; other formats become PNG, and
    pictures over `IMAGE_LIMIT` a smaller JPEG. Bytes that are no picture become
    an empty one.

    >>> image_uri(b"\xff\xd8\xff")
    'data:image/jpeg;base64,/9j/'
    """
    kind = _image_type(content)
    if kind is None or len(content) > IMAGE_LIMIT:
        return _converted(content)
    return _uri(kind, content)


def _image_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def _converted(content: bytes) -> str:
    from PIL import Image, ImageOps  # only for what browsers cannot draw or should not load

    kind, written = "JPEG" if len(content) > IMAGE_LIMIT else "PNG", io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as picture:
            upright = ImageOps.exif_transpose(picture)  # what is written says no orientation
            upright.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
            upright.convert("RGB").save(written, kind)
    except (OSError, ValueError, Image.DecompressionBombError):
        return NO_IMAGE
    return _uri(f"image/{kind.lower()}", written.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
