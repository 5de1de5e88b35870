"""Edits of a Delta table's rows, for erasure alone: whatever else is stored is only appended to, or replaced.

An edit names the run that made it, so that it can be told from one by hand. The
files that an edit leaves behind, and the texts that the log keeps of rows,
stay until they are removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deltalake import CommitProperties, DeltaTable, Transaction

from pipelines.tables.files import Files

ERASURE = "erasure"  # in the record of a commit: the run that erased rows
_LOG = "_delta_log/"


def delete_rows(
    delta: DeltaTable, condition: str, run: str, numbers: Sequence[tuple[str, int]] = ()
) -> None:
    """Delete rows by one commit.

    Args:
        delta: the table.
        condition: in SQL, over its columns.
        run: the id of the run that does it.
        numbers: transactions by application that begin anew: (id, number).
    """
    transactions = [Transaction(*one) for one in numbers]
    delta.delete(condition, commit_properties=_commit(run, transactions))


def update_rows(delta: DeltaTable, condition: str, values: Mapping[str, str], run: str) -> None:
    """Change columns of rows by one commit.

    Args:
        delta: the table.
        condition: in SQL, over its columns.
        values: in SQL, by column.
        run: the id of the run that does it.
    """
    delta.update(dict(values), predicate=condition, commit_properties=_commit(run))


def drop_history(delta: DeltaTable, files: Files) -> None:
    """Sum the log up and remove what came before: it may hold texts of rows that are erased.

    The newest commit stays, for the next one reads it; so it is one of nothing.
    """
    columns = delta.metadata().partition_columns
    delta.create_write_transaction([], "append", delta.schema(), columns or None)
    delta.update_incremental()
    delta.create_checkpoint()
    newest = f"{delta.version():020d}"
    for stat in list(files.list(_LOG)):
        number = stat.name.removeprefix(_LOG)[:20]
        if number.isdigit() and number < newest:
            files.delete(stat.name)


def quoted(text: str) -> str:
    """Return a text as SQL has it.

    >>> quoted("o'clock")
    "'o''clock'"
    """
    return "'" + text.replace("'", "''") + "'"


def _commit(run: str, transactions: Sequence[Transaction] = ()) -> CommitProperties:
    return CommitProperties(
        custom_metadata={ERASURE: run}, app_transactions=list(transactions) or None
    )
