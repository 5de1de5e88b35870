"""A Delta table as input, by `deltalake`; its own version says whether it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from infra.databases.input_table import RowFilter, plain, select
from pipelines.errors import InputUnreadable


class DeltaInput:
    """The newest version of a table, the same one for all reads.

    Args:
        address: a folder, or an address such as `s3://bucket/table`.

    Raises:
        InputUnreadable: there is no such table, or it has features that `deltalake` cannot read.
    """

    def __init__(self, address: str) -> None:
        self.shown = f"delta:{address}"
        with self._reading():
            self._table = DeltaTable(address)

    def version(self) -> str | None:
        """Return the table's identity and the number of its version."""
        return f"{self._table.metadata().id}@{self._table.version()}"

    def schema(self) -> pa.Schema:
        """Return the columns with their types."""
        with self._reading():
            return pa.schema(self._table.schema().to_arrow())

    def rows(
        self, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows; see the port. Files that the filter leaves out by their statistics are not read."""
        sql = select("input", columns, where, order)
        with self._reading():
            answer = QueryBuilder().register("input", self._table).execute(sql)
            for rows in pa.RecordBatchReader.from_stream(answer):
                yield plain(rows)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except TableNotFoundError as error:
            raise InputUnreadable(
                f"no Delta table at {self.shown.removeprefix('delta:')}",
                fix="correct data.path in the job file; relative addresses start at its folder",
            ) from error
        except (DeltaError, OSError, pa.ArrowException) as error:
            first = str(error).strip().splitlines()[0][:300]
            raise InputUnreadable(
                f"{self.shown} cannot be read: {first}",
                fix="look at the table; a feature that `deltalake` cannot read (such as deletion vectors) goes with `REORG TABLE … APPLY (PURGE)`",
            ) from error
