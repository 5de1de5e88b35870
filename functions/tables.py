"""The tables of one job as people query them, without attempts and draws that were never published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from functions.batches import attempts
from labeling.answers import current
from pipelines.columns import relations
from pipelines.columns.buffers import bool_array, float_array
from pipelines.columns.relations import where_in
from pipelines.job.job_file import Job
from pipelines.sampling.plan import CENSUS_REASON
from pipelines.tables.schemas import ANNOTATIONS, TABLES, table_of
from pipelines.tables.snapshot import Tables, light_columns

QUERYABLE = (*TABLES, "labels")
_DRAW = ("batch", "purpose", "draw_no")
_SERIES = ("batch", "purpose", "series")


class Views:
    """The tables of a snapshot, without attempts and draws that were never published.

    Args:
        tables: the snapshot.
        job: its job file: the kind of answers, and whether outcomes count as such.
    """

    def __init__(self, tables: Tables, job: Job) -> None:
        self.tables = tables
        self._answers_are_numbers = job.task == "regression"
        self._outcomes_are_complete = (
            job.labeling.outcomes == "complete"
        )  # of batches that were drawn whole

    @cached_property
    def designs(self) -> pa.Table:
        """Every stratum of every draw."""
        return self.tables.read("designs")

    @property
    def questions(self) -> pa.Table:
        """The Label Studio task that was recorded for each question."""
        return self.tables.read("questions")

    def samples(self, *, shown: bool = False, scores: bool = False) -> pa.Table:
        """Return the rows of every draw whose design was stored too.

        Rows without a design are left from a run that was killed: they were never drawn.

        Args:
            shown: with the row as people see it.
            scores: with the probability of each class.
        """
        heavy = {"shown": shown, "scores": scores}
        samples = self._without_large_columns(
            "samples", *(name for name, wanted in heavy.items() if wanted)
        )
        stored = frozenset(self._draw_keys(self.designs))
        return samples.filter(bool_array([key in stored for key in self._draw_keys(samples)]))

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
            as_of: take the designs that were known at this time; None for all.
            purpose: verify or train; None for both.
            shown: with the row as people see it.
            scores: with the probability of each class.

        Returns:
            The rows; `inclusion_probability` is that of the newest allocation, top-ups included.
        """
        samples = relations.known_by(self.samples(shown=shown, scores=scores), as_of)
        if purpose is not None:
            samples = where_in(samples, "purpose", purpose)
        designs = relations.known_by(self.designs, as_of)
        columns = [*_SERIES, "stratum", "draw_no", "allocated", "size"]
        strata = sorted(designs.select(columns).to_pylist(), key=lambda row: row["draw_no"])
        newest = {(row["batch"], row["purpose"]): row["series"] for row in strata}
        chances = {
            _stratum_key(row): row["allocated"] / row["size"] for row in strata if row["size"]
        }
        rows = samples.select([*_SERIES, "stratum"]).to_pylist()
        samples = _with_probabilities(samples, [chances.get(_stratum_key(row)) for row in rows])
        return samples.filter(
            bool_array(
                [newest.get((row["batch"], row["purpose"])) == row["series"] for row in rows]
            )
        )

    def annotations(self, as_of: datetime | None = None) -> pa.Table:
        """Return every stored answer, deletions included.

        Args:
            as_of: the time by which a batch must have been drawn whole for its
                outcomes to count as answers; None for now. It filters no row.
        """
        rows = self.tables.read("annotations")
        return self._with_outcomes(rows, as_of) if self._outcomes_are_complete else rows

    def labels(self) -> pa.Table:
        """Return the resolved answer of each question."""
        return current.label_questions(
            self.annotations(), self.samples(), numbers=self._answers_are_numbers
        )

    def quarantine(self, batches: Iterable[str] | None = None) -> pa.Table:
        """Return the quarantined rows of live attempts; a row that a killed run wrote twice counts once.

        Args:
            batches: whose rows; None for all.
        """
        names = [None] if batches is None else batches
        rows = pa.concat_tables(self.tables.read("quarantine", batch=name) for name in names)
        live = where_in(rows, "attempt", *self.published.values())
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
        """Return the ids of predictions that have an outcome or a valid answer."""
        latest = current.latest_annotations(self.tables.read("annotations"))
        return relations.column(
            where_in(latest, "state", current.VALID, current.OUTCOME), "prediction_id"
        )

    def predictions(self, ids: Iterable[str], columns: Sequence[str]) -> pa.Table:
        """Return predictions by their ids, from any batch.

        Args:
            ids: of the wanted predictions; without any, nothing is read.
            columns: of `pipelines.tables.schemas.PREDICTIONS`; `prediction_id` comes first.

        Returns:
            The predictions of the job that have one of these ids.
        """
        names, wanted = ["prediction_id", *columns], set(ids)
        if not wanted:
            return table_of(pa.schema([TABLES["predictions"].field(name) for name in names]), [])
        return self.tables.read("predictions", names, where={"prediction_id": wanted})

    def _without_large_columns(self, name: str, *more: str) -> pa.Table:
        """Return the small columns of a table and some others, in the order of its schema."""
        wanted = {*light_columns(name), *more}
        return self.tables.read(name, [column for column in TABLES[name].names if column in wanted])

    def _draw_keys(self, rows: pa.Table) -> list[tuple[Any, ...]]:
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
            if row["state"] == current.OUTCOME and row["prediction_id"] in digests:
                row |= {"state": current.VALID, "shown_digest": digests[row["prediction_id"]]}
        return table_of(ANNOTATIONS, rows)


def of_purpose(rows: pa.Table, purpose: str) -> pa.Table:
    """Return the rows that check predictions, or those that label rows to train on."""
    return where_in(rows, "purpose", purpose)


def _stratum_key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*_SERIES, "stratum"))


def _with_probabilities(samples: pa.Table, chances: list[float | None]) -> pa.Table:
    place = samples.schema.get_field_index("inclusion_probability")
    gaps = np.array([chance is None for chance in chances], np.bool_)
    values = float_array([chance or 0.0 for chance in chances], gaps)
    return samples.set_column(place, "inclusion_probability", values)
