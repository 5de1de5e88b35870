"""Which picture files are opened, and which are not."""

from __future__ import annotations

from io import BytesIO

import PIL.Image
import pytest

from pipelines.columns.image_files import MOST_BYTES, MOST_PIXELS, opened_image


def picture(kind: str) -> bytes:
    written = BytesIO()
    PIL.Image.new("RGB", (4, 3), "red").save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_six_formats_are_opened(kind: str) -> None:
    with opened_image(picture(kind)) as found:
        assert found.size == (4, 3)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "EPS", "PDF", "TGA", "PCX", "ICNS", "JPEG2000"])
def test_no_other_format_is(kind: str) -> None:
    with (
        pytest.raises(ValueError, match="no picture of a known format"),
        opened_image(picture(kind)),
    ):
        pass


def test_the_limits_are_those_of_the_guide() -> None:
    assert (MOST_BYTES // 10**6, MOST_PIXELS // 10**6) == (67, 67)

    with pytest.raises(ValueError, match="too large"), opened_image(bytes(MOST_BYTES + 1)):
        pass
