"""Drawn rows as people see them, read again from the input that was scored."""

from __future__ import annotations

import shlex
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from functions.batches import discovery
from functions.batches.attempts import Attempt
from functions.batches.discovery import JobData
from labeling.questions.shown import ShownColumn, shown_json, shown_rows
from pipelines.columns.buffers import int_array, is_text
from pipelines.columns.utf8 import readable
from pipelines.errors import InputChanged, RecheckError
from pipelines.features.spec import Image, Text
from pipelines.identity.keyed_hash import hex_text, subkey
from pipelines.identity.row_digests import Digest
from pipelines.input.batch_rows import BatchRows
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import checked_text
from pipelines.input.typed_rows import take, take_column
from pipelines.job.job_file import Job
from pipelines.scoring.scorers import Scorer

IDS = ""  # the column of ids in `DrawnRows.beside`; no column of the data has that name
_BEGINNING = 500  # characters of a value that is held against its prediction


def shown_columns(job: Job) -> list[ShownColumn]:
    """Return the columns that people may see, with the way each is shown."""
    texts = {name for name, feature in job.features.columns.items() if isinstance(feature, Text)}
    pictures = {
        name for name, feature in job.features.columns.items() if isinstance(feature, Image)
    }
    texts |= set(job.labeling.texts)
    pictures |= set(job.labeling.pictures)
    kinds = {
        name: "image" if name in pictures else "text" if name in texts else "tabular"
        for name in job.labeling.show
    }
    return [ShownColumn(name, kind) for name, kind in kinds.items()]  # type: ignore[arg-type]


def survey_digest(job: Job) -> str:
    """Return the digest of what people see and are asked."""
    seen = [f"{column.kind} {column.name}" for column in shown_columns(job)]
    return subkey("survey", job.labeling.question, *seen).hex()


@dataclass(frozen=True, slots=True)
class DrawnRows:
    """What a sample stores of drawn rows besides the predictions, by prediction id."""

    shown: dict[str, str]  # what people see, as JSON
    scores: dict[str, dict[str, float] | None]  # the probability of each class, if there are any
    beside: pa.Table | None = None  # shown columns of the rows that were looked at, as text


@dataclass(frozen=True, slots=True)
class WantedRows:
    """The rows of a fragment that are wanted, with their prediction ids."""

    ids: list[str]
    rows: pa.RecordBatch

    @classmethod
    def of(cls, part: BatchRows, wanted: Container[str]) -> WantedRows:
        """Take the rows with these prediction ids."""
        names = hex_text(part.ids).to_pylist()
        places = [place for place, name in enumerate(names) if name in wanted]
        chosen = take(part.rows, np.array(places, dtype=np.int64))
        return cls([names[place] for place in places], chosen)

    def shown(self, job: Job) -> dict[str, str]:
        """Return what people see of each row, as JSON by prediction id."""
        if not self.ids:
            return {}
        columns = shown_columns(job)
        if not columns:
            return dict.fromkeys(self.ids, shown_json({}))
        made = [
            self.rows.column(c.name)
            if c.kind == "image"
            else checked_text(self.rows.column(c.name), c.name, Faults())
            for c in columns
        ]
        seen = pa.RecordBatch.from_arrays(made, names=[c.name for c in columns])
        texts = shown_rows(seen, columns, job.batches.timezone)
        return dict(zip(self.ids, texts, strict=True))

    def scores(self, scorer: Scorer) -> dict[str, dict[str, float] | None]:
        """Return the probability of each class for each row, by prediction id."""
        found = scorer.probabilities(self.rows) if self.ids else None
        return {} if found is None else dict(zip(self.ids, found.by_class(), strict=True))


@dataclass(frozen=True, slots=True)
class WantedIds:
    """Rows of a batch that are to be read again."""

    attempt: Attempt  # the live scoring of the batch
    ids: frozenset[str]  # of their predictions
    scorer: Scorer | None  # gives the probabilities of classes; None where nothing does
    looked_at: npt.NDArray[np.uint64] | None = None  # 64 bits of ids, ascending: `DrawnRows.beside`


def read_again(data: JobData, wanted: Sequence[WantedIds]) -> dict[str, DrawnRows | RecheckError]:
    """Read some rows of some batches again, in one pass over their input.

    Args:
        data: of the job.
        wanted: the rows of each batch.

    Returns:
        By batch, what people see of the rows, and their probabilities; or the
        error of a batch whose input cannot be read, is not what was scored, or
        has lost a row.
    """
    try:
        return _read(data, wanted)
    except RecheckError as error:
        if len(wanted) == 1:
            return {wanted[0].attempt.batch: error}
        half = len(wanted) // 2  # what one batch lacks stops no other
        return read_again(data, wanted[:half]) | read_again(data, wanted[half:])


def _read(data: JobData, wanted: Sequence[WantedIds]) -> dict[str, DrawnRows | RecheckError]:
    again = {one.attempt.batch: _BatchAgain(one) for one in wanted}
    for number in sorted({one.attempt.reading for one in wanted}):  # as each was scored
        alike = [one.attempt.batch for one in wanted if one.attempt.reading == number]
        inputs = discovery.find(data, alike)
        for part in discovery.rows_of(data.job, inputs, alike, number):
            again[part.batch].add(part, data.job)
    return {batch: one.result() for batch, one in again.items()}


@dataclass
class _BatchAgain:
    """The rows of one batch while they are read."""

    wanted: WantedIds
    digest: Digest = field(default_factory=Digest)
    chosen: list[WantedRows] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    beside: list[pa.RecordBatch] = field(default_factory=list)

    def add(self, part: BatchRows, job: Job) -> None:
        """Take the wanted rows of a fragment."""
        self.digest = self.digest.add(part.digests(job.key_columns))
        rows = WantedRows.of(part, self.wanted.ids)
        self.shown |= rows.shown(job)
        self.chosen += [rows] if self.wanted.scorer else []
        if self.wanted.looked_at is not None:
            self.beside.append(_beside(part, self.wanted.looked_at, job))

    def result(self) -> DrawnRows | RecheckError:
        """Return the rows, or why they are not those that were scored."""
        attempt, scorer = self.wanted.attempt, self.wanted.scorer
        if self.digest.text != attempt.digest or len(self.shown) < len(self.wanted.ids):
            return InputChanged(
                f"the input of batch {attempt.batch!r} is no longer what was scored, or the job file reads other columns of it",
                fix=f"run `recheck score … --batch {shlex.quote(attempt.batch)} --replace`, then the same command again",
            )
        found = [rows.scores(scorer) for rows in self.chosen if scorer]
        scores = {name: scores for some in found for name, scores in some.items()}
        return DrawnRows(
            self.shown, scores, pa.Table.from_batches(self.beside) if self.beside else None
        )


def _beside(part: BatchRows, wanted: npt.NDArray[np.uint64], job: Job) -> pa.RecordBatch:
    """Return the shown columns of some rows of a fragment, as the beginnings of texts, and 64 bits of ids."""
    places = np.flatnonzero(np.isin(part.ids[:, 0], wanted))
    columns = {IDS: int_array(part.ids[places, 0].view(np.int64))}
    for column in shown_columns(job):
        if column.kind != "image":
            columns[column.name] = _text(take_column(part.rows.column(column.name), places))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _text(column: pa.Array) -> pa.StringArray:
    """Return the beginnings of values as text; nothing of a type without text."""
    try:
        plain = readable(column) if is_text(column.type) else column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, bytes
        return pa.nulls(len(column), pa.string())
    return pc.utf8_slice_codeunits(plain.cast(pa.string()), 0, _BEGINNING)
