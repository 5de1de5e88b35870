"""The tables of one job as people query them, without attempts and draws that were never published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from functions.app import App
from functions.batches import attempts
from labeling.answers import current as resolution
from pipelines.columns import relations
from pipelines.columns.buffers import bool_array, float_array
from pipelines.columns.relations import where_in
from pipelines.sampling.plan import CENSUS_REASON
from pipelines.tables.schemas import ANNOTATIONS, TABLES, table_of
from pipelines.tables.snapshot import Tables

OUTCOME = "outcome"
NAMES = (*TABLES, "labels")
_DRAW = ("batch", "purpose", "draw_no")
_SERIES = ("batch", "purpose", "series")


def open_views(app: App) -> Views:
    """Return the views over a new snapshot of the job's tables."""
    is_census = app.job.labeling.outcomes == "complete"
    return Views(app.tables(), numbers=app.job.task == "regression", is_census=is_census)


class Views:
    """What the tables of a snapshot mean: published, drawn and resolved.

    Args:
        tables: the snapshot.
        numbers: whether answers are numbers, not classes.
        is_census: whether outcomes of batches that were drawn whole count as answers.
    """

    def __init__(self, tables: Tables, *, numbers: bool, is_census: bool) -> None:
        self.tables = tables
        self._numbers, self._is_census = numbers, is_census

    @cached_property
    def designs(self) -> pa.Table:
        """Every stratum of every draw."""
        return self.tables.read("designs")

    @property
    def questions(self) -> pa.Table:
        """The task of each question."""
        return self.tables.read("questions")

    def samples(self, *, shown: bool = False, scores: bool = False) -> pa.Table:
        """Return the rows of every draw whose design was stored too.

        What a killed run left behind was never drawn.

        Args:
            shown: with the row as people see it.
            scores: with the probability of each class.
        """
        heavy = {"shown": shown, "scores": scores}
        samples = self._light("samples", *(name for name, wanted in heavy.items() if wanted))
        keys = [self._draws(rows) for rows in (samples, self.designs)]
        drawn = frozenset(keys[1])
        return samples.filter(bool_array([key in drawn for key in keys[0]]))

    def current_samples(
        self,
        as_of: datetime | None = None,
        *,
        purpose: str | None = None,
        shown: bool = False,
        scores: bool = False,
    ) -> pa.Table:
        """Return the rows that the newest design of each batch holds.

        Args:
            as_of: the newest that was known then; without it, the newest.
            purpose: verify or train; None for both.
            shown: with the row as people see it.
            scores: with the probability of each class.

        Returns:
            The rows, with the inclusion probability of that design.
        """
        samples = relations.known_by(self.samples(shown=shown, scores=scores), as_of)
        if purpose is not None:
            samples = where_in(samples, "purpose", purpose)
        designs = relations.known_by(self.designs, as_of)
        columns = [*_SERIES, "stratum", "draw_no", "allocated", "size"]
        strata = sorted(designs.select(columns).to_pylist(), key=lambda row: row["draw_no"])
        newest = {(row["batch"], row["purpose"]): row["series"] for row in strata}
        chances = {_stratum(row): row["allocated"] / row["size"] for row in strata if row["size"]}
        rows = samples.select([*_SERIES, "stratum"]).to_pylist()
        samples = _with_chances(samples, [chances.get(_stratum(row)) for row in rows])
        return samples.filter(
            bool_array(
                [newest.get((row["batch"], row["purpose"])) == row["series"] for row in rows]
            )
        )

    def annotations(self, as_of: datetime | None = None) -> pa.Table:
        """Return every answer and what became of it.

        Args:
            as_of: count outcomes as answers only if the census was complete at
                this time (default: now). Rows are not filtered by it.
        """
        rows = self.tables.read("annotations")
        return self._with_outcomes(rows, as_of) if self._is_census else rows

    def labels(self) -> pa.Table:
        """Return the resolved answer of each question."""
        return resolution.label_questions(self.annotations(), self.samples(), numbers=self._numbers)

    def quarantine(self) -> pa.Table:
        """Return the rows of attempts that are live; what a killed run wrote twice counts once."""
        live = where_in(self.tables.read("quarantine"), "attempt", *self.published.values())
        texts = live.set_column(
            live.schema.get_field_index("row"), "row", live["row"].cast(pa.string())
        )
        return live.take(
            relations.last_of_each(relations.group_codes(texts, live.column_names), [])
        )

    @cached_property
    def published(self) -> dict[str, str]:
        """The attempt that is live in each batch."""
        return attempts.published(self.tables)

    def outcome_ids(self) -> pa.Array:
        """Return the predictions whose outcome is known: it came by itself, or for a row that was drawn."""
        latest = resolution.latest_annotations(self.tables.read("annotations"))
        return relations.column(where_in(latest, "state", "valid", OUTCOME), "prediction_id")

    def predictions(self, ids: Iterable[str], columns: Sequence[str]) -> pa.Table:
        """Return predictions by their ids, wherever they lie.

        Args:
            ids: what is looked for; without any, nothing is read.
            columns: of `pipelines.tables.schemas.PREDICTIONS`; `prediction_id` comes first.

        Returns:
            Those of the job that have one of these ids.
        """
        names, wanted = ["prediction_id", *columns], set(ids)
        if not wanted:
            return table_of(pa.schema([TABLES["predictions"].field(name) for name in names]), [])
        return self.tables.read("predictions", names, where={"prediction_id": wanted})

    def _light(self, name: str, *more: str) -> pa.Table:
        """Return the small columns of a table and some others, in the order of its schema."""
        rows = self.tables.read(name)
        wanted = {*rows.column_names, *more}
        return self.tables.read(name, [column for column in TABLES[name].names if column in wanted])

    def _draws(self, rows: pa.Table) -> list[tuple[Any, ...]]:
        """Return the draw of each row; its commit time tells two draws of one number apart."""
        moments = relations.microseconds(rows, "known_at").tolist()
        columns = [rows[name].to_pylist() for name in _DRAW]
        return list(zip(*columns, moments, strict=True))

    def _with_outcomes(self, annotations: pa.Table, as_of: datetime | None) -> pa.Table:
        """Let outcomes of a census count as answers: every row has one, so nobody selected them."""
        samples, designs = self.current_samples(as_of), relations.known_by(self.designs, as_of)
        reasons = designs.select(["batch", "series", "reason"]).to_pylist()
        census = {
            (row["batch"], row["series"]) for row in reasons if row["reason"] == CENSUS_REASON
        }
        drawn = samples.select(["prediction_id", "shown_digest", "batch", "series"]).to_pylist()
        digests = {
            row["prediction_id"]: row["shown_digest"]
            for row in drawn
            if (row["batch"], row["series"]) in census
        }
        rows = relations.records(annotations)
        for row in rows:
            if row["state"] == OUTCOME and row["prediction_id"] in digests:
                row |= {"state": "valid", "shown_digest": digests[row["prediction_id"]]}
        return table_of(ANNOTATIONS, rows)


def of_purpose(rows: pa.Table, purpose: str) -> pa.Table:
    """Return the rows that check predictions, or those that label rows to train on."""
    return where_in(rows, "purpose", purpose)


def _stratum(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*_SERIES, "stratum"))


def _with_chances(samples: pa.Table, chances: list[float | None]) -> pa.Table:
    place = samples.schema.get_field_index("inclusion_probability")
    gaps = np.array([chance is None for chance in chances], np.bool_)
    values = float_array([chance or 0.0 for chance in chances], gaps)
    return samples.set_column(place, "inclusion_probability", values)
