"""A mapped batch: the columns of its feature matrix, in the compact form they were made in.

Codes stand for one-hot columns. An evaluator of plain arrays reads one weight per
code and never writes them out; `pipelines.sklearn.matrices` makes the whole matrix
for the libraries that need it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.columns.buffers import Floats, Int32s, Int64s


@dataclass(frozen=True, slots=True)
class Numbers:
    """One column of the matrix: values (n,)."""

    name: str
    values: Floats

    @property
    def width(self) -> int:
        """The number of matrix columns."""
        return 1


@dataclass(frozen=True, slots=True)
class OneHot:
    """`size` one-hot columns: codes (n,), each in [0, size)."""

    name: str
    codes: Int32s
    size: int

    @property
    def width(self) -> int:
        """The number of matrix columns."""
        return self.size


@dataclass(frozen=True, slots=True)
class Sparse:
    """`size` columns, mostly 0, as compressed rows (CSR).

    Row i has `values[indptr[i]:indptr[i + 1]]` in the columns
    `indices[indptr[i]:indptr[i + 1]]`, which ascend.
    """

    name: str
    indptr: Int64s
    indices: Int32s
    values: Floats
    size: int

    @property
    def width(self) -> int:
        """The number of matrix columns."""
        return self.size


@dataclass(frozen=True, slots=True)
class Dense:
    """A block of columns: values (n, k)."""

    name: str
    values: Floats

    @property
    def width(self) -> int:
        """The number of matrix columns."""
        return int(self.values.shape[1])


Column = Numbers | OneHot | Sparse | Dense


@dataclass(frozen=True, slots=True)
class Mapped:
    """A batch of `rows` rows as the columns of its matrix, in the order of the spec."""

    rows: int
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """The number of matrix columns."""
        return sum(column.width for column in self.columns)

    @property
    def is_sparse(self) -> bool:
        """Whether the matrix is better kept as compressed rows."""
        return any(isinstance(column, Sparse) for column in self.columns)
