"""The fused stage: read, validate, map, predict and write one fragment.

`score_fragment` is pure but for its one read and its writes, and gives the same
bytes on every engine. Nothing but a summary leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Hashes, Int64s, coded_texts, dictionary_codes, float_array
from pipelines.errors import InputUnreadable, RecheckError, SchemaMismatch
from pipelines.identity.ids import prediction_ids
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import Digest, identified
from pipelines.input import typed_rows as raw
from pipelines.input.batch_rows import BatchRows, batches_of
from pipelines.input.cohorts import cohort_maps, cohorts_of
from pipelines.input.faults import Faults
from pipelines.input.fragments import Split
from pipelines.job.job_file import Job
from pipelines.scoring.parts import BadRow, FragmentResult
from pipelines.scoring.scorers import Predictions, Scorer
from pipelines.tables.delta import Table
from pipelines.tables.table_files import WrittenFile


@dataclass(frozen=True, slots=True)
class Target:
    """Where predictions go, and for which batches."""

    table: Table
    batches: Mapping[str, str]  # batch -> attempt, which names its files
    digests: Mapping[str, str]  # file name -> digest of the file
    excluded: Mapping[tuple[str, int], str] = field(
        default_factory=dict
    )  # (file name, row) -> reason


def score_fragment(
    job: Job, scorer: Scorer, split: Split, target: Target
) -> Iterator[FragmentResult]:
    """Score every fragment of a split, and write one file per fragment and batch.

    A batch's rows of a fragment are mapped and predicted in one call of their
    own, so that no result depends on which other batches were asked for.
    """
    slices = batches_of(
        job, split, raw.projection(job), batches=target.batches, digests=target.digests
    )
    for own in slices:
        if not split.source.is_csv:
            raw.require_types(own.rows.schema, job)
        yield _Stage(job, split, target, own).score(scorer)


@dataclass(frozen=True, slots=True)
class _Stage:
    """The rows of one fragment that belong to one batch, on their way to the table."""

    job: Job
    split: Split
    target: Target
    own: BatchRows

    def score(self, scorer: Scorer) -> FragmentResult:
        """Predict and write."""
        own, source, job = self.own, self.split.source, self.job
        rows, keys, faults = own.rows, own.keys, own.faults
        is_cut = self._mark_excluded(faults)
        predicted = scorer.predict(rows, faults)
        ids = prediction_ids(job.sampling.seed, job.name, own.batch, keys)
        contents = raw.contents_of(rows, job)
        good = faults.others(rows.num_rows)
        codes, versions = dictionary_codes(predicted.versions)
        return FragmentResult(
            batch=own.batch,
            source=source.name,
            source_number=source.number,
            row_group=self.split.row_group,
            digest=Digest().add(identified(contents, ids)),
            bad=self._bad_rows(faults, keys),
            ids=ids[good],
            contents=contents[good],
            positions=own.positions[good],
            versions=tuple(versions[code] for code in np.unique(codes[good])),
            file=self._write(self._columns(keys, ids, predicted), good, is_cut=is_cut),
        )

    @property
    def _first(self) -> int:
        return int(self.own.positions[0])

    def _mark_excluded(self, faults: Faults) -> bool:
        """Mark rows that a first pass told to leave out; return whether there are any."""
        if not self.target.excluded:
            return False
        name, excluded = self.split.source.name, self.target.excluded
        places = [i for i, row in enumerate(self.own.positions.tolist()) if (name, row) in excluded]
        for place in places:
            faults.mark([place], excluded[name, int(self.own.positions[place])], "")
        return bool(places)

    def _bad_rows(self, faults: Faults, keys: pa.Array) -> tuple[BadRow, ...]:
        found = []
        for row, (reason, column) in sorted(faults.reasons.items()):
            key = None if row in faults.keyless else keys[row].as_py()
            place = int(self.own.positions[row])
            found.append(BadRow(key, reason, column or None, self.split.source.name, place))
        return tuple(found)

    def _columns(self, keys: pa.Array, ids: Hashes, predicted: Predictions) -> pa.RecordBatch:
        n = self.own.rows.num_rows
        nothing = float_array(np.zeros(n), np.ones(n, np.bool_))
        columns = {
            "prediction_id": hex_text(ids),
            "key": keys,
            "model": coded_texts(np.zeros(n), [self.job.model_name]),
            "version": predicted.versions,
            "label": predicted.labels,
            "value": nothing if predicted.values is None else predicted.values,
            "score": nothing if predicted.scores is None else predicted.scores,
            "cohorts": cohort_maps(cohorts_of(self.own.rows, self.job.cohorts), n),
        }
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def _write(
        self, columns: pa.RecordBatch, good: slice | Int64s, *, is_cut: bool
    ) -> WrittenFile | None:
        """Write the good rows; a name always means the same content, so the rest has another."""
        kept = columns if isinstance(good, slice) else raw.take(columns, good)
        if not kept.num_rows:
            return None
        folder = self.target.table.folder({"job": self.job.name, "batch": self.own.batch})
        place = f"{self.split.source.place:05d}-{self.split.row_group:05d}-{self._first:012d}"
        name = f"{self.target.batches[self.own.batch]}-{place}{'-rest' if is_cut else ''}"
        return self.target.table.write_file(f"{folder}{name}.parquet", kept)


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

    def parts(self, split: Split) -> tuple[FragmentResult, ...]:
        """Score a split.

        Raises:
            InputUnreadable, SchemaMismatch: its file cannot be used.
        """
        return tuple(score_fragment(self.job, self.scorer, split, self.target))

    def outcome(self, split: Split) -> Outcome:
        """Score a split; what is wrong with its file is part of the outcome, so that others go on."""
        try:
            return Outcome(split, self.parts(split), None)
        except (InputUnreadable, SchemaMismatch) as error:
            return Outcome(split, (), error)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a split."""

    split: Split
    parts: tuple[FragmentResult, ...]
    error: RecheckError | None
