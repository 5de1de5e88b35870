"""People see pictures as they are, where a browser can draw them."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from labeling.questions import images
from labeling.questions.images import NO_IMAGE, image_uri, image_uris


def picture(kind: str, size: tuple[int, int] = (2, 2)) -> bytes:
    written = io.BytesIO()
    Image.effect_noise(size, 100).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_what_browsers_draw_is_passed_on_byte_for_byte(kind: str) -> None:
    content = picture(kind)

    assert image_uri(content) == f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def test_other_formats_become_png() -> None:
    assert image_uri(picture("bmp")).startswith("data:image/png;base64,")


def test_a_large_picture_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "IMAGE_LIMIT", 1000)
    monkeypatch.setattr(images, "IMAGE_SIDE", 10)

    kind, _, content = image_uri(picture("png", (200, 100))).partition(";base64,")

    with Image.open(io.BytesIO(base64.b64decode(content))) as small:
        assert (kind, small.size) == ("data:image/jpeg", (10, 5))


def test_a_shrunk_picture_stands_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera held upright writes a wide picture, and beside it that it is to be turned."""
    monkeypatch.setattr(images, "IMAGE_LIMIT", 1000)
    exif, written = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # orientation: a quarter turn
    Image.effect_noise((200, 100), 100).save(written, "jpeg", exif=exif)

    _, _, content = image_uri(written.getvalue()).partition(";base64,")

    with Image.open(io.BytesIO(base64.b64decode(content))) as small:
        assert small.size == (100, 200)


def claimed(side: int) -> bytes:
    """A PNG file of a few bytes that says that it is a square of that side."""

    def chunk(name: bytes, content: bytes) -> bytes:
        head, check = struct.pack(">I", len(content)), zlib.crc32(name + content)
        return head + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_no_browser_gets_a_picture_that_claims_to_be_immense() -> None:
    assert image_uri(claimed(8_192)) != NO_IMAGE
    assert image_uri(claimed(50_000)) == NO_IMAGE


def test_no_other_program_is_started_for_a_picture(tmp_path: Path) -> None:
    """Pillow would start Ghostscript for this."""
    written = tmp_path / "written"
    program = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({written}) (w) file\n%%EOF\n"

    assert image_uri(program.encode()) == NO_IMAGE
    assert not written.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"BM" + b"\0" * 60, b"\xff\xd8\xff", picture("png")[:20]]
)
def test_what_is_no_picture_is_shown_as_none(content: bytes) -> None:
    assert image_uri(content) == NO_IMAGE


def test_a_missing_picture_is_shown_as_none() -> None:
    assert image_uris(pa.array([None], pa.binary())) == [NO_IMAGE]
