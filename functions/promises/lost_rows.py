"""Rows that are there no more, though other tables or the record of steps tell of them.

Tables are compared with each other, since a table that somebody deleted, or deleted rows
of, says nothing about it. A killed step stores rows before it records them, so that more
rows than are recorded are nothing to tell. For the same reason `runs` is opened before the
tables that it tells of: `batches_are_whole`, the first check, does so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from functions.batches import attempts
from functions.batches.attempts import Attempt
from functions.draws.designs import designs
from functions.erasure.erasures import erasing_runs, erasures
from functions.tables import Views
from pipelines.columns import relations
from pipelines.columns.utc_times import micros_of
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables

_RECORDED = {
    "annotations": ("pull", "annotations"),
    "questions": ("push", "questions"),
    "estimates": ("estimate", "stored"),
    "looks": ("estimate", "looks"),
    "alerts": ("alerts", "alerts"),
}  # table -> the step that appends to it, and what its run calls the number of rows
_REPLACED = "predictions"  # the only table whose commits may replace rows


def lost_batches(views: Views) -> Iterator[str]:
    """Yield batches that were published, as the record of later or of the same runs tells."""
    newest: dict[str, Attempt] = {}
    for attempt in attempts.attempts(views.tables).values():  # in the order of their commits
        newest[attempt.batch] = attempt
    table, erased = views.tables.table("predictions"), erasures(views.tables)
    identity = table.identity()
    for batch, attempt in sorted(newest.items()):
        removed = erased.removed_at(batch)
        if removed is not None and removed > attempt.known_at:
            continue
        number = table.transaction(attempts.transaction_id(views.tables.job, batch))
        is_gone = identity is None or attempt.table not in (None, identity)
        is_behind = (attempt.number or 1) - 1 > number
        if is_gone or is_behind or (number and batch not in views.published):
            yield f"batch {batch} was scored, as `runs` has it, and `predictions` lost it"


def lost_draws(views: Views) -> Iterator[str]:
    """Yield draws that a run has recorded or people were asked about, and no design holds."""
    columns = ["batch", "purpose", "draw_no"]
    there = {tuple(row.values()) for row in views.designs.select(columns).to_pylist()}
    erased, table = erasures(views.tables), views.tables.table("designs")
    for outputs in _outputs(views.tables, "sample"):
        for batch, number in outputs.items():
            if (batch, VERIFY, number) not in there:
                # draws of a batch that was removed are numbered anew
                again = table.transaction(attempts.draws_id(views.tables.job, batch))
                if erased.removed_at(batch) and number > again:
                    continue
                yield f"draw {number} of batch {batch} is recorded in `runs`, and `designs` lost it"
    names = ["purpose", "prediction_id", "batch"]
    drawn = {tuple(row.values()) for row in views.samples().select(names).to_pylist()}
    asked = {tuple(row.values()) for row in views.questions.select(names).to_pylist()}
    for batch, count in sorted(Counter(batch for *_, batch in asked - drawn).items()):
        yield f"batch {batch}: people were asked about {count} rows that `samples` lost"


def lost_populations(views: Views) -> Iterator[str]:
    """Yield batches whose newest draw knows other numbers of rows than `populations` has of it."""
    for batch, design in sorted(designs(views, VERIFY).items()):
        rows = views.tables.read("populations", ["known_at"], batch=batch)
        moments = relations.microseconds(rows, "known_at")
        there = int((moments == micros_of(design.known_at)).sum())
        if there != design.sizes.sum():
            yield (
                f"batch {batch}: draw {design.draw_no} is of {design.sizes.sum()} rows, "
                f"and `populations` has {there}"
            )


def lost_answers(views: Views) -> Iterator[str]:
    """Yield that all answers are gone, where draws and figures have counted some."""
    is_removed = erasures(views.tables).rows.get("annotations")
    if is_removed or views.tables.read("annotations", ["annotation_id"]).num_rows:
        return
    counted = [
        *views.designs["answers_seen"].to_pylist(),
        *views.tables.read("estimates", ["n_answered"])["n_answered"].to_pylist(),
    ]
    if any(counted):
        yield "draws or estimates have counted answers, and `annotations` has none"


def fewer_rows(tables: Tables, *names: str) -> Iterator[str]:
    """Yield tables with fewer rows than steps have recorded, or with rows that somebody deleted.

    Args:
        tables: of the job.
        *names: of append-only tables; of those that no step counts, only deletions are told.
    """
    erased, ours = erasures(tables), erasing_runs(tables)
    for name in names:
        if name in _RECORDED:
            step, key = _RECORDED[name]
            recorded = sum(outputs.get(key, 0) for outputs in _outputs(tables, step))
            recorded -= erased.rows.get(name, 0)
            there = tables.read(name, ["job"]).num_rows
            if there < recorded:
                yield f"`{name}` has {there} rows, and `runs` recorded {recorded}"
        yield from _deletions(tables, name, ours)


def _deletions(tables: Tables, name: str, ours: Container[str]) -> Iterator[str]:
    found = tables.table(name).deletions(erasures=ours, may_replace=name == _REPLACED)
    kinds = Counter(found)
    for kind, count in sorted(kinds.items()):
        yield f"rows of `{name}` were taken away by hand: its log has {count} times {kind}"


def _outputs(tables: Tables, step: str) -> Iterable[Mapping[str, Any]]:
    """Return what the runs of a step have recorded."""
    rows = relations.records(tables.read("runs", ["outputs"], where={"step": [step]}))
    return [json.loads(row["outputs"]) for row in rows]
