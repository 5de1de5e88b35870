"""The port to whatever holds the files of a store: a folder of this machine, or a bucket.

Names are relative, with `/` between folders. A file is written whole or not at
all; its tag is another as soon as its content may be another, so that a reader
can hold on to the version that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class FileStat:
    """What a listing tells about one file."""

    name: str
    size: int  # bytes
    tag: str  # of this version of the content
    modified: int  # milliseconds since 1970, by the clock of whatever holds the file


class Files(Protocol):
    """Files under one address. It pickles as that address, without credentials.

    Every call raises `StoreUnavailable` where the place is full, read-only, not
    there or does not answer.
    """

    @property
    def address(self) -> str:
        """The path or URL, as people and Delta Lake write it."""

    def options(self) -> Mapping[str, str]:
        """Return what Delta Lake needs to open the same place: region, endpoint, credentials."""

    def under(self, folder: str) -> Files:
        """Return the files of a folder, which need not exist yet."""

    def head(self, name: str) -> FileStat | None:
        """Return what is known of a file; None where there is none, or a link."""

    def list(self, folder: str = "") -> Iterator[FileStat]:
        """Yield every file at any depth below a folder, sorted by name; hidden ones and links too.

        Args:
            folder: empty for all, else with a slash at its end.
        """

    def unfinished(self) -> Iterator[FileStat]:
        """Yield the files, at any depth, that a writer has begun, or was killed at; no listing has them."""

    def read(
        self, name: str, *, start: int = 0, length: int | None = None, tag: str | None = None
    ) -> bytes:
        """Return a range of a file.

        Args:
            name: of the file.
            start: the first byte.
            length: bytes at most; None for all that follow.
            tag: of the version to read; None for the one that is there.

        Returns:
            The bytes; fewer than `length` where the file ends.

        Raises:
            FileNotFoundError: there is no such file, or no longer that version.
        """

    def open(self, name: str) -> pa.NativeFile:
        """Open a file for reading at random, by ranges.

        Raises:
            FileNotFoundError: there is no such file.
        """

    def put(
        self,
        name: str,
        content: bytes | pa.Buffer,
        *,
        if_absent: bool = False,
        if_tag: str | None = None,
    ) -> FileStat | None:
        """Write a file whole, on disk when this returns.

        Args:
            name: of the file.
            content: all of it.
            if_absent: write only where there is no such file.
            if_tag: write only over this version.

        Returns:
            What was written; None where the condition did not hold, and nothing changed.
        """

    def flush(self, names: Iterable[str]) -> None:
        """Put on disk what another writer, as Delta Lake, has left in these files, and their names.

        Args:
            names: of files or folders; empty for the folder of all. One that is not there is
                left out. A bucket has nothing to do.
        """

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
