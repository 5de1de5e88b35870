"""Draw a probability sample of a batch's predictions, and store its whole design."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from functions.app import App
from functions.batches import attempts
from functions.batches.attempts import Attempt
from functions.batches.failures import first_of
from functions.draws import predictions as predicted
from functions.draws import rows_shown
from functions.draws.designs import Design, designs, population_digest, seed_digest
from functions.draws.planner import Plan, Planner
from functions.draws.predictions import BatchPredictions
from functions.steps.score import require_scored
from functions.tables import Views, of_purpose, open_views
from labeling.questions.shown import shown_digest
from pipelines.columns.buffers import Int64s, bool_array, coded_texts, int_array, time_array
from pipelines.columns.utc_times import micros_of
from pipelines.errors import RecheckError, StepMissing
from pipelines.sampling.draws import Draw, draw
from pipelines.sampling.population import Population, domain_counts
from pipelines.sampling.strata import Strata
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import DESIGNS, POPULATIONS, SAMPLES, table_of

_WAIT = 60  # seconds for another command to end its draws


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """What `recheck sample` was told."""

    batches: tuple[str, ...] = ()
    budget: int | None = None
    redraw: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of a draw."""

    stratum: str
    size: int
    sampled: int
    probability: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """The draw of a batch."""

    batch: str
    sampled: int
    draw: int  # its number; a repeat that draws nothing has the same
    reason: str
    strata: list[Stratum]
    is_new: bool


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The draw of each batch, or why there is none; draws hold, whatever failed beside them."""

    drawn: list[Drawn]
    failed: dict[str, RecheckError]  # by batch

    @property
    def failure(self) -> RecheckError | None:
        """The error of the first batch that failed, with the names of the others."""
        return first_of(self.failed)


def sample(app: App, options: SampleOptions) -> SampleResult:
    """Draw from these batches, or from every scored one; the same again draws nothing.

    Errors of one batch (a smaller budget or another seed after a draw, an input
    that is not what was scored) are part of the result.

    Raises:
        StepMissing: a batch was not scored.
        ConcurrentRun: another command draws for the same job.
    """
    with app.store.lock(f"sample-{app.job.name}", wait=_WAIT):
        views = open_views(app)
        live = attempts.live(views.tables)
        scored = (batch for batch, attempt in live.items() if attempt.predictions)
        batches = options.batches or tuple(sorted(scored))
        for batch in batches:
            require_scored(live, batch)
        known, seen = designs(views, VERIFY), answers_seen(views)
        result = SampleResult([], {})
        for batch in app.track(batches, len(batches), "Sampling"):
            try:
                drawn = _Batch(app, views, live[batch], known.get(batch), seen).draw(options)
                result.drawn.append(drawn)
            except RecheckError as error:
                result.failed[batch] = error
        return result


def answers_seen(views: Views) -> int:
    """Count the questions of the job that have an answer."""
    return int(of_purpose(views.labels(), VERIFY).num_rows)


@dataclass(frozen=True, slots=True)
class _Batch:
    """One batch that is drawn from."""

    app: App
    views: Views
    attempt: Attempt
    design: Design | None
    answers_seen: int

    def draw(self, options: SampleOptions) -> Drawn:
        rows = predicted.read(self.app, self.views.tables, self.attempt)
        self._require_cohorts(rows.population)
        planner = Planner(
            self.app, self.views, self.attempt, rows.population, self.design, self.answers_seen
        )
        plan = planner.plan(options.budget, options.redraw)
        if plan is None:
            return self._held(self.design)
        if not options.dry_run:
            self._store(rows, plan)
        strata = _told(plan.strata.names, plan.strata.sizes, plan.allocated)
        total = int(plan.allocated.sum())
        return Drawn(self.attempt.batch, total, self._number, plan.reason, strata, is_new=True)

    def _require_cohorts(self, population: Population) -> None:
        """What may divide the batch must be known of its rows."""
        known = {cohort.name for cohort in population.cohorts}
        absent = [name for name in self.app.job.sampling.cohorts if name not in known]
        if absent and len(population):
            raise StepMissing(
                f"batch {self.attempt.batch!r} was scored without the cohort {absent[0]!r} of sampling.cohorts",
                fix=f"run `recheck score … --batch {self.attempt.batch} --replace`, or take it out of sampling.cohorts",
            )

    def _held(self, design: Design | None) -> Drawn:
        """What was drawn before; a plan is only missing where a design holds."""
        if design is None:
            raise TypeError("nothing was drawn, and nothing is to be drawn")
        strata = _told(design.names, design.sizes, design.allocated)
        total = int(design.allocated.sum())
        return Drawn(self.attempt.batch, total, design.draw_no, design.reason, strata, is_new=False)

    @property
    def _number(self) -> int:
        return self.design.draw_no + 1 if self.design else 1

    def _store(self, rows: BatchPredictions, plan: Plan) -> None:
        """Populations, then samples, then the design: a draw without a design never happened."""
        series = self._number if plan.begins or self.design is None else self.design.series
        head = {
            "job": self.app.job.name,
            "batch": self.attempt.batch,
            "draw_no": self._number,
            "purpose": VERIFY,
        }
        drawn = draw(rows.population, plan.strata, plan.allocated)
        samples = self._samples(rows, plan, drawn)
        made = self._designs(rows.population, plan)
        transaction = (f"sample/{self.app.job.name}/{self.attempt.batch}/{VERIFY}", self._number)
        with self.app.committing() as moment:
            common = {**head, "series": series, "known_at": moment}
            store = self.app.store
            store.table("populations").append(
                _population_table(head, moment, rows.population, plan.strata, drawn.rows)
            )
            store.table("samples").append(table_of(SAMPLES, [{**common, **row} for row in samples]))
            rows_of_design = table_of(DESIGNS, [{**common, **row} for row in made])
            store.table("designs").append(rows_of_design, transaction=transaction)

    def _samples(self, rows: BatchPredictions, plan: Plan, drawn: Draw) -> list[dict[str, Any]]:
        """The rows that were not drawn before, as people see them."""
        places = [
            (int(row), int(stratum), int(rank))
            for row, stratum, rank in zip(drawn.rows, drawn.strata, drawn.ranks, strict=True)
            if rows.ids[int(row)] not in plan.kept
        ]
        seen = rows_shown.shown(
            self.app, self.attempt.batch, [rows.ids[row] for row, *_ in places], self.attempt.digest
        )
        return [self._sample(rows, plan, place, seen) for place in places]

    def _sample(
        self,
        rows: BatchPredictions,
        plan: Plan,
        place: tuple[int, int, int],
        seen: Mapping[str, str],
    ) -> dict[str, Any]:
        row, stratum, rank = place
        size = int(plan.strata.sizes[stratum])
        text = seen[rows.ids[row]]
        return {
            **rows.row(row), "stratum": plan.strata.names[stratum], "stratum_size": size, "rank": rank,
            "inclusion_probability": float(plan.allocated[stratum] / size),
            "shown": text, "shown_digest": shown_digest(self.app.job.labeling.question, text),
        }  # fmt: skip

    def _designs(self, population: Population, plan: Plan) -> list[dict[str, Any]]:
        strata = plan.strata
        domains = domain_counts(
            strata.codes, len(strata.names), population.labels, population.cohorts
        )
        common = {
            "version": self.attempt.version, "input_digest": self.attempt.digest, "budget": plan.budget,
            "population_digest": population_digest(population), "seed_digest": seed_digest(self.app),
            "survey_digest": rows_shown.survey_digest(self.app.job),
            "actor": self.app.settings.actor, "reason": plan.reason, "answers_seen": self.answers_seen,
        }  # fmt: skip
        return [
            {
                **common,
                "stratum": name,
                "size": int(size),
                "allocated": int(taken),
                "domains": json.dumps(domain, ensure_ascii=False),
            }
            for name, size, taken, domain in zip(
                strata.names, strata.sizes, plan.allocated, domains, strict=True
            )
        ]


def _told(names: Sequence[str], sizes: Int64s, allocated: Int64s) -> list[Stratum]:
    return [
        Stratum(name, int(size), int(taken), float(taken / size))
        for name, size, taken in zip(names, sizes, allocated, strict=True)
    ]


def _population_table(
    head: Mapping[str, Any],
    moment: datetime,
    population: Population,
    strata: Strata,
    sampled: Int64s,
) -> pa.Table:
    n = len(population)
    taken = np.zeros(n, np.bool_)
    taken[sampled] = True
    same = {
        name: coded_texts(np.zeros(n), [head[name]]).dictionary_decode()
        for name in ("job", "batch", "purpose")
    }
    columns = {
        **same,
        "draw_no": int_array(np.full(n, head["draw_no"])).cast(pa.int32()),
        "id_high": int_array(population.ids[:, 0].view(np.int64)),
        "stratum": coded_texts(strata.codes, strata.names).dictionary_decode(),
        "is_sampled": bool_array(taken),
        "known_at": time_array(np.full(n, micros_of(moment))),
    }
    return pa.table([columns[name] for name in POPULATIONS.names], schema=POPULATIONS)
