"""The user's own function, `RecordBatch -> RecordBatch`, that runs before the features.

Its source travels inside the model package. Training runs it from the same
bytes, so what was trained is what scores, whatever became of the file.
"""

from __future__ import annotations

import hashlib
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import floats
from pipelines.errors import JobInvalid

Prepare = Callable[[pa.RecordBatch], pa.RecordBatch]

_TRIED_ROWS = (1, 7, 100)


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


class UserFunction:
    """The function that a source defines, watched: it must give one row for each, in order.

    It pickles by its source, so a worker needs no file.

    Raises:
        JobInvalid: called, it failed or did something else.
    """

    def __init__(self, reference: str, source: bytes) -> None:
        self._reference, self._source = reference, source
        file, _, name = reference.partition(":")
        self._call = _found(_executed(source, file), file, name)

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Prepare rows (n,); there come n rows out."""
        try:
            prepared = self._call(rows)
        except Exception as error:
            raise self._wrong(f"fails: {type(error).__name__}: {error}") from error
        if not isinstance(prepared, pa.RecordBatch):
            raise self._wrong(f"returned {type(prepared).__name__}, not a pyarrow.RecordBatch")
        if prepared.num_rows != rows.num_rows:
            raise self._wrong(f"made {prepared.num_rows} rows of {rows.num_rows}")
        return prepared

    def __reduce__(self) -> tuple[object, ...]:
        return UserFunction, (self._reference, self._source)

    def check(self, rows: pa.RecordBatch) -> None:
        """Try it on the first rows alone and among the others.

        What looks at other rows (a mean of the batch, a rank) gives other
        features in scoring than in training.

        Raises:
            JobInvalid: a row came out differently.
        """
        whole = self(rows)
        for count in _TRIED_ROWS:
            if changed := _changed(self(rows.slice(0, count)), whole):
                raise self._wrong(f"gives {changed!r} other values when there are fewer rows")

    def _wrong(self, what: str) -> JobInvalid:
        return JobInvalid(
            f"[features] function: {self._reference} {what}",
            fix="take a pyarrow.RecordBatch and return one with the same rows in the same order, "
            "each computed from that row alone",
        )


def load_function(reference: str, source: bytes) -> UserFunction:
    """Run the source and take the function out of it.

    It is code: call this with the user's own file, or with bytes of a package
    whose signature was verified. One file must do; it may import what is
    installed, but no file beside it. It runs from memory: no byte-code is
    written into a signed folder.

    Raises:
        JobInvalid: the source fails, or has no such function.

    >>> same = load_function("f.py:same", b"def same(batch): return batch")
    >>> same(pa.RecordBatch.from_pydict({"x": [1]})).num_rows
    1
    """
    return UserFunction(reference, source)


def _executed(source: bytes, file: str) -> types.ModuleType:
    module = types.ModuleType(f"recheck_function_{source_digest(source)[:12]}")
    sys.modules[module.__name__] = module  # a dataclass looks its module up while it is made
    try:
        exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102 - the user's own code
    except Exception as error:
        raise JobInvalid(
            f"[features] function: {file} fails: {type(error).__name__}: {error}",
            fix="correct it; it must be one file that imports only what is installed",
        ) from error
    return module


def _found(module: types.ModuleType, file: str, name: str) -> Callable[[pa.RecordBatch], Any]:
    function = getattr(module, name, None)
    if callable(function):
        return function
    there = [one for one, value in vars(module).items() if isinstance(value, types.FunctionType)]
    raise JobInvalid(
        f"[features] function: {file} has no function {name!r}",
        fix=f"define {name}(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch in it; "
        f"it has {', '.join(there) or 'none'}",
    )


def _changed(part: pa.RecordBatch, whole: pa.RecordBatch) -> str | None:
    """The first column in which the first rows of `whole` are not those of `part`."""
    for name, column in zip(part.schema.names, part.columns, strict=True):
        there = whole.schema.get_field_index(name)
        if there < 0 or not _same(column, whole.column(there).slice(0, len(part))):
            return str(name)
    return None


def _same(one: pa.Array, other: pa.Array) -> bool:
    """Equal values; NaN equals NaN, and a dictionary the texts that it codes."""
    if kinds.is_dictionary(one.type) and kinds.is_dictionary(other.type):
        return _same(one.dictionary_decode(), other.dictionary_decode())
    if kinds.is_floating(one.type) and kinds.is_floating(other.type):
        return np.array_equal(floats(one), floats(other), equal_nan=True)
    return bool(one.equals(other))
