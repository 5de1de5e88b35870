"""Plans of draws: the reads of `pipelines.sampling.plan`, which decides."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from functions.batches.attempts import CONTENT, Attempt
from functions.draws.designs import population_digest, seed_digest
from functions.draws.rows_shown import survey_digest
from functions.tables import Views
from pipelines.columns import relations
from pipelines.columns.buffers import bool_array, integers
from pipelines.columns.utc_times import micros_of
from pipelines.identity.keyed_hash import hex_text
from pipelines.job.job_file import Job
from pipelines.sampling.carryover import EarlierDraw
from pipelines.sampling.membership import earlier_draw, first_64_bits
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
from pipelines.sampling.strata import Strata
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables


def scored_batch(
    job: Job, views: Views, attempt: Attempt, population: Population, answers_seen: int
) -> ScoredBatch:
    """Return a batch as the planner takes it.

    Args:
        job: the job file.
        views: of its tables, for known outcomes.
        attempt: the live scoring of the batch.
        population: its predictions.
        answers_seen: answers to the job's questions so far.

    Returns:
        The batch, to be given to `plan_of`.
    """
    basis = Basis(
        version=attempt.version,
        input_digest=attempt.digest,
        population_digest=population_digest(population),
        survey_digest=survey_digest(job),
        seed_digest=seed_digest(job),
        content_digest=attempt.rules.get(CONTENT),
    )
    is_complete = job.labeling.outcomes == "complete" and _have_outcomes(views, population)
    return ScoredBatch(attempt.batch, population, basis, is_complete, answers_seen)


def plan_of(
    tables: Tables, batch: ScoredBatch, request: DrawRequest, design: Design | None
) -> Plan | None:
    """Return the plan of the next draw; None where the earlier draw holds.

    Args:
        tables: of the job, with the earlier draw.
        batch: the batch as it is now.
        request: the budget, the cohorts and the reason for a redraw, if any.
        design: the newest design of the batch, if any.

    Returns:
        As `pipelines.sampling.plan.plan`; the rows of the earlier draw are read
        only where the plan looks at them.

    Raises:
        DrawRefused: a smaller budget, or another seed, after a draw; or a
            version that was trained on the answers of the draw.
    """
    earlier = None
    if design is not None and next_step(batch, request, design).needs_earlier_draw:
        earlier = drawn_rows(tables, batch.name, design)
    return plan(batch, request, design, earlier)


def _have_outcomes(views: Views, population: Population) -> bool:
    """Tell whether the outcome of every row is known."""
    if not len(population):
        return False
    ids = hex_text(population.ids)
    return bool(pc.all(pc.is_in(ids, value_set=views.outcome_ids())).as_py())


def stored_strata(
    tables: Tables, batch: str, design: Design, population: Population
) -> Strata | None:
    """Return the stratum of each prediction (n,), as it was stored with the draw.

    Args:
        tables: of the job.
        batch: its name.
        design: of the draw.
        population: the predictions that the batch has now.

    Returns:
        The strata; None where the draw was of other rows than these.
    """
    earlier = drawn_rows(tables, batch, design)
    places = earlier.places(first_64_bits(population.ids))
    if len(earlier.ids) != len(places) or (places < 0).any():
        return None
    return Strata(earlier.strata.names, earlier.strata.codes[places])


def drawn_rows(tables: Tables, batch: str, design: Design) -> EarlierDraw:
    """Read which stratum each row was in, as it was stored with the draw.

    Args:
        tables: of the job.
        batch: its name.
        design: of the draw.

    Returns:
        The draw of all rows, its ids cut to 64 bits.
    """
    rows = tables.read("populations", batch=batch, where={"purpose": [VERIFY]})
    draws = integers(relations.column(rows, "draw_no").cast(pa.int64()))
    moments = relations.microseconds(rows, "known_at")
    is_of_draw = (draws == design.draw_no) & (moments == micros_of(design.known_at))
    return earlier_draw(rows.filter(bool_array(is_of_draw)), design.names)
