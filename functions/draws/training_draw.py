"""Rows of a data set without labels, chosen for people to label; `fit` learns from the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from functions.app import App
from functions.batches import discovery
from functions.batches.discovery import Input
from functions.draws.designs import seed_digest
from functions.draws.rows_shown import WantedRows, survey_digest
from functions.tables import of_purpose, open_views
from labeling.questions.shown import shown_digest
from pipelines.columns.buffers import Hashes, Int64s
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import Digest
from pipelines.input import typed_rows as raw
from pipelines.input.batch_rows import BatchRows
from pipelines.input.faults import Faults
from pipelines.input.row_keys import keys_of
from pipelines.job.job_file import Job
from pipelines.sampling.candidates import in_order, within_budget
from pipelines.tables.purposes import TRAIN
from pipelines.tables.schemas import DESIGNS, SAMPLES, table_of

_STRATUM = "all"


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The rows of a batch that people can be asked about, those with the smallest hashes first."""

    ids: Hashes  # (n, 2)
    names: list[str]  # the ids as text
    keys: list[str]


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What was drawn from a batch so far."""

    draws: int
    series: int
    asked: dict[str, str]  # the question of each prediction id


def draw(app: App, batches: Sequence[str]) -> None:
    """Choose rows at random for people to label, up to the job's budget for each batch.

    Rows stay drawn as long as they are in the data; one that reads otherwise
    now is asked anew, and one that is gone makes room for another. Without
    changes of budget, data or question, nothing is drawn.

    Raises:
        BatchUnknown, InputUnreadable: see `discovery.find`.
    """
    for one in _draws(app, batches):
        one.store()


def questions(app: App, batches: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows that `draw` would leave to ask, with prediction_id and shown_digest; store nothing."""
    return [row for one in _draws(app, batches) for row in one.samples()]


def _draws(app: App, batches: Sequence[str]) -> list[_Draw]:
    data = discovery.find(app, batches)
    candidates, earlier = _candidates(app, data), _earlier(app)
    nothing = _Earlier(0, 1, {})
    chosen = {
        batch: _choose(rows, earlier.get(batch, nothing), app.job.labeling.train_budget)
        for batch, rows in candidates.items()
    }
    seen = _shown(
        app, data, {b: {candidates[b].names[row] for row in rows} for b, rows in chosen.items()}
    )
    return [
        _Draw(app, batch, candidates[batch], earlier.get(batch, nothing), seen[batch], rows)
        for batch, rows in chosen.items()
    ]


def _candidates(app: App, data: Input) -> dict[str, _Candidates]:
    parts: dict[str, list[BatchRows]] = {batch: [] for batch in data.batches}
    for rows in discovery.rows_of(app, data, data.batches):
        parts[rows.batch].append(_named(app.job, rows))
    return {batch: _ordered(app.job, batch, rows) for batch, rows in parts.items() if rows}


def _named(job: Job, part: BatchRows) -> BatchRows:
    """Leave out the rows whose key is missing or is no text."""
    faults = Faults()
    keys_of(part.rows, job.data.key, "", part.positions, faults)
    good = np.setdiff1d(np.arange(part.rows.num_rows), list(faults.reasons))
    if len(good) == part.rows.num_rows:
        return part
    return BatchRows(
        batch=part.batch,
        rows=raw.take(part.rows, good),
        positions=part.positions[good],
        keys=raw.take_column(part.keys, good),
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


def _earlier(app: App) -> dict[str, _Earlier]:
    views = open_views(app)
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
    """Return the places of the rows that are drawn from now on."""
    stays = np.array([name in earlier.asked for name in rows.names], np.bool_)
    return within_budget(stays, budget)


def _shown(app: App, data: Input, wanted: Mapping[str, set[str]]) -> dict[str, dict[str, str]]:
    """Return what people see of some rows of each batch, by prediction id."""
    seen: dict[str, dict[str, str]] = {batch: {} for batch in wanted}
    for rows in discovery.rows_of(app, data, list(wanted)):
        seen[rows.batch] |= WantedRows.of(rows, wanted[rows.batch]).shown(app.job)
    return seen


@dataclass(frozen=True, slots=True)
class _Draw:
    """A draw from one batch, about to be stored."""

    app: App
    batch: str
    candidates: _Candidates
    earlier: _Earlier
    seen: Mapping[str, str]  # what people see, by prediction id
    chosen: Int64s  # places of the candidates

    def samples(self) -> list[dict[str, Any]]:
        """Return every row that is drawn, before and now."""
        return [self._sample(int(row), len(self.chosen)) for row in self.chosen]

    def store(self) -> None:
        """Store the new rows; all rows, as a new series, where a drawn row is gone or changed."""
        samples = self.samples()
        asked = {row["prediction_id"]: row["shown_digest"] for row in samples}
        continues = self.earlier.asked.items() <= asked.items()
        if continues:
            samples = [row for row in samples if row["prediction_id"] not in self.earlier.asked]
        if not samples and continues:
            return
        number = self.earlier.draws + 1
        head: dict[str, Any] = {"job": self.app.job.name, "batch": self.batch, "purpose": TRAIN}
        head |= {"draw_no": number, "series": self.earlier.series if continues else number}
        design = self._design(len(self.chosen))
        with self.app.committing() as moment:
            head |= {"known_at": moment}
            store = self.app.store
            store.table("samples").append(table_of(SAMPLES, [head | row for row in samples]))
            store.table("designs").append(table_of(DESIGNS, [head | design]))

    def _sample(self, row: int, drawn: int) -> dict[str, Any]:
        name, size = self.candidates.names[row], len(self.candidates.names)
        text = self.seen[name]
        return {
            "prediction_id": name,
            "key": self.candidates.keys[row],
            "cohorts": {},
            "stratum": _STRATUM,
            "stratum_size": size,
            "inclusion_probability": drawn / size,
            "rank": row + 1,
            "shown": text,
            "shown_digest": shown_digest(self.app.job.labeling.question, text),
        }

    def _design(self, drawn: int) -> dict[str, Any]:
        return {
            "stratum": _STRATUM,
            "size": len(self.candidates.names),
            "allocated": drawn,
            "domains": json.dumps({}),
            "budget": self.app.job.labeling.train_budget,
            "population_digest": Digest().add(self.candidates.ids).text,
            "seed_digest": seed_digest(self.app.job),
            "survey_digest": survey_digest(self.app.job),
            "actor": self.app.settings.actor,
            "reason": "top-up" if self.earlier.asked else "first",
            "answers_seen": 0,
        }
