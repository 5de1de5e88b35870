"""The fused stage: read, validate, map, predict and write one fragment.

`score_piece` is pure but for its one read and its writes, and gives the same
bytes on every engine. Nothing but a summary leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipelines import rows as raw
from pipelines.batches import membership
from pipelines.columns import coded_texts, dictionary_codes, float_array
from pipelines.delta import Table, WrittenFile
from pipelines.digests import Digest, identified
from pipelines.errors import InputUnreadable, RecheckError, SchemaMismatch
from pipelines.fragments import Piece, read_piece
from pipelines.hashing import Hashes, hex_text
from pipelines.identity import prediction_ids
from pipelines.jobs import Job
from pipelines.parts import BadRow, Part
from pipelines.rows import Faults
from pipelines.scorers import Predicted, Scorer


@dataclass(frozen=True, slots=True)
class Target:
    """Where predictions go, and for which batches."""

    table: Table
    batches: Mapping[str, str]  # batch -> attempt, which names its files
    digests: Mapping[str, str]  # file name -> digest of the file
    excluded: Mapping[tuple[str, int], str] = field(
        default_factory=dict
    )  # (file name, row) -> reason


def score_piece(job: Job, scorer: Scorer, piece: Piece, target: Target) -> Iterator[Part]:
    """Score every fragment of a piece, and write one file per fragment and batch.

    A batch's rows of a fragment are mapped and predicted in one call of their
    own, so that no result depends on which other batches were asked for.
    """
    for first, rows in read_piece(piece, raw.projection(job)):
        member = membership(rows, job, piece.source.batch)
        for code, batch in enumerate(member.names):
            if batch not in target.batches:
                continue
            chosen = np.flatnonzero(member.codes == code)
            if len(chosen):
                unknown = None if member.unknown is None else member.unknown[chosen]
                yield _score(
                    job,
                    scorer,
                    piece,
                    target,
                    batch,
                    raw.take(rows, chosen),
                    first + chosen,
                    unknown,
                )


def _score(
    job: Job,
    scorer: Scorer,
    piece: Piece,
    target: Target,
    batch: str,
    rows: pa.RecordBatch,
    positions: np.ndarray,
    unknown: np.ndarray | None,
) -> Part:
    faults, source = Faults(), piece.source.name
    if unknown is not None:
        faults.mark(unknown, "no_batch", str(job.data.time or job.batches.column))
    keys = raw.keys_of(rows, job, target.digests[source], int(positions[0]), faults)
    contents = raw.contents_of(rows, job)
    for place in _excluded(target.excluded, source, positions):
        faults.mark([place], target.excluded[source, int(positions[place])], "")
    predicted = scorer.predict(rows, faults)
    bad = _bad_rows(faults, keys, source, positions)
    ids = prediction_ids(job.sampling.seed, job.name, batch, keys)
    digest = Digest().add(identified(contents, ids))
    good = (
        np.setdiff1d(np.arange(rows.num_rows), np.fromiter(faults.reasons, np.int64))
        if bad
        else None
    )
    written = _write(job, rows, keys, ids, predicted, good, target, batch, piece, int(positions[0]))
    if good is not None:
        ids, kept, positions = ids[good], contents[good], positions[good]
    else:
        kept = contents
    versions = tuple(dictionary_codes(predicted.versions)[1])
    return Part(
        batch, source, piece.source.number, digest, bad, ids, kept, positions, versions, written
    )


def _excluded(
    excluded: Mapping[tuple[str, int], str], source: str, positions: np.ndarray
) -> list[int]:
    if not excluded:
        return []
    return [place for place, row in enumerate(positions.tolist()) if (source, row) in excluded]


def _bad_rows(
    faults: Faults, keys: pa.Array, source: str, positions: np.ndarray
) -> tuple[BadRow, ...]:
    found = []
    for row, (reason, column) in sorted(faults.reasons.items()):
        key = None if reason in ("null_key", "invalid_utf8") else keys[row].as_py()
        found.append(BadRow(key, reason, column or None, source, int(positions[row])))
    return tuple(found)


def _write(
    job: Job,
    rows: pa.RecordBatch,
    keys: pa.Array,
    ids: Hashes,
    predicted: Predicted,
    good: np.ndarray | None,
    target: Target,
    batch: str,
    piece: Piece,
    first: int,
) -> WrittenFile | None:
    if good is not None and len(good) == 0:
        return None
    n = rows.num_rows
    nothing = float_array(np.zeros(n), np.ones(n, np.bool_))
    columns = {
        "prediction_id": hex_text(ids),
        "key": keys,
        "model": coded_texts(np.zeros(n), [job.model_name]),
        "version": predicted.versions,
        "label": predicted.labels,
        "value": nothing if predicted.values is None else predicted.values,
        "score": nothing if predicted.scores is None else predicted.scores,
        "cohorts": raw.cohort_maps(raw.cohorts_of(rows, job.cohorts), n),
    }
    made = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    folder = target.table.folder({"job": job.name, "batch": batch})
    name = f"{target.batches[batch]}-{piece.source.number:05d}-{piece.row_group:05d}-{first:012d}.parquet"
    return target.table.write_file(folder + name, made if good is None else raw.take(made, good))


@dataclass(frozen=True)
class Work:
    """Everything that a worker needs; it travels by pickle, so it holds descriptions, not objects."""

    job: Job
    open_scorer: Callable[[], Scorer]
    target: Target

    @cached_property
    def scorer(self) -> Scorer:
        """Opened once per process and copy of the work."""
        return self.open_scorer()

    def __getstate__(self) -> dict[str, object]:
        return {"job": self.job, "open_scorer": self.open_scorer, "target": self.target}

    def parts(self, piece: Piece) -> tuple[Part, ...]:
        """Score a piece.

        Raises:
            InputUnreadable, SchemaMismatch: its file cannot be used.
        """
        return tuple(score_piece(self.job, self.scorer, piece, self.target))

    def outcome(self, piece: Piece) -> Outcome:
        """Score a piece; what is wrong with its file is part of the outcome, so that others go on."""
        try:
            return Outcome(piece, self.parts(piece), None)
        except (InputUnreadable, SchemaMismatch) as error:
            return Outcome(piece, (), error)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a piece."""

    piece: Piece
    parts: tuple[Part, ...]
    error: RecheckError | None
