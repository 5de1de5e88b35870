"""The reads behind a plan: which outcomes came, and which rows an earlier draw was drawn from."""

from __future__ import annotations

import pyarrow.compute as pc

from functions import tables
from functions.app import App
from functions.batches.attempts import Attempt
from functions.draws.designs import VERIFY, population_digest, seed_digest
from functions.draws.rows_shown import survey_digest
from infra.store import Store
from pipelines.columns.buffers import time_array
from pipelines.columns.relations import where_in
from pipelines.identity.keyed_hash import hex_text
from pipelines.job.job_file import Job
from pipelines.sampling.carryover import EarlierDraw
from pipelines.sampling.membership import earlier_draw
from pipelines.sampling.plan import (
    Basis,
    Design,
    DrawRequest,
    Plan,
    ScoredBatch,
    next_step,
    plan,
)
from pipelines.sampling.population import Population
from pipelines.tables.schemas import micros


def scored_batch(
    app: App, attempt: Attempt, population: Population, answers_seen: int
) -> ScoredBatch:
    """A batch as it is to be drawn from.

    Args:
        app: whose job, and whose outcomes.
        attempt: the scoring that is live.
        population: its predictions.
        answers_seen: answers to the job's questions so far.

    Returns:
        What a plan starts from.
    """
    basis = _basis(app.job, attempt, population)
    has_all = _has_all_outcomes(app, population)
    return ScoredBatch(attempt.batch, population, basis, has_all, answers_seen)


def plan_of(
    app: App, batch: ScoredBatch, request: DrawRequest, design: Design | None
) -> Plan | None:
    """What to draw; None where what was drawn holds.

    Args:
        app: whose store keeps the earlier draw.
        batch: as it is now.
        request: what is asked for.
        design: the newest of the batch, if any.

    Returns:
        As `pipelines.sampling.plan.plan`; the rows of the earlier draw are read
        only where the plan looks at them.

    Raises:
        DrawRefused: a smaller budget, or another seed, after a draw; or a
            version that was trained on the answers of the draw.
    """
    earlier = None
    if design is not None and next_step(batch, request, design).needs_membership:
        earlier = _membership(app.store, app.job.name, batch.name, design)
    return plan(batch, request, design, earlier)


def _basis(job: Job, attempt: Attempt, population: Population) -> Basis:
    return Basis(
        version=attempt.version,
        input_digest=attempt.digest,
        population_digest=population_digest(population),
        survey_digest=survey_digest(job),
        seed_digest=seed_digest(job),
    )


def _has_all_outcomes(app: App, population: Population) -> bool:
    """Whether the job says that outcomes come for every row, and they have."""
    if app.job.labeling.outcomes != "complete" or not len(population):
        return False
    ids = hex_text(population.ids)
    return bool(pc.all(pc.is_in(ids, value_set=tables.outcome_ids(app))).as_py())


def _membership(store: Store, job: str, batch: str, design: Design) -> EarlierDraw:
    """Which stratum each row was in, as it was stored with the draw."""
    rows = store.table("populations").read(partition={"job": job, "batch": batch})
    rows = where_in(rows, "purpose", VERIFY)
    is_of_draw = pc.and_(
        pc.equal(rows["draw_no"], design.draw_no),
        pc.equal(rows["known_at"], time_array([micros(design.known_at)])[0]),
    )
    return earlier_draw(rows.filter(is_of_draw), design.names)
