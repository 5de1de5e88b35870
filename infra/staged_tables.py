"""Tables that are read as input, staged in the store: a Parquet file for each batch, ordered by key.

The rows are read once by a command and are files from there on, by the rules of all
files. A file is exchanged only where its rows changed, so a batch whose rows are the
same stays what it was. Where batches are named, the database is asked for their rows alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from infra.databases.input_table import InputTable, RowFilter
from infra.ports import Say
from infra.row_files import RowFiles
from infra.store import Store
from pipelines.columns.buffers import int_array, is_text
from pipelines.columns.epochs import UNITS
from pipelines.columns.utc_times import micros_of
from pipelines.errors import InputUnreadable, SchemaMismatch
from pipelines.input.batches import ALL, UNKNOWN, membership
from pipelines.job.periods import PERIODS, named
from pipelines.job.rules import BatchRule
from pipelines.tables.store_errors import store_errors

_WAIT = 3_600  # seconds for another process that stages the same table
_ROWS = 65_536  # of a row group
_OPEN = 100  # files that are written at once
_LONGEST = 180  # bytes of a file's name
_NOTE = "table.json"


@dataclass(frozen=True, slots=True)
class TableInput:
    """A table with what the job file says of its rows."""

    table: InputTable
    asked: str  # the address and the query, which the folder is named after
    rule: BatchRule  # how rows fall into batches
    key: tuple[str, ...]  # the columns that rows are ordered by
    owner: str = ""  # the folder of the job, by which its copies are found again


def bring(
    of: TableInput, store: Store, batches: Sequence[str] = (), say: Say = lambda _: None
) -> str:
    """Copy the rows of some batches, or all, into files of this machine, where they changed.

    Args:
        of: the table.
        store: keeps the files.
        batches: whose rows are needed; none for all.
        say: takes a line of news.

    Returns:
        The pattern of the files, for `find_sources`.

    Raises:
        InputUnreadable: the table cannot be read, or has no rows.
        SchemaMismatch: it lacks a column of the key or of the batches.
        ConcurrentRun: another process has been staging it for an hour.
    """
    what = json.dumps([of.asked, of.key, [str(part) for part in _parts(of.rule)]])
    folder = store.staging / f"{_owned(of.owner)}{_short(what)}"
    with store.lock(f"staged-{folder.name}", wait=_WAIT), store_errors(str(folder)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # rows of the input are nobody else's
        staged = _Staged(of, folder)
        if staged.bring(tuple(dict.fromkeys(batches))):
            say(f"read {of.table.shown}")
        if not staged.has_files:
            raise InputUnreadable(
                f"{of.table.shown} has no rows", fix="look at the table, or at data.query"
            )
    return f"{folder}/rows/*.parquet"


def discard(owner: str, store: Store) -> None:
    """Remove the files of every table, of whatever query, that a job asked for; `bring` makes them anew.

    Raises:
        ConcurrentRun: another process has been staging one for an hour.
    """
    for folder in sorted(store.staging.glob(f"{_owned(owner)}*")):
        with store.lock(f"staged-{folder.name}", wait=_WAIT), store_errors(str(folder)):
            shutil.rmtree(folder)


def _owned(owner: str) -> str:
    return f"table-{_short(owner)}-"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _parts(rule: BatchRule) -> tuple[object, ...]:
    return rule.by, rule.column, rule.timezone, rule.unit


@dataclass
class _Staged:
    """The files of a table, which nobody else changes meanwhile."""

    of: TableInput
    folder: Path

    @property
    def files(self) -> Path:
        """The folder of the files."""
        return self.folder / "rows"

    @property
    def has_files(self) -> bool:
        """Whether there is any file."""
        return any(self.files.glob("*.parquet"))

    def bring(self, batches: tuple[str, ...]) -> bool:
        """Make the files equal to the table; return whether it had to be read."""
        table, note = self.of.table, self._note()
        version = table.version()
        if version is not None and version == note.get("version"):
            if note["whole"] or (batches and set(batches) <= set(note["batches"])):
                return False
        else:
            note = {"version": version, "whole": False, "batches": []}
        self._require_columns()
        (self.folder / _NOTE).unlink(missing_ok=True)  # before files change
        self.files.mkdir(exist_ok=True)
        written = self._named(batches) if batches else self._whole()
        self._remove(batches or None, written)
        if version is not None:
            note["whole"] = note["whole"] or not batches
            note["batches"] = sorted({*note["batches"], *(batches or written)})
            (self.folder / _NOTE).write_text(json.dumps(note))
        return True

    def _note(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.folder / _NOTE).read_text()))
        except (OSError, ValueError):
            return {}

    def _require_columns(self) -> None:
        names, column = self.of.table.schema().names, self.of.rule.column
        for name in [*self.of.key, *([column] if column else [])]:
            if name not in names:
                raise SchemaMismatch(
                    f"{self.of.table.shown}: column {name!r} is missing; it has {', '.join(map(repr, names[:30]))}",
                    fix="correct data.key, data.time or [batches] in the job file, or data.query",
                )

    def _named(self, batches: Sequence[str]) -> set[str]:
        """Write the rows of some batches, each asked for by itself where its rows can be told."""
        filters = filters_of(batches, self.of)
        written: set[str] = set()
        for batch, where in filters.items():
            if where is not None:
                written |= self._pass(where, [batch])
        rest = [batch for batch, where in filters.items() if where is None]
        return written | (self._pass(None, rest) if rest else set())

    def _whole(self) -> set[str]:
        """Write the rows of all batches, as many at once as files may be open."""
        batches = sorted(self._batches())
        written: set[str] = set()
        for start in range(0, len(batches), _OPEN):
            written |= self._pass(None, batches[start : start + _OPEN])
        return written

    def _batches(self) -> set[str]:
        column = self.of.rule.column
        if column is None:
            return {ALL}
        batches: set[str] = set()
        for rows in self.of.table.rows([column], None, []):
            member = self._member(rows)
            batches |= {member.names[code] for code in np.unique(member.codes)}
        return batches

    def _pass(self, where: RowFilter | None, batches: Sequence[str]) -> set[str]:
        """Read rows once and write those of some batches; return the batches that have any."""
        with RowFiles(self.folder / "arriving", self.files) as writers:
            for rows in self.of.table.rows([], where, self.of.key):
                member = self._member(rows)
                for code, batch in enumerate(member.names):
                    if batch in batches and len(chosen := np.flatnonzero(member.codes == code)):
                        writers.add(file_name(batch), rows.take(int_array(chosen)))
            return {batch for batch in batches if file_name(batch) in writers.names}

    def _member(self, rows: pa.RecordBatch) -> Any:
        try:
            return membership(rows, self.of.rule, None)
        except SchemaMismatch as error:
            shown = self.of.table.shown
            raise SchemaMismatch(f"{shown}: {error.problem}", fix=error.fix) from error

    def _remove(self, batches: Iterable[str] | None, written: set[str]) -> None:
        """Remove the files of batches that have no rows any more: of some, or of all."""
        stay = {file_name(batch) for batch in written}
        looked_at = None if batches is None else {file_name(batch) for batch in batches}
        for path in self.files.glob("*.parquet"):
            if path.name not in stay and (looked_at is None or path.name in looked_at):
                path.unlink()


def file_name(batch: str) -> str:
    """Return the name of the file of a batch.

    >>> file_name("2026-11-20"), file_name("a/b")
    ('2026-11-20.parquet', 'a%2Fb.parquet')
    """
    name = quote(batch, safe="")
    if len(name) > _LONGEST:
        name = hashlib.sha256(batch.encode()).hexdigest()
    return f"{name}.parquet"


def filter_of(batch: str, of: TableInput) -> RowFilter | None:
    """Return what a database may be asked for to get the rows of a batch, perhaps with some others.

    Args:
        batch: its name.
        of: the table.

    Returns:
        A filter on the column of the batches; None where its values do not compare as the batch does.
    """
    return filters_of([batch], of)[batch]


def filters_of(batches: Sequence[str], of: TableInput) -> dict[str, RowFilter | None]:
    """Return the filter of each batch, as `filter_of`; texts are looked through once for all of them."""
    rule = of.rule
    if rule.column is None:
        return dict.fromkeys(batches)
    kind = of.table.schema().field(rule.column).type
    if rule.by in PERIODS:
        return {batch: _period(batch, rule, kind) for batch in batches}
    if not (is_text(kind) or kinds.is_string_view(kind)):
        return dict.fromkeys(batches)
    spellings = _spellings({*batches} - {UNKNOWN}, of)
    filters = {
        batch: RowFilter(rule.column, among=tuple(texts) or (batch,))
        for batch, texts in spellings.items()
    }
    return {batch: filters.get(batch) for batch in batches}  # no list of values holds a null


def _spellings(batches: Iterable[str], of: TableInput) -> dict[str, list[str]]:
    """Return the values that fall into each batch: a text may be spelled in several ways."""
    spellings: dict[str, dict[str, None]] = {batch: {} for batch in batches}
    for rows in of.table.rows([str(of.rule.column)], None, []):
        member = membership(rows, of.rule, None)
        for code, batch in enumerate(member.names):
            if batch in spellings:
                chosen = np.flatnonzero(member.codes == code)
                values = rows.column(0).take(int_array(chosen)).unique().to_pylist()
                spellings[batch] |= dict.fromkeys(values)
    return {batch: list(texts) for batch, texts in spellings.items()}


def _period(batch: str, rule: BatchRule, kind: pa.DataType) -> RowFilter | None:
    period = named(batch)
    if period is None or period.kind != rule.by:
        return None
    ends = period.start, period.end
    zone = ZoneInfo(rule.timezone)
    aware = [end.replace(tzinfo=zone).astimezone(UTC) for end in ends]
    if rule.unit and kinds.is_integer(kind):
        low, high = (micros_of(end) * UNITS[rule.unit] // 1_000_000 for end in aware)
        return RowFilter(str(rule.column), low, high)
    if not (kinds.is_timestamp(kind) or kinds.is_date(kind)):
        return None
    first, last = aware if getattr(kind, "tz", None) is not None else ends
    return RowFilter(str(rule.column), first, last)
