"""What is to be drawn from a batch: a first draw, a top-up, a redraw, or a draw carried over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions.app import App
from functions.batches.attempts import Attempt
from functions.draws.designs import Design, population_digest, seed_digest
from functions.draws.rows_shown import survey_digest
from functions.tables import CENSUS, Views, of_purpose
from pipelines.columns import relations
from pipelines.columns.buffers import (
    Bools,
    Hashes,
    Int64s,
    bool_array,
    booleans,
    dictionary_codes,
    integers,
)
from pipelines.columns.relations import where_in
from pipelines.columns.utc_times import micros_of
from pipelines.errors import DrawRefused
from pipelines.identity.keyed_hash import hex_text
from pipelines.job.sections import SEEN_IN_TRAINING
from pipelines.sampling.allocation import allocate, targets
from pipelines.sampling.carryover import EarlierDraw, carry_over
from pipelines.sampling.leakage import is_learned
from pipelines.sampling.population import MISSING, Population
from pipelines.sampling.strata import Strata, stratify
from pipelines.tables.purposes import VERIFY


@dataclass(frozen=True, slots=True)
class Plan:
    """Strata and rows to draw from each."""

    strata: Strata
    allocated: Int64s
    reason: str
    begins: bool  # a new series
    budget: int
    kept: frozenset[str] = field(default=frozenset())  # prediction ids that were drawn already


@dataclass(frozen=True, slots=True)
class Planner:
    """Decides what to draw from one batch."""

    app: App
    views: Views
    attempt: Attempt
    population: Population
    design: Design | None
    answers_seen: int

    def plan(self, asked: int | None, redraw: str | None) -> Plan | None:
        """What to draw; None where what was drawn holds.

        Args:
            asked: the budget that the command was told, if any.
            redraw: the reason for another design, if any.

        Raises:
            DrawRefused: a smaller budget, or another seed, after a draw; or a
                version that was trained on the answers of the draw.
        """
        if self._has_all_outcomes() and not redraw:
            return self._census()
        if self.design is not None and redraw:
            self._refuse_learned(self._membership(self.design))
        if self.design is None or redraw:
            return self._begin(asked or self.app.job.sampling.budget, redraw or "first")
        budget = asked or max(self.app.job.sampling.budget, self.design.budget)
        self._refuse(self.design, asked)
        if not self._is_current(self.design):
            earlier = self._membership(self.design)
            self._refuse_learned(earlier)
            return self._carry_over(earlier, budget)
        drawn = int(self.design.allocated.sum())
        if budget <= drawn or drawn == len(self.population):
            return None
        return self._top_up(self.design, budget)

    def _has_all_outcomes(self) -> bool:
        """Whether the job says that outcomes come for every row, and they have."""
        if self.app.job.labeling.outcomes != "complete" or not len(self.population):
            return False
        ids = hex_text(self.population.ids)
        return bool(pc.all(pc.is_in(ids, value_set=self.views.outcome_ids())).as_py())

    def _census(self) -> Plan | None:
        """Every row: its outcome is its answer."""
        if self.design and self._is_current(self.design) and self.design.reason == CENSUS:
            return None
        strata = stratify(self.population, len(self.population), self.app.job.sampling.cohorts)
        return Plan(strata, strata.sizes, CENSUS, True, len(self.population))

    def _is_current(self, design: Design) -> bool:
        """Whether the batch is still the one that was drawn from."""
        same = design.population_digest == population_digest(self.population)
        same = same and design.survey_digest in (None, survey_digest(self.app.job))
        return same and (design.version, design.input_digest) == (
            self.attempt.version,
            self.attempt.digest,
        )

    def _refuse(self, design: Design, asked: int | None) -> None:
        why = None
        if design.seed_digest != seed_digest(self.app):
            why = "with another seed"
        elif asked is not None and asked < min(design.budget, len(self.population)):
            why = f"with a budget of {design.budget}, and {asked} is less"
        if why:
            raise DrawRefused(
                f"batch {self.attempt.batch!r} was drawn {why}: another draw would change known probabilities",
                fix="pass --redraw REASON to begin another design; the earlier one stays on record",
            )

    def _begin(self, budget: int, reason: str) -> Plan:
        strata = stratify(self.population, budget, self.app.job.sampling.cohorts)
        return Plan(strata, self._allocated(strata, budget, None), reason, True, budget)

    def _top_up(self, design: Design, budget: int) -> Plan:
        strata = _again(self.population.ids, self._membership(design))
        allocated = self._allocated(strata, budget, design.allocated)
        return Plan(strata, allocated, "top-up", False, budget, self._drawn_before(design))

    def _refuse_learned(self, earlier: EarlierDraw) -> None:
        """A version that has learned the answers of a draw cannot be judged by them."""
        if SEEN_IN_TRAINING not in {cohort.name for cohort in self.population.cohorts}:
            return  # it was not trained here
        places, is_known = _places(self.population.ids, earlier)
        trained = self.population.cohort(SEEN_IN_TRAINING).holds("true")[is_known]
        strata, sampled = earlier.strata.codes[places[is_known]], earlier.sampled[places[is_known]]
        if not is_learned(strata, sampled, trained):
            return
        count = int((sampled & trained).sum())
        raise DrawRefused(
            f"version {self.attempt.version} was trained on {count} of the {int(sampled.sum())} rows "
            f"that were drawn from batch {self.attempt.batch!r}, and on few others: it has learned their answers",
            fix="fit without the answers of rows that are checked (`push --purpose train` asks about others), "
            "or judge this version on later batches",
        )

    def _carry_over(self, earlier: EarlierDraw, budget: int) -> Plan:
        own = self.population
        coarse = Population(_coarse(own.ids), own.draws, own.labels, own.grid, own.cohorts)
        carried = carry_over(earlier, coarse, budget, self.app.job.sampling.cohorts)
        allocated = self._allocated(carried.strata, carried.budget, carried.at_least)
        return Plan(carried.strata, allocated, "carried over", True, carried.budget)

    def _allocated(self, strata: Strata, budget: int, at_least: Int64s | None) -> Int64s:
        points = self.population.grid.points
        known = points if self.population.grid.name == "score" else np.full(len(points), MISSING)
        wanted = targets(strata, known, answers_seen=self.answers_seen)
        return allocate(strata.sizes, wanted, budget, at_least=at_least)

    def _membership(self, design: Design) -> EarlierDraw:
        """Which stratum each row was in, as it was stored with the draw."""
        rows = self.views.tables.read(
            "populations", batch=self.attempt.batch, where={"purpose": [VERIFY]}
        ).combine_chunks()
        moments = relations.microseconds(rows, "known_at")
        of_draw = integers(relations.column(rows, "draw_no").cast(pa.int64())) == design.draw_no
        rows = rows.filter(bool_array(of_draw & (moments == micros_of(design.known_at))))
        ids, codes, sampled = (_whole(rows[name]) for name in ("id_high", "stratum", "is_sampled"))
        own, words = dictionary_codes(codes)
        places = {name: code for code, name in enumerate(design.names)}
        strata = Strata(design.names, np.array([places[word] for word in words], np.int32)[own])
        return EarlierDraw(
            _coarse(integers(ids).view(np.uint64)[:, None]), strata, booleans(sampled)
        )

    def _drawn_before(self, design: Design) -> frozenset[str]:
        samples = where_in(of_purpose(self.views.samples(), VERIFY), "batch", self.attempt.batch)
        series = integers(relations.column(samples, "series").cast(pa.int64()))
        drawn = samples.filter(bool_array(series == design.series))
        return frozenset(drawn["prediction_id"].to_pylist())


def _whole(column: Any) -> Any:
    joined = column.combine_chunks()
    return joined.chunk(0) if hasattr(joined, "chunk") else joined


def _coarse(ids: Hashes) -> Hashes:
    """Ids by their first 64 bits, as `populations` keeps them."""
    return np.stack([ids[:, 0], np.zeros(len(ids), np.uint64)], axis=1)


def _again(ids: Hashes, membership: EarlierDraw) -> Strata:
    """The strata of an earlier draw, for the same rows in another order."""
    places, _ = _places(ids, membership)
    return Strata(membership.strata.names, membership.strata.codes[places])


def _places(ids: Hashes, earlier: EarlierDraw) -> tuple[Int64s, Bools]:
    """Where each row stands in an earlier draw (n,), and whether it does at all (n,)."""
    order = np.argsort(earlier.ids[:, 0])
    found = np.searchsorted(earlier.ids[order, 0], ids[:, 0])
    places = order[np.minimum(found, len(order) - 1)]
    return places, earlier.ids[places, 0] == ids[:, 0]
