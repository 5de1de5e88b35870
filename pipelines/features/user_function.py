"""The user's own function, `RecordBatch -> RecordBatch`, that runs before the features.

Its source is kept inside the model package, and training runs it from those bytes.
So a later change of the file changes no prediction.
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
from pipelines.errors import FunctionFailed, JobInvalid

Prepare = Callable[[pa.RecordBatch], pa.RecordBatch]

_TRIED_ROWS = (1, 7, 100)


def read_source(reference: str, folder: Path) -> bytes:
    """Read the source that `FILE.py:NAME` of a job file points to.

    Args:
        reference: as in the job file.
        folder: the folder of the job file.

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
    """Return the SHA-256 of the source, which is part of a model's version: 64 hex digits."""
    return hashlib.sha256(source).hexdigest()


class UserFunction:
    """The user's function, checked at each call: it must return one row per row.

    It pickles by its source, so a worker needs no file.

    Raises:
        JobInvalid: a call failed, or returned no batch of as many rows.
    """

    def __init__(self, reference: str, source: bytes) -> None:
        self._reference, self._source = reference, source
        file, _, name = reference.partition(":")
        self._call = _function_of(_executed(source, file), file, name)

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Prepare rows (n,): returns as many."""
        try:
            prepared = self._call(rows)
        except Exception as error:
            wrong = self._wrong(f"fails: {type(error).__name__}: {error}")
            row = self._first_failing(rows)
            raise FunctionFailed(wrong.problem, fix=wrong.fix, row=row) from error
        if not isinstance(prepared, pa.RecordBatch):
            raise self._wrong(f"returned {type(prepared).__name__}, not a pyarrow.RecordBatch")
        if prepared.num_rows != rows.num_rows:
            raise self._wrong(f"made {prepared.num_rows} rows of {rows.num_rows}")
        return prepared

    def __reduce__(self) -> tuple[object, ...]:
        return UserFunction, (self._reference, self._source)

    def check(self, rows: pa.RecordBatch) -> None:
        """Call it on the first rows alone, and compare with those rows among the others.

        A function that looks at other rows (a mean of the batch, a rank) would give
        other features in scoring than in training.

        Raises:
            JobInvalid: a row came out differently.
        """
        whole = self(rows)
        for count in _TRIED_ROWS:
            if changed := _changed(self(rows.slice(0, count)), whole):
                raise self._wrong(f"gives {changed!r} other values when there are fewer rows")

    def _first_failing(self, rows: pa.RecordBatch) -> int | None:
        """Return the first row that fails alone, by halving; None where none does."""
        first, count = 0, rows.num_rows
        while count > 1:
            half = count // 2
            if self._fails(rows.slice(first, half)):
                count = half
            else:
                first, count = first + half, count - half
        return first if count and self._fails(rows.slice(first, 1)) else None

    def _fails(self, rows: pa.RecordBatch) -> bool:
        try:
            self._call(rows)
        except Exception:  # noqa: BLE001  # the caller raises what the function raised first
            return True
        return False

    def _wrong(self, problem: str) -> JobInvalid:
        return JobInvalid(
            f"[features] function: {self._reference} {problem}",
            fix="take a pyarrow.RecordBatch and return one with the same rows in the same order, "
            "each computed from that row alone",
        )


def load_function(reference: str, source: bytes) -> UserFunction:
    """Run the source and return the function that it defines.

    This executes code: call it with the user's own file, or with bytes of a package
    whose signature was verified. The function is in one file, which may import what
    is installed, but no file beside it. It runs from memory: no byte-code is written
    into a signed folder.

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


def _function_of(module: types.ModuleType, file: str, name: str) -> Callable[[pa.RecordBatch], Any]:
    function = getattr(module, name, None)
    if callable(function):
        return function
    functions = [
        defined for defined, value in vars(module).items() if isinstance(value, types.FunctionType)
    ]
    raise JobInvalid(
        f"[features] function: {file} has no function {name!r}",
        fix=f"define {name}(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch in it; "
        f"it has {', '.join(functions) or 'none'}",
    )


def _changed(part: pa.RecordBatch, whole: pa.RecordBatch) -> str | None:
    """Return the first column in which the first rows of `whole` differ from `part`, if any."""
    for name, column in zip(part.schema.names, part.columns, strict=True):
        index = whole.schema.get_field_index(name)
        if index < 0 or not _same(column, whole.column(index).slice(0, len(part))):
            return str(name)
    return None


def _same(column: pa.Array, other: pa.Array) -> bool:
    """Return whether values are equal; NaN equals NaN, and a dictionary the texts that it codes."""
    if kinds.is_dictionary(column.type) and kinds.is_dictionary(other.type):
        return _same(column.dictionary_decode(), other.dictionary_decode())
    if kinds.is_floating(column.type) and kinds.is_floating(other.type):
        return np.array_equal(floats(column), floats(other), equal_nan=True)
    return bool(column.equals(other))
