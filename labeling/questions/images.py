"""Pictures as `data:` addresses, which a task can carry."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from pipelines.columns.image_files import in_mode, opened_image, upright

IMAGE_LIMIT = 2_000_000  # bytes; a larger picture is shrunk
IMAGE_SIDE = 1_600  # pixels, of a shrunk picture
SMALL_SIDE = 160  # pixels; people see nothing in smaller pictures unless they are drawn larger
_SMALL_URI = 60_000  # characters of its address, more than one of that size has
NO_IMAGE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def image_uris(column: pa.Array) -> list[str]:
    """Return the address of each picture of a column (n,); of an empty one where there is none."""
    contents = (value.as_py() for value in column)  # one by one: they may be large
    return [NO_IMAGE if content is None else image_uri(content) for content in contents]


def image_uri(content: bytes) -> str:
    """Return a picture as a `data:` address.

    What browsers draw is passed on byte for byte; other formats become PNG, and
    pictures over `IMAGE_LIMIT` a smaller JPEG. What is no picture of a known
    format, or claims more pixels than a machine can hold, becomes an empty one.
    """
    kind = _image_type(content)
    try:
        with opened_image(content) as picture:
            if kind is None or len(content) > IMAGE_LIMIT:
                return _converted(picture, "JPEG" if len(content) > IMAGE_LIMIT else "PNG")
            return _uri(kind, content)
    except Exception:  # noqa: BLE001  a decoder raises whatever broken bytes lead it to
        return NO_IMAGE


def are_small(uris: Iterable[str]) -> bool:
    """Tell whether every picture is at most `SMALL_SIDE` pixels wide and high; False without any."""
    drawn = [uri for uri in uris if uri != NO_IMAGE]
    return bool(drawn) and all(map(_is_small, drawn))


def _is_small(uri: str) -> bool:
    if len(uri) > _SMALL_URI:
        return False
    try:
        with opened_image(base64.b64decode(uri.partition(",")[2])) as picture:
            return bool(max(picture.size) <= SMALL_SIDE)
    except ValueError:
        return False


def _image_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def _converted(picture: Any, kind: str) -> str:
    """Return a picture in another format and, where it is large, smaller; only few need it."""
    written = io.BytesIO()
    seen = upright(picture)  # what is written says no orientation
    seen.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
    in_mode(seen, "RGB").save(written, kind)
    return _uri(f"image/{kind.lower()}", written.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
