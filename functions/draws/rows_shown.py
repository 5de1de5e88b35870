"""Drawn rows as people see them, read again from the input that was scored."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from functions.batches import discovery
from functions.batches.attempts import Attempt
from functions.batches.discovery import JobData
from labeling.questions.shown import ShownColumn, shown_json, shown_rows
from pipelines.errors import InputChanged
from pipelines.features.spec import Image, Text
from pipelines.identity.keyed_hash import hex_text, subkey
from pipelines.identity.row_digests import Digest
from pipelines.input.batch_rows import BatchRows
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import checked_text
from pipelines.input.typed_rows import take
from pipelines.job.job_file import Job
from pipelines.scoring.scorers import Scorer


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


def read_again(
    data: JobData, attempt: Attempt, wanted: Iterable[str], scorer: Scorer | None
) -> DrawnRows:
    """Read some rows of a batch again, in one pass over its input.

    Args:
        data: of the job.
        attempt: the live scoring of the batch.
        wanted: prediction ids.
        scorer: gives the probabilities of classes; None where nothing does.

    Returns:
        What people see of the rows, and their probabilities.

    Raises:
        InputChanged: the input is not what was scored, or a row is gone.
    """
    ids, digest = set(wanted), Digest()
    chosen: list[WantedRows] = []
    shown: dict[str, str] = {}
    for part in discovery.rows_as_scored(data, attempt):
        digest = digest.add(part.digests(data.job.key_columns))
        rows = WantedRows.of(part, ids)
        shown |= rows.shown(data.job)
        chosen += [rows] if scorer else []
    if digest.text != attempt.digest or len(shown) < len(ids):
        raise InputChanged(
            f"the input of batch {attempt.batch!r} is no longer what was scored, or the job file reads other columns of it",
            fix=f"run `recheck score … --batch {shlex.quote(attempt.batch)} --replace`, then the same command again",
        )
    found = [rows.scores(scorer) for rows in chosen if scorer]
    return DrawnRows(shown, {name: scores for some in found for name, scores in some.items()})
