"""A column of large values, such as pictures: the memory holds a few of them, a temporary file the others."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Final

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import bool_array
from pipelines.errors import InputUnreadable

IN_MEMORY: Final = 2**25  # bytes of a column; more lie in a file, which the system pages in and out
_NARROW: Final = 2**31  # bytes that a column with offsets of 32 bits can have


def spooled(values: Iterable[bytes | None]) -> pa.Array:
    """Return values as a column (n,), taken one by one.

    Raises:
        InputUnreadable: there is no room for them on the disk.

    >>> spooled([b"a", None]).to_pylist()
    [b'a', None]
    """
    found = SpooledBytes()
    for value in values:
        found.add(value)
    return found.column()


class SpooledBytes:
    """Values of one column, taken one by one.

    A column of pictures would fill the memory: 65,536 of 200 kB are 13 GB. The
    file has no name and is gone with the column.
    """

    def __init__(self) -> None:
        """Begin an empty column."""
        # the file lives as long as the column, which is longer than any `with`
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._ends: list[int] = [0]
        self._gaps: list[bool] = []

    def add(self, value: bytes | None) -> None:
        """Take one more value.

        Raises:
            InputUnreadable: there is no room for it on the disk.
        """
        try:
            self._file.write(value or b"")
            self._file.flush()
        except OSError as error:
            with suppress(OSError):  # it writes what it still has
                self._file.close()
            raise InputUnreadable(
                f"after {self._ends[-1]:,} bytes of pictures, no more can be kept in {tempfile.gettempdir()}: {error.strerror}",
                fix="make room there, or name another folder by TMPDIR",
            ) from error
        self._ends.append(self._ends[-1] + len(value or b""))
        self._gaps.append(value is None)

    def column(self) -> pa.Array:
        """Return the values (n,): `binary`, or `large_binary` where they are 2 GB or more."""
        size = self._ends[-1]
        is_wide = size >= _NARROW
        offsets = np.array(self._ends, np.int64 if is_wide else np.int32)
        known = ~np.array(self._gaps, np.bool_)
        validity = None if known.all() else bool_array(known).buffers()[1]
        buffers = [validity, pa.py_buffer(offsets), self._content(size)]
        kind = pa.large_binary() if is_wide else pa.binary()
        return pa.Array.from_buffers(kind, len(self._gaps), buffers)

    def _content(self, size: int) -> pa.Buffer:
        with self._file as file:
            if size > IN_MEMORY:  # the mapping outlives the file
                return pa.py_buffer(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
            file.seek(0)
            return pa.py_buffer(file.read())
