"""Draws of rows for people to label: `fit` learns from the answers where no column has the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from functions.batches import discovery
from functions.batches.discovery import Input, JobData
from functions.draws.designs import seed_digest
from functions.draws.rows_shown import WantedRows, survey_digest
from functions.tables import Views, of_purpose
from labeling.questions.shown import shown_digest
from pipelines.columns.buffers import Hashes, Int64s
from pipelines.formats.file_rules import CURRENT, FIRST
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import Digest
from pipelines.input.batch_rows import BatchRows
from pipelines.input.faults import Faults
from pipelines.input.row_keys import keys_of
from pipelines.input.typed_rows import take, take_column
from pipelines.job.job_file import Job
from pipelines.sampling.candidates import in_order, within_budget
from pipelines.tables.purposes import TRAIN

_STRATUM = "all"


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The rows of a batch that people can be asked about, those with the smallest hashes first."""

    ids: Hashes  # (n, 2)
    names: list[str]  # the ids as text
    keys: list[str]


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The earlier draws from a batch."""

    draws: int
    series: int
    asked: dict[str, str]  # the question of each prediction id


def training_draws(data: JobData, views: Views, batches: Sequence[str]) -> list[TrainingDraw]:
    """Choose rows at random for people to label, up to the job's budget for each batch.

    Rows stay drawn as long as they are in the data; one that reads otherwise
    now is asked anew, and one that is gone makes room for another. Without
    changes of budget, data or question, no row is new.

    Args:
        data: of the job.
        views: of its tables, for what was drawn before.
        batches: to draw from; none for all.

    Returns:
        The draw of each batch; nothing is stored.

    Raises:
        BatchUnknown, InputUnreadable, SchemaMismatch: see `Input.require`.
    """
    job, inputs = data.job, discovery.find(data, batches)
    inputs.require()
    candidates, earlier = _candidates(job, inputs), _earlier(views)
    nothing = _Earlier(0, 1, {})
    chosen = {
        batch: _choose(rows, earlier.get(batch, nothing), job.labeling.train_budget)
        for batch, rows in candidates.items()
    }
    shown = _shown(
        job, inputs, {b: {candidates[b].names[row] for row in rows} for b, rows in chosen.items()}
    )
    _show_as_asked(job, inputs, shown, earlier)
    return [
        TrainingDraw(job, batch, candidates[batch], earlier.get(batch, nothing), shown[batch], rows)
        for batch, rows in chosen.items()
    ]


def _candidates(job: Job, inputs: Input) -> dict[str, _Candidates]:
    parts: dict[str, list[BatchRows]] = {batch: [] for batch in inputs.batches}
    for rows in discovery.rows_of(job, inputs, inputs.batches):
        parts[rows.batch].append(_named(job, rows))
    return {batch: _ordered(job, batch, rows) for batch, rows in parts.items() if rows}


def _named(job: Job, part: BatchRows) -> BatchRows:
    """Leave out the rows whose key is missing or is no text."""
    faults = Faults()
    keys_of(part.rows, job.data.key, "", part.positions, faults)
    good = np.setdiff1d(np.arange(part.rows.num_rows), list(faults.reasons))
    if len(good) == part.rows.num_rows:
        return part
    return BatchRows(
        batch=part.batch,
        rows=take(part.rows, good),
        positions=part.positions[good],
        keys=take_column(part.keys, good),
        ids=part.ids[good],
        faults=Faults(),
    )


def _ordered(job: Job, batch: str, parts: Sequence[BatchRows]) -> _Candidates:
    """Put the candidates of a batch in the order of their hashes."""
    ids = np.concatenate([part.ids for part in parts])
    digests = np.concatenate([part.digests(job.key_columns) for part in parts])
    hashes = np.concatenate(
        [keyed_hashes(job.sampling.seed, "fit", batch, part.keys) for part in parts]
    )
    usable = in_order(ids, digests, hashes)
    keys = [key for part in parts for key in part.keys.to_pylist()]
    candidates = ids[usable]
    return _Candidates(candidates, hex_text(candidates).to_pylist(), [keys[row] for row in usable])


def _earlier(views: Views) -> dict[str, _Earlier]:
    designs, samples = of_purpose(views.designs, TRAIN), views.current_samples(purpose=TRAIN)
    asked: dict[str, dict[str, str]] = {}
    for row in samples.select(["batch", "prediction_id", "shown_digest"]).to_pylist():
        asked.setdefault(row["batch"], {})[row["prediction_id"]] = row["shown_digest"]
    earlier: dict[str, _Earlier] = {}
    for row in designs.select(["batch", "draw_no", "series"]).to_pylist():
        number, series = int(row["draw_no"]), int(row["series"])
        last = earlier.get(row["batch"])
        if last is None or last.draws < number:
            earlier[row["batch"]] = _Earlier(number, series, asked.get(row["batch"], {}))
    return earlier


def _choose(rows: _Candidates, earlier: _Earlier, budget: int) -> Int64s:
    """Return the places of the candidates that are drawn: those of earlier draws first."""
    stays = np.array([name in earlier.asked for name in rows.names], np.bool_)
    return within_budget(stays, budget)


def _show_as_asked(
    job: Job, inputs: Input, shown: dict[str, dict[str, str]], earlier: Mapping[str, _Earlier]
) -> None:
    """Keep the question of a row that reads otherwise only because the reading rules are others now."""
    question = job.labeling.question
    differing: dict[str, set[str]] = {}
    for batch in shown.keys() & earlier.keys():
        asked = earlier[batch].asked
        texts = ((name, text) for name, text in shown[batch].items() if name in asked)
        names = {name for name, text in texts if shown_digest(question, text) != asked[name]}
        differing |= {batch: names} if names else {}
    by_first = _shown(job, inputs, differing, FIRST) if differing else {}
    for batch, texts_then in by_first.items():
        asked = earlier[batch].asked
        shown[batch] |= {
            name: text
            for name, text in texts_then.items()
            if shown_digest(question, text) == asked[name]
        }


def _shown(
    job: Job, inputs: Input, wanted: Mapping[str, set[str]], number: int = CURRENT
) -> dict[str, dict[str, str]]:
    """Return what people see of some rows of each batch, by prediction id."""
    seen: dict[str, dict[str, str]] = {batch: {} for batch in wanted}
    for rows in discovery.rows_of(job, inputs, list(wanted), number):
        seen[rows.batch] |= WantedRows.of(rows, wanted[rows.batch]).shown(job)
    return seen


@dataclass(frozen=True, slots=True)
class TrainingDraw:
    """The rows of one batch that people are to label."""

    job: Job
    batch: str
    candidates: _Candidates
    earlier: _Earlier
    shown: Mapping[str, str]  # what people see, by prediction id
    chosen: Int64s  # places of the candidates

    def samples(self) -> list[dict[str, Any]]:
        """Return every drawn row, of earlier draws and of this one."""
        return [self._sample(int(row), len(self.chosen)) for row in self.chosen]

    def new_rows(self, actor: str) -> tuple[list[dict[str, Any]], dict[str, Any]] | None:
        """Return the rows to store: the new ones, or all as a new series where one is gone or changed.

        Args:
            actor: who draws.

        Returns:
            Rows of `samples` and the row of `designs`, without their commit time;
            None where the earlier draw holds.
        """
        samples = self.samples()
        asked = {row["prediction_id"]: row["shown_digest"] for row in samples}
        continues = self.earlier.asked.items() <= asked.items()
        if continues:
            samples = [row for row in samples if row["prediction_id"] not in self.earlier.asked]
        if not samples and continues:
            return None
        number = self.earlier.draws + 1
        head: dict[str, Any] = {"job": self.job.name, "batch": self.batch, "purpose": TRAIN}
        head |= {"draw_no": number, "series": self.earlier.series if continues else number}
        design = {**head, **self._design(len(self.chosen)), "actor": actor}
        return [head | row for row in samples], design

    def _sample(self, row: int, drawn: int) -> dict[str, Any]:
        name, size = self.candidates.names[row], len(self.candidates.names)
        text = self.shown[name]
        return {
            "prediction_id": name,
            "key": self.candidates.keys[row],
            "cohorts": {},
            "stratum": _STRATUM,
            "stratum_size": size,
            "inclusion_probability": drawn / size,
            "rank": row + 1,
            "shown": text,
            "shown_digest": shown_digest(self.job.labeling.question, text),
        }

    def _design(self, drawn: int) -> dict[str, Any]:
        return {
            "stratum": _STRATUM,
            "size": len(self.candidates.names),
            "allocated": drawn,
            "domains": json.dumps({}),
            "budget": self.job.labeling.train_budget,
            "population_digest": Digest().add(self.candidates.ids).text,
            "seed_digest": seed_digest(self.job),
            "survey_digest": survey_digest(self.job),
            "reason": "top-up" if self.earlier.asked else "first",
            "answers_seen": 0,
        }
