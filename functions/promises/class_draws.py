"""P2: draws that ask more about a class come out again from what was stored of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from functions.batches import attempts
from functions.batches.attempts import Attempt, FileDigests, has_class_scores
from functions.draws import predictions
from functions.draws.planner import stored_strata
from functions.tables import Views
from pipelines.job.job_file import Job
from pipelines.sampling.allocation import allocate, class_targets
from pipelines.sampling.plan import Design
from pipelines.tables.snapshot import Tables

_MOST = 200_000  # rows of a batch whose predictions are read again


def wrong_class_draws(job: Job, views: Views, newest: Mapping[str, Design]) -> Iterator[str]:
    """Yield draws whose targets or allocation do not follow from their strata, goal and predictions.

    Args:
        job: the job file.
        views: of its tables.
        newest: the newest design of each batch.

    Yields:
        A sentence for each. Targets are computed again where the predictions are those
        that were drawn from; an allocation that had to keep rows of an earlier design
        follows from that one, too, and is left out.
    """
    live, digests = attempts.live(views.tables), attempts.file_digests(views.tables)
    carried = _carried(views)
    for batch, design in sorted(newest.items()):
        if design.goal is None or design.wanted is None:
            continue
        if (batch, design.series) not in carried and not _follows(design):
            yield f"batch {batch}: its allocation does not follow from the targets of its strata"
        if batch not in live:
            continue
        attempt = live[batch]
        files = digests.get(attempt.id, {})
        if not _comes_out_again(job, views.tables, attempt, files, design):
            yield f"batch {batch}: the targets of its strata do not follow from its predictions"


def _carried(views: Views) -> set[tuple[str, int]]:
    """Return the batch and number of each draw that was carried over."""
    rows = views.designs.select(["batch", "draw_no", "reason"]).to_pylist()
    return {(row["batch"], row["draw_no"]) for row in rows if row["reason"] == "carried over"}


def _follows(design: Design) -> bool:
    """Tell whether so many rows, divided by the targets, make the allocation: top-ups change nothing."""
    if design.wanted is None:
        return True
    total = int(design.allocated.sum())
    return bool(np.array_equal(allocate(design.sizes, design.wanted, total), design.allocated))


def _comes_out_again(
    job: Job, tables: Tables, attempt: Attempt, files: FileDigests, design: Design
) -> bool:
    """Tell whether the targets come out again; so they do where they cannot be computed."""
    same = (attempt.version, attempt.digest) == (design.version, design.input_digest)
    if not same or attempt.predictions > _MOST or not has_class_scores(attempt.rules, job):
        return True
    if job.sampling.for_ is None or design.goal is None or design.wanted is None:
        return True
    if design.draw_no != design.series:
        return True
    if job.sampling.for_.class_ != design.goal.class_:
        return True
    population = predictions.read(job, tables, attempt, None, files).population
    strata = stored_strata(tables, attempt.batch, design, population)
    return strata is not None and bool(
        np.array_equal(class_targets(strata, population, design.goal), design.wanted)
    )
