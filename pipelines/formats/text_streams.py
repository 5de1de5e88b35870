"""The bytes of a file as UTF-8: unpacked, and decoded where they are of another encoding."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipelines.errors import InputUnreadable

TIGHTEST = 1_032  # bytes that one byte of gzip can hold
_RATIO, _ANYWAY = 250, 256 << 20  # times its size, and bytes, that a packed file may unpack to
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TEXT = {  # how files begin that are no text, whatever their name says
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    b"PK\x03\x04": "a spreadsheet or ZIP archive",
    b"\x1f\x8b": "packed by gzip, which its name does not say",
    b"PAR1": "Parquet",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF",
}
Look = Callable[[bytes], None]


class _Bytes(Protocol):
    def read(self, size: int) -> bytes: ...


class _Limited:
    """The content of a file, up to a limit: a small packed file can hold any amount of the same."""

    def __init__(self, stream: _Bytes, limit: int | None, name: str) -> None:
        self._stream, self._left, self._name = stream, limit, name

    def read(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            InputUnreadable: there are more than the limit.
        """
        data = self._stream.read(size)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise InputUnreadable(
                    f"{self._name}: the file unpacks to more than {_RATIO} times its size",
                    fix="unpack it and look at it; deliver what is meant as Parquet, or unpacked",
                )
        return data


class TextStream:
    r"""UTF-8 in blocks, as Arrow asks for them; no block ends between \r and \n.

    There, Arrow's CSV reader would lose the \n of a line break within quotes
    (https://github.com/apache/arrow/issues/51368).
    """

    def __init__(self, stream: _Bytes, name: str, encoding: str | None, look: Look) -> None:
        self._stream, self._name, self._encoding, self._look = stream, name, encoding, look
        self._decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
        self._held, self._is_over = b"", False
        self.closed = False

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; none at the end."""
        while not self._is_over and len(self._held) < size:
            taken = self._stream.read(size - len(self._held))
            self._is_over = not taken
            self._held += self._decoded(taken)
        block, self._held = self._held[:size], self._held[size:]
        if block.endswith(b"\r") and (self._held or not self._is_over) and len(block) > 1:
            block, self._held = block[:-1], b"\r" + self._held
        self._look(block)
        return block

    def _decoded(self, taken: bytes) -> bytes:
        if self._decoder is None:
            return taken
        try:
            return self._decoder.decode(taken, final=not taken).encode()
        except UnicodeDecodeError as error:
            raise InputUnreadable(
                f"{self._name}: bytes that are no {self._encoding}: {error.reason}",
                fix="set data.encoding to the encoding of the file, or write it as UTF-8",
            ) from error

    def close(self) -> None:
        """Mark the stream as closed; who opened the file closes it."""
        self.closed = True


@contextmanager
def opened(path: str, name: str, encoding: str | None, look: Look) -> Iterator[Any]:
    """Open a file as a stream of UTF-8, to be given to a reader of Arrow.

    Args:
        path: of the file; one that ends in `.gz` is unpacked.
        name: of the file, for errors.
        encoding: of its text; without one, UTF-8, whose bytes are let through unchecked.
        look: is shown each block, for a second opinion.

    Yields:
        The stream.

    Raises:
        InputUnreadable: the file is of another encoding.
    """
    first = head(path, 16)
    _require_text(first, name)
    if encoding is None and first[:2] in _UTF16:
        raise InputUnreadable(
            f"{name}: the file is UTF-16", fix='set data.encoding = "utf-16", or write it as UTF-8'
        )
    limit = max(Path(path).stat().st_size * _RATIO, _ANYWAY) if is_packed(path) else None
    with pa.input_stream(path, compression="detect") as stream:
        yield TextStream(_Limited(stream, limit, name), name, encoding, look)


def _require_text(first: bytes, name: str) -> None:
    kind = next((kind for mark, kind in _NO_TEXT.items() if first.startswith(mark)), None)
    if kind:
        raise InputUnreadable(
            f"{name}: the file is {kind}",
            fix="give it the ending that says what it is (.csv.gz, .parquet), or write it as CSV in UTF-8",
        )


def is_packed(path: str) -> bool:
    """Tell whether a file is packed, by its name."""
    return path.lower().endswith(".gz")


def head(path: str, size: int) -> bytes:
    """Return the first bytes of a file, unpacked."""
    with pa.input_stream(path, compression="detect") as stream:
        found: bytes = stream.read(size)
        return found
