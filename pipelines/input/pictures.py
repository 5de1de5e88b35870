"""Pictures that a data file names by their paths."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pipelines.features.spec import Image
from pipelines.input.faults import Faults
from pipelines.input.typed_rows import as_text, is_binary
from pipelines.job.job_file import Job


def with_pictures(rows: pa.RecordBatch, job: Job, folder: Path, faults: Faults) -> pa.RecordBatch:
    """The rows with pictures as bytes where the file has their paths.

    Args:
        folder: of the data file; relative paths start there, and none may leave it.
    """
    names = [name for name, one in job.features.columns.items() if isinstance(one, Image)]
    for name in dict.fromkeys([*names, *job.labeling.pictures]):
        place = rows.schema.get_field_index(name)
        if place >= 0 and not is_binary(rows.column(name).type):
            rows = rows.set_column(place, name, _read(rows.column(name), name, folder, faults))
    return rows


def _read(column: pa.Array, name: str, folder: Path, faults: Faults) -> pa.Array:
    found: list[bytes | None] = []
    root = folder.resolve()
    paths = as_text(column, name, "a picture (bytes, or the path of a file)").to_pylist()
    for row, path in enumerate(paths):
        picture, reason = _picture(root, path) if path else (None, None)
        found.append(picture)
        if reason:
            faults.mark([row], reason, name)
    return pa.array(found, pa.binary())


def _picture(root: Path, path: str) -> tuple[bytes | None, str | None]:
    """What a path names, or why that is nothing."""
    try:
        place = (root / path).resolve()
        if not place.is_relative_to(root):
            return None, "picture_outside_folder"
        return place.read_bytes(), None
    except (OSError, ValueError, RuntimeError):  # of a zero byte, and of links in a circle
        return None, "picture_not_found"
