"""Parquet files that are written many at once, and exchanged only where their rows are others."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

_ROWS = 65_536  # of a row group


class RowFiles:
    """Files that are being written, in row groups of a fixed length, so that equal rows are equal bytes."""

    def __init__(self, arriving: Path, files: Path) -> None:
        self._arriving, self._files = arriving, files
        self._held: dict[str, list[pa.RecordBatch]] = {}
        self._open: dict[str, pq.ParquetWriter] = {}
        self._stack = ExitStack()

    @property
    def names(self) -> set[str]:
        """The files that have rows."""
        return set(self._open) | set(self._held)

    def __enter__(self) -> Self:
        shutil.rmtree(self._arriving, ignore_errors=True)  # of a run that was killed
        self._arriving.mkdir()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                for name in list(self._held):
                    self._write(name, self._held[name])
            self._stack.close()
            for name in self._open if kind is None else ():
                self._place(self._arriving / name, self._files / name)
        finally:
            shutil.rmtree(self._arriving, ignore_errors=True)

    def add(self, name: str, rows: pa.RecordBatch) -> None:
        """Add rows to a file."""
        held = self._held.setdefault(name, [])
        held.append(rows)
        while sum(part.num_rows for part in held) >= _ROWS:
            table = pa.Table.from_batches(held).combine_chunks()
            self._write(name, table.slice(0, _ROWS).to_batches())
            held = self._held[name] = table.slice(_ROWS).to_batches()

    def _write(self, name: str, parts: Sequence[pa.RecordBatch]) -> None:
        rows = [part for part in parts if part.num_rows]
        if not rows:
            return
        if name not in self._open:
            writer = pq.ParquetWriter(self._arriving / name, rows[0].schema, compression="zstd")
            self._open[name] = self._stack.enter_context(writer)
        self._open[name].write_table(
            pa.Table.from_batches(rows).combine_chunks(), row_group_size=_ROWS
        )

    @staticmethod
    def _place(path: Path, target: Path) -> None:
        """Give a file its name, unless the one of that name has the same bytes."""
        if target.is_file() and _digest(path) == _digest(target):
            return
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(target)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
