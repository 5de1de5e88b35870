"""The fused stage: read, validate, map, predict and write one fragment.

It is pure but for its one read and its writes, and gives the same bytes on
every engine. Nothing but a summary leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Int64s, coded_texts, dictionary_codes, float_array, floats
from pipelines.errors import (
    FunctionFailed,
    InputUnreadable,
    JobInvalid,
    RecheckError,
    SchemaMismatch,
)
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import Digest, identified
from pipelines.input.batch_rows import BatchRows, batches_of
from pipelines.input.cohorts import cohort_maps, cohorts_of
from pipelines.input.faults import Faults
from pipelines.input.fragments import Split
from pipelines.input.projections import projection
from pipelines.input.typed_rows import contents_of, require_numbers, take, take_column
from pipelines.job.rules import ReadingRules
from pipelines.scoring import batch_results
from pipelines.scoring.batch_results import BatchResults
from pipelines.scoring.file_names import Origin, predictions_name
from pipelines.scoring.forgotten_rows import FORGOTTEN, ForgottenRows
from pipelines.scoring.fragment_results import BadRow, FragmentResult
from pipelines.scoring.predicted_classes import PredictedClasses
from pipelines.scoring.scorers import Predictions, Scorer
from pipelines.tables.table import Table
from pipelines.tables.table_files import WrittenFile


@dataclass(frozen=True)
class Work:
    """Everything that a worker needs; it travels by pickle, so it holds descriptions, not objects."""

    rules: ReadingRules
    open_scorer: Callable[[], Scorer]
    table: Table  # where predictions go
    attempts: Mapping[str, str]  # attempt of each batch to score, which names its files
    file_digests: Mapping[str, str]  # SHA-256 of each input file, by its name
    excluded: Mapping[tuple[str, int], str] = field(
        default_factory=dict
    )  # (input file, row) -> why it is left out
    most_bad: Mapping[str, int] = field(
        default_factory=dict
    )  # of each batch; with more, it is refused
    forgotten: ForgottenRows = field(default_factory=ForgottenRows)
    most_kept: int | None = field(default_factory=lambda: batch_results.MOST_KEPT)  # None: all

    @cached_property
    def scorer(self) -> Scorer:
        """The scorer, opened once per process and copy of the work."""
        return self.open_scorer()

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "scorer"}

    def results(self, split: Split) -> Iterator[FragmentResult]:
        """Score a split, and write one file per fragment and batch.

        A batch's rows of a fragment are mapped and predicted in one call of their
        own, so that no result depends on which other batches were asked for.

        Raises:
            InputUnreadable, SchemaMismatch: its file cannot be used.
            JobInvalid: the user's function fails.
        """
        for rows in self._read(split, {*self.attempts}):
            yield self._scored(split, rows)

    def outcome(self, split: Split) -> Outcome:
        """Score a split; a fault of its file or of one batch is part of it, so that others go on.

        Of a batch that is surely refused, no more is scored than was needed to know it.
        """
        held: dict[str, BatchResults] = {}
        refused: dict[str, RecheckError] = {}
        wanted = {*self.attempts}
        try:
            for rows in self._read(split, wanted):
                try:
                    result = self._scored(split, rows)
                except (SchemaMismatch, JobInvalid) as error:
                    refused.setdefault(rows.batch, error.of_file(split.source.name))
                    continue
                limit = self.most_bad.get(rows.batch)
                batch = held.setdefault(rows.batch, BatchResults(limit, self.most_kept))
                batch.add(result)
                if batch.is_refused:
                    wanted.discard(rows.batch)
        except (InputUnreadable, SchemaMismatch) as error:
            return Outcome(split, (), error.of_file(split.source.name))
        results = tuple(result for batch in held.values() for result in batch.results)
        return Outcome(split, results, None, refused)

    def _read(self, split: Split, wanted: set[str]) -> Iterator[BatchRows]:
        """Yield the rows of the batches that are wanted, until none is."""
        columns, digests = projection(self.rules), self.file_digests
        for rows in batches_of(self.rules, split, columns, batches=wanted, digests=digests):
            if not split.source.is_untyped:
                require_numbers(rows.rows.schema, self.rules.number_columns)
            yield rows
            if not wanted:
                return

    def _scored(self, split: Split, rows: BatchRows) -> FragmentResult:
        try:
            return score_fragment(self, split, rows)
        except FunctionFailed as error:
            place = f"batch {rows.batch}, {split.source.name}"
            raise error.at(place, rows.positions.tolist()) from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of a split, or the error that kept it from being scored."""

    split: Split
    results: tuple[FragmentResult, ...]
    error: RecheckError | None  # of its file
    refused: Mapping[str, RecheckError] = field(default_factory=dict)  # of one batch, by its name


def score_fragment(work: Work, split: Split, rows: BatchRows) -> FragmentResult:
    """Predict and write the rows of one fragment that belong to one batch.

    Args:
        work: how and where to.
        split: what the rows were read from.
        rows: one fragment and batch (n); its faults take the rows that cannot be scored.

    Returns:
        The summary; its `ids`, `contents` and `positions` are of the predictions.
    """
    is_cut = _mark_excluded(work, split, rows)
    predicted = work.scorer.predict(rows.rows, rows.faults)
    contents = contents_of(rows.rows, work.rules.key_columns)
    good = rows.faults.others(rows.rows.num_rows)
    codes, versions = dictionary_codes(predicted.versions)
    return FragmentResult(
        batch=rows.batch,
        source=split.source.name,
        source_number=split.source.number,
        row_group=split.row_group,
        digest=Digest().add(identified(contents, rows.ids)),
        bad=_bad_rows(split.source.name, rows),
        ids=rows.ids[good],
        contents=contents[good],
        positions=rows.positions[good],
        versions=tuple(versions[code] for code in np.unique(codes[good])),
        file=_written(work, split, rows, _columns(work.rules, rows, predicted), is_cut=is_cut),
        unknown=predicted.unknown,
        classes=_classes(work.rules, predicted, good),
    )


def _classes(rules: ReadingRules, predicted: Predictions, good: slice | Int64s) -> PredictedClasses:
    """Count the predicted classes of the rows without faults; nothing of numbers."""
    if rules.task == "regression":
        return PredictedClasses()
    scores = None if predicted.scores is None else floats(predicted.scores)[good]
    labels = predicted.labels if isinstance(good, slice) else take_column(predicted.labels, good)
    return PredictedClasses.of(labels, scores, rules.target.answers, predicted.mapped)


def _mark_excluded(work: Work, split: Split, rows: BatchRows) -> bool:
    """Mark the rows that are to be left out; return whether there are any."""
    forgotten = work.forgotten.among(rows.ids)
    rows.faults.mark(forgotten, FORGOTTEN, "")
    rows.faults.keyless.update(forgotten)
    if not work.excluded:
        return bool(forgotten)
    places = [(split.source.name, position) for position in rows.positions.tolist()]
    excluded = [row for row, place in enumerate(places) if place in work.excluded]
    for row in excluded:
        rows.faults.mark([row], work.excluded[places[row]], "")
    return bool(excluded or forgotten)


def _bad_rows(source: str, rows: BatchRows) -> tuple[BadRow, ...]:
    faults: Faults = rows.faults
    bad = []
    for row, (reason, column) in sorted(faults.reasons.items()):
        key = None if row in faults.keyless else rows.keys[row].as_py()
        bad.append(BadRow(key, reason, column or None, source, int(rows.positions[row])))
    return tuple(bad)


def _columns(rules: ReadingRules, rows: BatchRows, predicted: Predictions) -> pa.RecordBatch:
    """Make the columns of `predictions` for all rows, those with faults included: (n)."""
    n = rows.rows.num_rows
    nothing = float_array(np.zeros(n), np.ones(n, np.bool_))
    columns = {
        "prediction_id": hex_text(rows.ids),
        "key": rows.keys,
        "model": coded_texts(np.zeros(n), [rules.identity.model]),
        "version": predicted.versions,
        "label": predicted.labels,
        "value": nothing if predicted.values is None else predicted.values,
        "score": nothing if predicted.scores is None else predicted.scores,
        "cohorts": cohort_maps(cohorts_of(rows.rows, rules.cohorts), n),
    }
    if predicted.class_scores is not None:  # else the files stay what earlier releases wrote
        columns["class_score"] = predicted.class_scores
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _written(
    work: Work, split: Split, rows: BatchRows, columns: pa.RecordBatch, *, is_cut: bool
) -> WrittenFile | None:
    """Write the rows without faults; None where there are none."""
    good: slice | Int64s = rows.faults.others(rows.rows.num_rows)
    kept = columns if isinstance(good, slice) else take(columns, good)
    if not kept.num_rows:
        return None
    folder = work.table.folder({"job": work.rules.identity.job, "batch": rows.batch})
    origin = Origin(split.source.number_in_batch, split.row_group, int(rows.positions[0]))
    name = predictions_name(work.attempts[rows.batch], origin, is_cut=is_cut)
    return work.table.write_file(f"{folder}{name}", kept)
