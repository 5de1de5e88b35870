"""Which rows train, which measure, and reading them.

Rows are chosen by keyed hash, of the purpose `fit`, so that every engine and
every repeat takes the same. The hold-out is the latest part by time; without a
time it is drawn by the same hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines import rows as raw
from pipelines.batches import local_micros, membership
from pipelines.canonical import canonical_text
from pipelines.cells import BadCells
from pipelines.columns import Int64s, dictionary_codes, floats, texts
from pipelines.digests import Digest, identified, row_digests
from pipelines.faults import Faults
from pipelines.features import Image
from pipelines.fragments import Piece, read_piece
from pipelines.hashing import Hashes, hex_text
from pipelines.identity import keyed_hashes, prediction_ids
from pipelines.jobs import Job
from pipelines.keys import keys_of
from pipelines.pictures import with_pictures
from pipelines.pixels import pixels
from pipelines.preparation import Prepare
from pipelines.statistics import Accumulator, Statistics


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that train and those that measure, by their place in order."""

    highest: int  # rows with a larger hash (high 64 bits) are left out
    latest: int | None  # microseconds: later rows are the hold-out
    held_from: int | None  # without a time: rows from this hash on are the hold-out

    def splits(self, hashes: Hashes, micros: Int64s | None) -> tuple[np.ndarray, np.ndarray]:
        """Masks (n,) of the training rows and of the hold-out."""
        high = hashes[:, 0]
        chosen = high <= np.uint64(self.highest)
        if self.latest is not None and micros is not None:
            held = micros > self.latest
        elif self.held_from is not None:
            held = high >= np.uint64(self.held_from)
        else:
            held = np.zeros(len(high), np.bool_)
        return chosen & ~held, chosen & held


@dataclass(frozen=True, slots=True)
class Rows:
    """Usable rows of one fragment, with all that training needs to know of them."""

    batch: pa.RecordBatch  # the features, typed
    raw: pa.RecordBatch  # as the file has them, for golden rows
    keys: pa.StringArray
    hashes: Hashes
    micros: Int64s | None
    targets: pa.StringArray  # canonical
    digests: Hashes
    place: tuple[int, int]  # file, first row


@dataclass(frozen=True)
class Reader:
    """Reads training rows; it travels to workers."""

    job: Job
    batches: frozenset[str]
    file_digests: Mapping[str, str]
    function: Prepare | None
    answers: Mapping[str, str] | None = (
        None  # prediction id -> label, where no column holds the truth
    )
    selection: Selection | None = None

    def statistics(self) -> Statistics:
        """The pass that the features need. Times come as the clock on the wall, so as UTC."""
        return Statistics(self.job.features)

    def summarize(self, piece: Piece) -> Accumulator:
        """The statistics of a piece's training rows."""
        statistics = self.statistics()
        seen = statistics.create()
        if self.selection is None:
            raise ValueError("the rows that train are not selected yet")
        for rows in self.read(piece):
            training, _ = self.selection.splits(rows.hashes, rows.micros)
            chosen = np.flatnonzero(training)
            if len(chosen):
                statistics.add(seen, raw.take(rows.batch, chosen), rows.hashes[chosen], rows.place)
        return seen

    def read(self, piece: Piece) -> Iterator[Rows]:
        """The rows of a piece that have a target and no fault."""
        for first, rows in read_piece(piece, raw.projection(self.job, target=True)):
            if not piece.source.is_csv:
                raw.require_types(rows.schema, self.job)
            member = membership(rows, self.job, piece.source.batch)
            wanted = np.isin(
                member.codes, [c for c, name in enumerate(member.names) if name in self.batches]
            )
            for code in np.unique(member.codes[wanted]):
                chosen = np.flatnonzero(member.codes == code)
                found = self._usable(
                    raw.take(rows, chosen), member.names[code], piece, first + chosen
                )
                if found is not None:
                    yield found

    def _usable(
        self, rows: pa.RecordBatch, batch: str, piece: Piece, positions: Int64s
    ) -> Rows | None:
        faults = Faults()
        source = piece.source
        rows = raw.readable_rows(rows, faults)
        rows = with_pictures(rows, self.job, source.folder, faults)
        keys = keys_of(rows, self.job, self.file_digests[source.name], positions, faults)
        targets = self._targets(rows, batch, keys, faults)
        prepared = self.function(rows) if self.function else rows
        features = raw.features_of(prepared, self.job, faults)
        self._mark_broken_pictures(features, faults)
        good = np.arange(rows.num_rows)[faults.others(rows.num_rows)]
        if not len(good):
            return None
        kept, own = (
            raw.take(rows, good),
            raw.take(pa.record_batch([keys, targets], names=["key", "target"]), good),
        )
        micros = (
            None
            if self.job.data.time is None
            else local_micros(kept.column(self.job.data.time), self.job.batches)
        )
        hashes = keyed_hashes(self.job.sampling.seed, "fit", batch, own.column("key"))
        place = (source.number, int(positions[good[0]]))
        used = raw.projection(self.job, target=True).columns or kept.schema.names
        digests = row_digests(kept, used)
        if self.answers is not None:  # the file does not hold what the row was labeled
            digests = identified(row_digests(own, ["target"]), digests)
        return Rows(
            raw.take(features, good),
            kept,
            own.column("key"),
            hashes,
            micros,
            own.column("target"),
            digests,
            place,
        )

    def _targets(
        self, rows: pa.RecordBatch, batch: str, keys: pa.Array, faults: Faults
    ) -> pa.Array:
        column = str(self.job.target.column or "answer")
        if self.answers is not None:
            ids = hex_text(
                prediction_ids(self.job.sampling.seed, self.job.name, batch, keys)
            ).to_pylist()
            targets = texts(self.answers.get(one) for one in ids)
        else:
            targets = canonical_text(rows.column(column))
        if self.job.task == "classification":
            codes, names = dictionary_codes(targets)
            known = np.array([*(name in self.job.target.answers for name in names), False])
            faults.mark(~known[codes], "no_target", column)
        else:
            given = targets if self.answers is not None else rows.column(column)
            faults.mark(
                ~np.isfinite(floats(raw.numbers(given, column, faults))), "no_target", column
            )
        return targets

    def _mark_broken_pictures(self, features: pa.RecordBatch, faults: Faults) -> None:
        for name, feature in self.job.features.columns.items():
            if isinstance(feature, Image):
                try:
                    pixels(name, features.column(name), feature)
                except BadCells as bad:
                    faults.mark(bad.rows.tolist(), bad.reason, name)


def select(hashes: Hashes, micros: Int64s | None, *, holdout: float, max_rows: int) -> Selection:
    """Choose the rows that train and those that measure.

    Args:
        hashes: of every usable row (n, 2), purpose `fit`.
        micros: their times (n,), or None.
        holdout: share of the chosen rows that measures.
        max_rows: how many are chosen at most.
    """
    high = np.sort(hashes[:, 0])[:max_rows]
    highest = int(high[-1])
    if micros is not None:
        times = np.sort(micros[hashes[:, 0] <= np.uint64(highest)])
        latest = int(times[max(0, int(np.ceil(len(times) * (1 - holdout))) - 1)])
        if latest < times[-1]:
            return Selection(highest, latest, None)
    place = int(len(high) * (1 - holdout))
    return Selection(highest, None, int(high[place]) if 0 < place < len(high) else None)


def fingerprint(parts: Sequence[Rows]) -> Digest:
    """The digest of the rows that a model saw, order-free."""
    digest = Digest()
    for part in parts:
        digest = digest.add(part.digests)
    return digest
