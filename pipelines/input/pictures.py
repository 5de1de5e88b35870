"""Pictures that a data file refers to by path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from pipelines.columns.image_files import MOST_BYTES
from pipelines.columns.spooled_bytes import SpooledBytes
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import as_text, is_binary


def with_pictures(
    rows: pa.RecordBatch, columns: Iterable[str], folder: Path, faults: Faults
) -> pa.RecordBatch:
    """Replace paths of pictures by the bytes of the pictures.

    Args:
        rows: of a data file (n).
        columns: those with pictures; the file need not have all of them.
        folder: of the data file; relative paths start there, and none may leave it.
        faults: takes the rows whose picture cannot be read.

    Returns:
        The rows (n), with the same columns. Of pictures over 32 MB, the bytes lie in a
        temporary file that the column maps into the memory.
    """
    for name in columns:
        place = rows.schema.get_field_index(name)
        if place >= 0 and not is_binary(rows.column(name).type):
            rows = rows.set_column(place, name, _read(rows.column(name), name, folder, faults))
    return rows


def _read(column: pa.Array, name: str, folder: Path, faults: Faults) -> pa.Array:
    pictures = SpooledBytes()
    root = folder.resolve()
    paths = as_text(column, name, "a picture (bytes, or the path of a file)").to_pylist()
    for row, path in enumerate(paths):
        picture, reason = _picture(root, path) if path else (None, None)
        pictures.add(picture)
        if reason:
            faults.mark([row], reason, name)
    return pictures.column()


def _picture(root: Path, path: str) -> tuple[bytes | None, str | None]:
    """Return the bytes of a picture, or the reason why there are none."""
    try:
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            return None, "picture_outside_folder"
        if not file.is_file():  # a pipe would keep us waiting
            return None, "picture_not_found"
        if file.stat().st_size > MOST_BYTES:
            return None, "picture_too_large"
        return file.read_bytes(), None
    except (OSError, ValueError, RuntimeError):  # of a zero byte, and of links in a circle
        return None, "picture_not_found"
