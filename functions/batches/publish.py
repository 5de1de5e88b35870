"""Publication of a scored batch: quarantine first, then the run, then predictions by one commit.

The commit makes the batch visible. Rows of the other tables that belong to an
attempt without a commit do not count. All three happen while nobody else may
commit: no fact that is known later can be older than a batch that others see.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from functions.batches import attempts as ledger
from functions.batches.attempts import rules, transaction_id
from functions.batches.discovery import Input
from functions.batches.unforgotten import live_names, require_unforgotten
from functions.runs import Cost, Run
from infra.store import Store
from pipelines.errors import BatchRefused, ConcurrentRun, RecheckError
from pipelines.formats.file_rules import CURRENT
from pipelines.identity.keyed_hash import subkey
from pipelines.identity.row_digests import Digest
from pipelines.input.batches import UNKNOWN
from pipelines.job.job_file import Job
from pipelines.scoring.file_names import attempt_of, empty_name
from pipelines.scoring.fragment_results import BadRow, FragmentResult
from pipelines.tables.schemas import PREDICTIONS, QUARANTINE, table_of
from pipelines.tables.table_files import WrittenFile

MOST_QUARANTINED = 2_000_000  # rows of one batch: about a gigabyte until they are written
_HINTS = {
    "duplicate_key": "add a column to data.key, if a key names one row only together with it; or ",
    "duplicate_row": "take one copy of the rows away, which were delivered twice; or ",
}
_TEXT_HINTS = {  # of files without types
    "invalid_utf8": "set data.encoding, if the file is not UTF-8; or ",
    "not_a_number": 'set data.decimal = ",", if its numbers have a decimal comma; or ',
}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The state of a batch after scoring, with its counts of rows."""

    batch: str
    rows_in: int
    predictions: int
    quarantined: int
    # published | already | changed | replaced | open | due | empty | failed, and those of `nightly`
    status: str
    error: RecheckError | None = None  # of a batch that failed


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt at publishing a batch: its id is in file names, its number in the commit."""

    id: str
    number: int
    replaces: str | None  # the attempt that is live so far
    live: frozenset[str]  # the files that it has, with those of its quarantine
    files: dict[str, str]  # name of each input file -> its digest
    tags: dict[str, str]  # name of each input file -> its size and time of change
    size: int  # of these files, in bytes


@dataclass
class Publisher:
    """Publishes the batches of one run."""

    job: Job
    store: Store
    version: str  # of the model
    inputs: Input
    committing: Callable[[], AbstractContextManager[datetime]]  # holds the right to commit
    record: Callable[[Run, datetime], None]  # commits a row of `runs`, known at that time
    attempts: dict[str, OpenAttempt] = field(default_factory=dict)
    began: Cost = field(default_factory=Cost.now)

    def attempt(self, batch: str) -> str:
        """Begin an attempt, named after its input, the model and the number of earlier publications."""
        files = self.inputs.files_of(batch)
        table = self.store.table("predictions")
        number = table.transaction(transaction_id(self.job.name, batch)) + 1
        live = [attempt_of(file.name) for file in table.files(self._partition(batch))]
        origin = [self.job.name, batch, self.version, self.job.digest(), str(number)]
        name = subkey("attempt", *origin, json.dumps(files, sort_keys=True)).hex()
        tags, size = self.inputs.tags_of(batch), self.inputs.bytes_of([batch])
        replaces = live[0] if live else None
        names = live_names(self.store, self._partition(batch)) if live else frozenset()
        self.attempts[batch] = OpenAttempt(name, number, replaces, names, files, tags, size)
        return name

    def _partition(self, batch: str) -> dict[str, str]:
        return {"job": self.job.name, "batch": batch}

    def publish(self, batch: str, results: Sequence[FragmentResult]) -> BatchResult:
        """Publish the results of a batch.

        Args:
            batch: its name; an attempt at it must have begun.
            results: of all fragments of the batch, without duplicates.

        Returns:
            The state of the batch, with its counts.

        Raises:
            BatchRefused: too many rows are bad, or they are of several versions, or
                there are none where some are published.
            ConcurrentRun: another run published something else meanwhile.
            StoreUnavailable: the store is full, read-only or not there.
        """
        rows_in = sum(result.rows_in for result in results)
        if not rows_in:
            return self._empty(batch)
        self._refuse(batch, rows_in, results)
        bad = [row for result in results for row in result.bad]
        version = _one_version(batch, results) or self.version
        status = "replaced" if self._is_live(batch) else "published"
        scored = BatchResult(batch, rows_in, rows_in - len(bad), len(bad), status)
        attempt = self.attempts[batch]
        with self.committing() as moment:
            if self._is_published(batch):
                return replace(scored, status="already")
            if attempt.replaces:
                require_unforgotten(self.store, self._partition(batch), attempt.live)
            files = [result.file for result in results if result.file] or [self._no_rows(batch)]
            digests = {"predictions": _digests(files), "quarantine": self._quarantine(batch, bad)}
            run = self._run(scored, version, results)
            self.record(replace(run, files=digests), moment)
            self._commit(scored, files)
        return scored

    def _is_live(self, batch: str) -> bool:
        return bool(self.store.table("predictions").files(self._partition(batch)))

    def _is_published(self, batch: str) -> bool:
        """Tell whether another run published the very same since this attempt began.

        Raises:
            ConcurrentRun: it published something else.
        """
        attempt, table = self.attempts[batch], self.store.table("predictions")
        table.refresh()
        if table.transaction(transaction_id(self.job.name, batch)) == attempt.number - 1:
            return False
        if ledger.published(self.store.tables(self.job.name)).get(batch) == attempt.id:
            return True
        raise ConcurrentRun(
            f"{table.address}: another run published batch {batch!r} first",
            fix="run the same command again; it is safe to repeat",
        )

    def _empty(self, batch: str) -> BatchResult:
        """Return the state of a batch whose files are there and hold no row: nothing is published."""
        if self._is_live(batch):
            raise BatchRefused(
                f"batch {batch} is published, and its files hold no row now",
                fix="bring the rows back; what is published stays",
            )
        return BatchResult(batch, 0, 0, 0, "empty")

    def _refuse(self, batch: str, rows_in: int, results: Sequence[FragmentResult]) -> None:
        """Refuse a batch with too many bad rows; rows of no batch count among all rows of their files."""
        among = max(rows_in, self.inputs.rows_beside(batch)) if batch == UNKNOWN else rows_in
        bad = sum(result.bad_count for result in results)
        if bad > most_bad(self.job, among):
            raise _too_many_bad(batch, among, results, self.job.data.max_quarantined)

    def _no_rows(self, batch: str) -> WrittenFile:
        """Write a file without rows, so that a batch without one good row is known to be done."""
        table, partition = self.store.table("predictions"), self._partition(batch)
        names = [name for name in PREDICTIONS.names if name not in partition]
        name = table.folder(partition) + empty_name(self.attempts[batch].id)
        return table.write_file(name, table_of(PREDICTIONS, []).select(names))

    def _quarantine(self, batch: str, bad: Sequence[BadRow]) -> dict[str, str]:
        """Store the rows that could not be scored; return the digests of their files."""
        if not bad:
            return {}
        common = {"job": self.job.name, "batch": batch, "attempt": self.attempts[batch].id}
        names = ("key", "reason", "column", "source", "row")
        rows = [{**common, **{name: getattr(row, name) for name in names}} for row in bad]
        return _digests(self.store.table("quarantine").append(table_of(QUARANTINE, rows)))

    def _run(self, scored: BatchResult, version: str, results: Sequence[FragmentResult]) -> Run:
        attempt = self.attempts[scored.batch]
        bad = Counter((row.reason, row.column) for result in results for row in result.bad)
        run = Run(
            "score",
            scored.batch,
            run_id=attempt.id,
            inputs={
                "version": version,
                "digest": _merged(result.digest for result in results).text,
                "files": attempt.files,
                "tags": attempt.tags,
                "reading": CURRENT,
                "rules": rules(self.job),
                "number": attempt.number,
                "replaces": attempt.replaces,
                "table": self.store.table("predictions").make(),
            },
            outputs={
                "rows_in": scored.rows_in,
                "predictions": scored.predictions,
                "quarantined": scored.quarantined,
                "bad": [[reason, column, count] for (reason, column), count in bad.items()],
                **_mapped(results),
            },
            rows=scored.rows_in,
            bytes=attempt.size,
        )
        run.spent(Cost.now().since(self.began))
        return run

    def _commit(self, scored: BatchResult, files: Sequence[WrittenFile]) -> None:
        attempt = self.attempts[scored.batch]
        note = {
            "attempt": attempt.id,
            "rows_in": str(scored.rows_in),
            "quarantined": str(scored.quarantined),
        }
        transaction = (transaction_id(self.job.name, scored.batch), attempt.number)
        partition = self._partition(scored.batch)
        self.store.table("predictions").replace(
            partition, files, transaction=transaction, note=note
        )


def _digests(files: Iterable[WrittenFile]) -> dict[str, str]:
    return {file.name: file.digest for file in files if file.digest}


def most_bad(job: Job, rows: int) -> int:
    """Return how many of so many rows may be bad: what is published, and kept in `quarantine`."""
    return min(math.floor(job.data.max_quarantined * rows), MOST_QUARANTINED)


def _too_many_bad(
    batch: str, rows_in: int, results: Sequence[FragmentResult], allowed: float
) -> BatchRefused:
    bad = Counter(row.reason for result in results for row in result.bad)
    for result in results:
        bad.update({reason: count for (reason, _), count in result.more_bad.items()})
    reasons, total = bad.most_common(3), bad.total()
    first = next(row for result in results for row in result.bad)
    where = f"{first.source}, row {first.row}"
    where += f", column {first.column!r}" if first.column else ""
    is_cut = any(result.more_bad for result in results)
    limit = f"data.max_quarantined = {allowed:g}"
    if total <= allowed * rows_in:
        limit = f"the {MOST_QUARANTINED} that `quarantine` takes of one batch"
    return BatchRefused(
        f"batch {batch}: {'at least ' if is_cut else ''}{total} of {rows_in} rows are bad "
        f"({', '.join(f'{count} {reason}' for reason, count in reasons)}; the first: {where}), "
        f"more than {limit}",
        fix=f"{_hint(reasons[0][0], first)}"
        "mend the data, or raise data.max_quarantined; nothing of the batch was published",
    )


def _hint(reason: str, first: BadRow) -> str:
    """Return the way out of the most frequent fault, if it has one of its own."""
    is_typed = first.source.lower().endswith((".parquet", ".pq"))
    return _HINTS.get(reason) or ("" if is_typed else _TEXT_HINTS.get(reason, ""))


def _mapped(results: Iterable[FragmentResult]) -> dict[str, dict[str, int]]:
    """Count the rows that `predictions.map` read as a class, by class; nothing where it read none."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.classes.mapped)
    return {"mapped": dict(counts)} if counts else {}


def _merged(digests: Iterable[Digest]) -> Digest:
    whole = Digest()
    for one in digests:
        whole = whole.merge(one)
    return whole


def _one_version(batch: str, results: Sequence[FragmentResult]) -> str | None:
    versions = sorted({version for result in results for version in result.versions})
    if len(versions) > 1:
        raise BatchRefused(
            f"batch {batch} holds predictions of {len(versions)} versions: {', '.join(versions[:5])}",
            fix='make a batch per version (batches.by = "column"), or leave predictions.version out',
        )
    return versions[0] if versions else None
