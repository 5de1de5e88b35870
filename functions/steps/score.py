"""Score batches: find what is due, run an engine, publish each batch by one commit."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from functions import ledger
from functions.app import App
from functions.ledger import Attempt, Run
from functions.steps import engines, inputs, models
from functions.steps.inputs import Input
from pipelines.batches import UNKNOWN, period_end
from pipelines.delta import WrittenFile
from pipelines.digests import Digest
from pipelines.errors import (
    BatchOpen,
    BatchRefused,
    BatchUnknown,
    ConcurrentRun,
    RecheckError,
    StepMissing,
)
from pipelines.fragments import Piece
from pipelines.hashing import subkey
from pipelines.parts import BadRow, Part, duplicates
from pipelines.schemas import PREDICTIONS, QUARANTINE, table_of
from pipelines.scoring import Target, Work


@dataclass(frozen=True, slots=True)
class Options:
    """What `recheck score` was told."""

    batches: tuple[str, ...] = ()
    engine: str = "auto"
    replace: bool = False
    early: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of a batch."""

    batch: str
    rows_in: int
    predictions: int
    quarantined: int
    status: str  # published | already | changed | replaced | open | due


def score(app: App, options: Options) -> tuple[str, list[Scored]]:
    """Score the batches that are asked for, or all; return the model's version and each batch's state.

    Raises:
        RecheckError: a batch could not be scored; `done` on the error holds
            those that were: they stay published.
    """
    engines.check(options.engine)
    found = inputs.find(app, options.batches)
    model = models.live(app)
    states, due = _due(app, options, found)
    if options.dry_run:
        states |= {batch: Scored(batch, 0, 0, 0, "due") for batch in due}
    elif due:
        states |= _Scoring(app, options, found, due, model).run(states)
    return model.version, [states[batch] for batch in sorted(states)]


def _due(app: App, options: Options, found: Input) -> tuple[dict[str, Scored], list[str]]:
    """Which batches have a state already, and which are to be scored."""
    live = ledger.live(app.store, app.job.name)
    closed = [batch for batch in found.batches if options.early or not _is_open(app, batch)]
    if options.batches and len(closed) < len(found.batches):
        raise BatchOpen(
            f"the period of {sorted(set(found.batches) - set(closed))[0]} is not over, or has not settled",
            fix="wait, or pass --early to score what is there; score it with --replace when it is over",
        )
    states = {
        batch: Scored(batch, 0, 0, 0, "open") for batch in found.batches if batch not in closed
    }
    known = [batch for batch in closed if batch in live and not options.replace]
    unsure = [batch for batch in known if live[batch].files != found.files_of(batch)]
    digests = inputs.digests(app, found, unsure) if unsure else {}
    for batch in known:
        same = batch not in unsure or digests.get(batch, Digest()).text == live[batch].digest
        states[batch] = _state(live[batch], "already" if same else "changed")
    return states, [batch for batch in closed if batch not in known]


def _is_open(app: App, batch: str) -> bool:
    end = period_end(batch, app.job.batches)
    return end is not None and app.now() < end


def _state(attempt: Attempt, status: str) -> Scored:
    return Scored(attempt.batch, attempt.rows_in, attempt.predictions, attempt.quarantined, status)


@dataclass
class _Scoring:
    """One run of an engine over the batches that are due."""

    app: App
    options: Options
    input: Input
    due: Sequence[str]
    model: models.Live
    began: float = field(default_factory=time.perf_counter)

    def run(self, states: dict[str, Scored]) -> dict[str, Scored]:
        """Score and publish; a batch that fails does not keep others from being published."""
        pieces = self.input.pieces(self.due)
        work = self._work()
        engine = engines.choose(self.app, self.options.engine, self.input.bytes_of(self.due))
        done: dict[str, Scored] = {}
        errors: dict[str, RecheckError] = {}
        for batch, parts, error in self._finished(
            self.app.track(engines.run(self.app, engine, work, pieces), len(pieces), "Scoring"),
            pieces,
        ):
            try:
                if error:
                    raise error
                done[batch] = self._publish(work, batch, parts, pieces)
            except RecheckError as problem:
                errors[batch] = problem
        if errors:
            raise self._joined(errors, {**states, **done})
        return done

    def _work(self) -> Work:
        table = self.app.store.table("predictions")
        attempts = {}
        for batch in self.due:
            number = table.transaction(self._app_id(batch)) + 1
            files = json.dumps(self.input.files_of(batch), sort_keys=True)
            parts = [
                self.app.job.name,
                batch,
                self.model.version,
                self.app.job_hash,
                files,
                str(number),
            ]
            attempts[batch] = subkey("attempt", *parts).hex()
        digests = {
            name: digest
            for batch in self.due
            for name, digest in self.input.files_of(batch).items()
        }
        return Work(self.app.job, self.model.open_scorer, Target(table, attempts, digests))

    def _app_id(self, batch: str) -> str:
        return f"score/{self.app.job.name}/{self.app.job.model_name}/{batch}"

    def _finished(
        self, outcomes: Iterator[engines.Outcome], pieces: Sequence[Piece]
    ) -> Iterator[tuple[str, list[Part], RecheckError | None]]:
        """Each batch, as soon as the last of its pieces is done."""
        waiting = {batch: self.input.numbers(batch, pieces) for batch in self.due}
        parts: dict[str, list[Part]] = {batch: [] for batch in self.due}
        errors: dict[str, RecheckError] = {}
        for outcome in outcomes:
            for part in outcome.parts:
                parts[part.batch].append(part)
            for batch in [
                batch
                for batch, numbers in waiting.items()
                if inputs.number(outcome.piece) in numbers
            ]:
                waiting[batch].discard(inputs.number(outcome.piece))
                if outcome.error:
                    errors.setdefault(batch, outcome.error)
                if not waiting[batch]:
                    del waiting[batch]
                    yield batch, parts.pop(batch), errors.get(batch)
        for batch in waiting:  # no piece at all
            yield batch, [], None

    def _publish(
        self, work: Work, batch: str, parts: list[Part], pieces: Sequence[Piece]
    ) -> Scored:
        parts = _without_duplicates(work, parts, pieces)
        rows_in, bad = (
            sum(part.rows_in for part in parts),
            [row for part in parts for row in part.bad],
        )
        if not rows_in:
            raise BatchUnknown(
                f"no row belongs to batch {batch!r}",
                fix="`recheck status` lists the batches; check data.path and batches.by",
            )
        self._refuse(batch, rows_in, bad)
        version = _one_version(batch, parts) or self.model.version
        scored = Scored(
            batch,
            rows_in,
            rows_in - len(bad),
            len(bad),
            "replaced" if self._is_live(batch) else "published",
        )
        attempt = work.target.batches[batch]
        self._write_quarantine(batch, attempt, bad)
        self._record(attempt, scored, version, parts, bad)
        self._commit(batch, attempt, [part.file for part in parts if part.file], scored)
        return scored

    def _is_live(self, batch: str) -> bool:
        return bool(
            self.app.store.table("predictions").files({"job": self.app.job.name, "batch": batch})
        )

    def _refuse(self, batch: str, rows_in: int, bad: Sequence[BadRow]) -> None:
        allowed = self.app.job.data.max_quarantined
        if batch == UNKNOWN or len(bad) <= allowed * rows_in:
            return
        first = bad[0]
        reasons = ", ".join(
            f"{count} {reason}"
            for reason, count in Counter(row.reason for row in bad).most_common(3)
        )
        raise BatchRefused(
            f"batch {batch}: {len(bad)} of {rows_in} rows are bad ({reasons}; the first: {first.source}, row {first.row}"
            f"{', column ' + repr(first.column) if first.column else ''}), more than data.max_quarantined = {allowed:g}",
            fix="mend the data, or raise data.max_quarantined; nothing of the batch was published",
        )

    def _write_quarantine(self, batch: str, attempt: str, bad: Sequence[BadRow]) -> None:
        if not bad:
            return
        common = {"job": self.app.job.name, "batch": batch, "attempt": attempt}
        rows = [
            {
                **common,
                "key": row.key,
                "reason": row.reason,
                "column": row.column,
                "source": row.source,
                "row": row.row,
            }
            for row in bad
        ]
        self.app.store.table("quarantine").append(table_of(QUARANTINE, rows))

    def _record(
        self,
        attempt: str,
        scored: Scored,
        version: str,
        parts: Sequence[Part],
        bad: Sequence[BadRow],
    ) -> None:
        digest = Digest()
        for part in parts:
            digest = digest.merge(part.digest)
        given = {
            "version": version,
            "digest": digest.text,
            "files": self.input.files_of(scored.batch),
        }
        made = {
            "rows_in": scored.rows_in, "predictions": scored.predictions, "quarantined": scored.quarantined,
            "reasons": Counter(row.reason for row in bad),
        }  # fmt: skip
        run = Run(
            attempt,
            "score",
            scored.batch,
            given,
            made,
            scored.rows_in,
            time.perf_counter() - self.began,
            models.versions(),
        )
        app = self.app
        ledger.record(app.store, app.job.name, app.job_hash, app.settings.actor, app.now(), [run])

    def _commit(self, batch: str, attempt: str, files: list[WrittenFile], scored: Scored) -> None:
        table = self.app.store.table("predictions")
        partition = {"job": self.app.job.name, "batch": batch}
        if not files:  # so that a batch without one good row is known to be done
            names = [name for name in PREDICTIONS.names if name not in partition]
            empty = table_of(PREDICTIONS, []).select(names)
            files = [table.write_file(f"{table.folder(partition)}{attempt}-none.parquet", empty)]
        note = {
            "attempt": attempt,
            "rows_in": str(scored.rows_in),
            "quarantined": str(scored.quarantined),
        }
        try:
            number = table.transaction(self._app_id(batch)) + 1
            table.replace(partition, files, transaction=(self._app_id(batch), number), note=note)
        except ConcurrentRun:
            table.refresh()
            if ledger.published(self.app.store, self.app.job.name).get(batch) != attempt:
                raise

    def _joined(self, errors: dict[str, RecheckError], states: dict[str, Scored]) -> RecheckError:
        """The first error, with what went well and the names of all that failed."""
        first = errors[min(errors)]
        more = (
            f" (and {len(errors) - 1} more: {', '.join(sorted(errors)[1:6])})"
            if len(errors) > 1
            else ""
        )
        error = type(first)(first.problem + more, fix=first.fix)
        error.done = {"batches": [states[batch] for batch in sorted(states)]}
        return error


def _one_version(batch: str, parts: Sequence[Part]) -> str | None:
    versions = sorted({version for part in parts for version in part.versions})
    if len(versions) > 1:
        raise BatchRefused(
            f"batch {batch} holds predictions of {len(versions)} versions: {', '.join(versions[:5])}",
            fix='make a batch per version (batches.by = "column"), or leave predictions.version out',
        )
    return versions[0] if versions else None


def _without_duplicates(work: Work, parts: list[Part], pieces: Sequence[Piece]) -> list[Part]:
    """Score once more, without them, the pieces that hold rows of the same key."""
    left_out = duplicates(parts)
    if not left_out:
        return parts
    batch = parts[0].batch
    files = {source for source, _ in left_out}
    target = replace(work.target, batches={batch: work.target.batches[batch]}, excluded=left_out)
    again = replace(work, target=target)
    kept = [part for part in parts if part.source not in files]
    for piece in pieces:
        if piece.source.name in files:
            kept += again.parts(piece)
    return kept


def require_scored(live: Mapping[str, Attempt], batch: str) -> None:
    """Refuse a batch without predictions.

    Raises:
        StepMissing: it was not scored.
    """
    if batch not in live:
        raise StepMissing(
            f"batch {batch!r} has no predictions",
            fix=f"run `recheck score … --batch {batch}` first",
        )
