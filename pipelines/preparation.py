"""The user's own function, `RecordBatch -> RecordBatch`, that runs before the features.

Its source travels inside the model package. Training runs it from the same
bytes, so what was trained is what scores, whatever became of the file.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pyarrow as pa

from pipelines.errors import JobInvalid

Prepare = Callable[[pa.RecordBatch], pa.RecordBatch]


def read_source(reference: str, folder: Path) -> bytes:
    """The source that `FILE.py:NAME` of a job file points to.

    Args:
        reference: as in the job file.
        folder: the job file's own.

    Raises:
        JobInvalid: the file cannot be read.
    """
    path = folder / reference.partition(":")[0]
    try:
        return path.read_bytes()
    except OSError as error:
        raise JobInvalid(
            f"[features] function: {path} cannot be read: {error.strerror}",
            fix="write FILE.py:NAME, the file's path beginning at the job file's folder",
        ) from error


def source_digest(source: bytes) -> str:
    """What the version of a model knows of the source: 64 hex digits."""
    return hashlib.sha256(source).hexdigest()


def load_function(reference: str, source: bytes) -> Prepare:
    """Run the source and take the function out of it.

    It is code: call this with the user's own file, or with bytes of a package
    whose signature was verified. One file must do; it may import what is
    installed, but no file beside it.

    Raises:
        JobInvalid: the source fails, or has no such function.

    >>> load_function("f.py:same", b"def same(batch): return batch")(1)
    1
    """
    file, _, name = reference.partition(":")
    module = types.ModuleType(f"recheck_function_{source_digest(source)[:12]}")
    try:
        exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102 - the user's own code
    except Exception as error:
        raise JobInvalid(
            f"[features] function: {file} fails: {type(error).__name__}: {error}",
            fix="correct it; it must be one file that imports only what is installed",
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise JobInvalid(
            f"[features] function: {file} has no function {name!r}",
            fix=f"define {name}(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch in it",
        )
    return cast("Prepare", function)
