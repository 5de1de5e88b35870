"""The rows that a model is fitted on and measured with.

They are chosen by keyed hash, of the purpose `fit`, so that every engine and
every repeat takes the same rows. The hold-out is the latest part by time; rows
of the same time stay together. Without a time, or where more than half of the
rows have the latest one, the hold-out is drawn by the same hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Bools, Hashes, Int64s, dictionary_codes, floats, texts
from pipelines.columns.spelling import canonical_text
from pipelines.errors import FunctionFailed, SchemaMismatch
from pipelines.features.analysis import Accumulator, Statistics
from pipelines.features.bad_values import BadValues
from pipelines.features.pixels import pixels
from pipelines.features.spec import Image
from pipelines.features.user_function import Prepare
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import Digest, identified, row_digests
from pipelines.input.batch_rows import BatchRows, batches_of
from pipelines.input.batches import local_micros
from pipelines.input.faults import Faults
from pipelines.input.fragments import Split
from pipelines.input.projections import projection
from pipelines.input.typed_columns import numbers
from pipelines.input.typed_rows import features_of, require_numbers, take, take_column
from pipelines.job.rules import ReadingRules
from pipelines.training.selection import Selection


@dataclass(frozen=True, slots=True)
class Examined:
    """Rows of one fragment and batch; those that cannot train are among their faults."""

    rows: BatchRows
    features: pa.RecordBatch  # (n,), typed
    targets: pa.StringArray  # (n,), canonical


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Usable rows of one fragment and batch, with everything that training needs."""

    features: pa.RecordBatch  # (n,), typed
    keys: pa.StringArray
    hashes: Hashes  # (n, 2), of the purpose `fit`
    micros: Int64s | None  # times, where the job has a time column
    targets: pa.StringArray  # canonical
    digests: Hashes  # (n, 2), of all that the row holds
    place: tuple[int, int]  # file, first row

    def of(self, mask: Bools) -> TrainingRows:
        """Select rows by a mask (n,), True for those that stay."""
        chosen = np.flatnonzero(mask)
        return TrainingRows(
            take(self.features, chosen),
            take_column(self.keys, chosen),
            self.hashes[chosen],
            None if self.micros is None else self.micros[chosen],
            take_column(self.targets, chosen),
            self.digests[chosen],
            self.place,
        )


@dataclass(frozen=True)
class Reader:
    """Reads training rows; it travels to workers."""

    rules: ReadingRules
    batches: frozenset[str]
    file_digests: Mapping[str, str]
    function: Prepare | None
    answers: Mapping[str, str] | None = (
        None  # prediction id -> label, where no column holds the truth
    )
    selection: Selection | None = None

    def statistics(self) -> Statistics:
        """Return the pass that the features need. Times are wall-clock times, so they are read as UTC."""
        return Statistics(self.rules.features)

    def summarize(self, split: Split) -> Accumulator:
        """Summarize the training rows of a split."""
        statistics = self.statistics()
        seen = statistics.create()
        if self.selection is None:
            raise ValueError("the rows that train are not selected yet")
        for rows in self.read(split):
            training, _ = self.selection.masks(rows.hashes, rows.micros)
            chosen = np.flatnonzero(training)
            if len(chosen):
                statistics.add(seen, take(rows.features, chosen), rows.hashes[chosen], rows.place)
        return seen

    def read(self, split: Split) -> Iterator[TrainingRows]:
        """Yield the rows of a split that have a target and no fault."""
        for examined in self.examine(split):
            n = examined.features.num_rows
            good = np.arange(n)[examined.rows.faults.others(n)]
            if len(good):
                yield self._usable(examined, good, split.source.number)

    def examine(self, split: Split) -> Iterator[Examined]:
        """Yield all rows of a split; those that cannot train are marked.

        Raises:
            InputUnreadable, SchemaMismatch: the file cannot be used.
            JobInvalid: the user's function fails.
        """
        columns = projection(self.rules, target=True)
        slices = batches_of(
            self.rules, split, columns, batches=self.batches, digests=self.file_digests
        )
        for rows in slices:
            try:
                yield self._examined(rows, split)
            except SchemaMismatch as error:
                raise error.of_file(split.source.name) from error

    def _examined(self, rows: BatchRows, split: Split) -> Examined:
        if not split.source.is_untyped:
            require_numbers(rows.rows.schema, self.rules.number_columns)
        targets = self._targets(rows)
        prepared = self._prepared(rows, split)
        features = features_of(
            prepared, self.rules.features, self.rules.batches.timezone, rows.faults
        )
        self._mark_broken_pictures(features, rows.faults)
        return Examined(rows, features, targets)

    def _prepared(self, rows: BatchRows, split: Split) -> pa.RecordBatch:
        try:
            return self.function(rows.rows) if self.function else rows.rows
        except FunctionFailed as error:
            place = f"batch {rows.batch}, {split.source.name}"
            raise error.at(place, rows.positions.tolist()) from error

    def _usable(self, examined: Examined, good: Int64s, source: int) -> TrainingRows:
        rules, kept = self.rules, take(examined.rows.rows, good)
        keys, targets = (
            take_column(column, good) for column in (examined.rows.keys, examined.targets)
        )
        time, timezone = rules.time, rules.batches.timezone
        used = projection(rules, target=True).columns or kept.schema.names
        digests = row_digests(kept, used)
        if self.answers is not None:  # the file does not hold what the row was labeled
            own = pa.RecordBatch.from_arrays([targets], names=["target"])
            digests = identified(row_digests(own, ["target"]), digests)
        return TrainingRows(
            features=take(examined.features, good),
            keys=keys,
            hashes=keyed_hashes(rules.identity.seed, "fit", examined.rows.batch, keys),
            micros=None if time is None else local_micros(kept.column(time), timezone),
            targets=targets,
            digests=digests,
            place=(source, int(examined.rows.positions[good[0]])),
        )

    def _targets(self, rows: BatchRows) -> pa.StringArray:
        column, faults = str(self.rules.target.column or "answer"), rows.faults
        if self.answers is not None:
            targets = texts(self.answers.get(name) for name in hex_text(rows.ids).to_pylist())
        else:
            targets = canonical_text(rows.rows.column(column))
        if self.rules.task == "classification":
            codes, names = dictionary_codes(targets)
            known = np.array([*(name in self.rules.target.answers for name in names), False])
            faults.mark(~known[codes], "no_target", column)
        else:
            given = targets if self.answers is not None else rows.rows.column(column)
            faults.mark(~np.isfinite(floats(numbers(given, column, faults))), "no_target", column)
        return targets

    def _mark_broken_pictures(self, features: pa.RecordBatch, faults: Faults) -> None:
        for name, feature in self.rules.features.columns.items():
            if isinstance(feature, Image):
                try:
                    pixels(name, features.column(name), feature)
                except BadValues as bad:
                    faults.mark(bad.rows.tolist(), bad.reason, name)


def fingerprint(parts: Sequence[TrainingRows]) -> Digest:
    """Return the digest of the rows that a model saw, whatever their order."""
    digest = Digest()
    for part in parts:
        digest = digest.add(part.digests)
    return digest
