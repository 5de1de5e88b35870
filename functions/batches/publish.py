"""Publication of a scored batch: quarantine first, then the run, then predictions by one commit.

The commit makes the batch visible. Rows of the other tables that belong to an
attempt without a commit do not count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from functions.batches import attempts as ledger
from functions.batches.attempts import rules
from functions.batches.discovery import Input
from functions.runs import Cost, Run
from infra.store import Store
from pipelines.errors import BatchRefused, ConcurrentRun, RecheckError
from pipelines.formats.file_rules import CURRENT
from pipelines.identity.keyed_hash import subkey
from pipelines.identity.row_digests import Digest
from pipelines.input.batches import UNKNOWN
from pipelines.job.job_file import Job
from pipelines.scoring.file_names import empty_name
from pipelines.scoring.fragment_results import BadRow, FragmentResult
from pipelines.tables.schemas import PREDICTIONS, QUARANTINE, table_of
from pipelines.tables.table_files import WrittenFile

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
    status: str  # published | already | changed | replaced | open | due | empty | failed
    error: RecheckError | None = None  # of a batch that failed


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt at publishing a batch: its id is in file names, its number in the commit."""

    id: str
    number: int
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
    record: Callable[[Run], None]  # commits a row of `runs`
    attempts: dict[str, OpenAttempt] = field(default_factory=dict)
    began: Cost = field(default_factory=Cost.now)

    def attempt(self, batch: str) -> str:
        """Begin an attempt, named after its input, the model and the number of earlier publications."""
        files = self.inputs.files_of(batch)
        number = self.store.table("predictions").transaction(self._app_id(batch)) + 1
        origin = [self.job.name, batch, self.version, self.job.digest(), str(number)]
        name = subkey("attempt", *origin, json.dumps(files, sort_keys=True)).hex()
        tags, size = self.inputs.tags_of(batch), self.inputs.bytes_of([batch])
        self.attempts[batch] = OpenAttempt(name, number, files, tags, size)
        return name

    def _app_id(self, batch: str) -> str:
        """Return the id of the transaction, one per batch: two models must not publish side by side."""
        return f"score/{self.job.name}/{batch}"

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
        bad = [row for result in results for row in result.bad]
        rows_in = sum(result.rows_in for result in results)
        if not rows_in:
            return self._empty(batch)
        self._refuse(batch, rows_in, bad)
        version = _one_version(batch, results) or self.version
        status = "replaced" if self._is_live(batch) else "published"
        scored = BatchResult(batch, rows_in, rows_in - len(bad), len(bad), status)
        self._quarantine(batch, bad)
        self._record(scored, version, results)
        return self._commit(scored, [result.file for result in results if result.file])

    def _is_live(self, batch: str) -> bool:
        partition = {"job": self.job.name, "batch": batch}
        return bool(self.store.table("predictions").files(partition))

    def _empty(self, batch: str) -> BatchResult:
        """Return the state of a batch whose files are there and hold no row: nothing is published."""
        if self._is_live(batch):
            raise BatchRefused(
                f"batch {batch} is published, and its files hold no row now",
                fix="bring the rows back; what is published stays",
            )
        return BatchResult(batch, 0, 0, 0, "empty")

    def _refuse(self, batch: str, rows_in: int, bad: Sequence[BadRow]) -> None:
        """Refuse a batch with too many bad rows; rows of no batch count among all rows of their files."""
        allowed = self.job.data.max_quarantined
        among = max(rows_in, self.inputs.rows_beside(batch)) if batch == UNKNOWN else rows_in
        if len(bad) > allowed * among:
            raise _too_many_bad(batch, among, bad, allowed)

    def _quarantine(self, batch: str, bad: Sequence[BadRow]) -> None:
        if not bad:
            return
        common = {"job": self.job.name, "batch": batch, "attempt": self.attempts[batch].id}
        names = ("key", "reason", "column", "source", "row")
        rows = [{**common, **{name: getattr(row, name) for name in names}} for row in bad]
        self.store.table("quarantine").append(table_of(QUARANTINE, rows))

    def _record(self, scored: BatchResult, version: str, results: Sequence[FragmentResult]) -> None:
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
            },
            outputs={
                "rows_in": scored.rows_in,
                "predictions": scored.predictions,
                "quarantined": scored.quarantined,
                "bad": [[reason, column, count] for (reason, column), count in bad.items()],
            },
            rows=scored.rows_in,
            bytes=attempt.size,
        )
        run.spent(Cost.now().since(self.began))
        self.record(run)

    def _commit(self, scored: BatchResult, files: list[WrittenFile]) -> BatchResult:
        table, batch = self.store.table("predictions"), scored.batch
        attempt, partition = self.attempts[batch], {"job": self.job.name, "batch": batch}
        if not files:  # so that a batch without one good row is known to be done
            names = [name for name in PREDICTIONS.names if name not in partition]
            empty = table_of(PREDICTIONS, []).select(names)
            name = table.folder(partition) + empty_name(attempt.id)
            files = [table.write_file(name, empty)]
        note = {
            "attempt": attempt.id,
            "rows_in": str(scored.rows_in),
            "quarantined": str(scored.quarantined),
        }
        try:
            transaction = (self._app_id(batch), attempt.number)
            table.replace(partition, files, transaction=transaction, note=note)
        except ConcurrentRun:
            if ledger.published(self.store.tables(self.job.name)).get(batch) != attempt.id:
                raise
            return replace(scored, status="already")  # the other run published the very same
        return scored


def _too_many_bad(batch: str, rows_in: int, bad: Sequence[BadRow], allowed: float) -> BatchRefused:
    reasons = Counter(row.reason for row in bad).most_common(3)
    first = bad[0]
    where = f"{first.source}, row {first.row}"
    where += f", column {first.column!r}" if first.column else ""
    return BatchRefused(
        f"batch {batch}: {len(bad)} of {rows_in} rows are bad "
        f"({', '.join(f'{count} {reason}' for reason, count in reasons)}; the first: {where}), "
        f"more than data.max_quarantined = {allowed:g}",
        fix=f"{_hint(reasons[0][0], first)}"
        "mend the data, or raise data.max_quarantined; nothing of the batch was published",
    )


def _hint(reason: str, first: BadRow) -> str:
    """Return the way out of the most frequent fault, if it has one of its own."""
    is_typed = first.source.lower().endswith((".parquet", ".pq"))
    return _HINTS.get(reason) or ("" if is_typed else _TEXT_HINTS.get(reason, ""))


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
