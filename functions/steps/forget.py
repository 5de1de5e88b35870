"""The step `forget`: erase one row everywhere, and keep what figures need of it under a tombstone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from functions import label_studio
from functions.app import App
from functions.erasure import edits, traces
from functions.erasure.erasures import FORGET
from functions.erasure.forgetting import Forgetting, forgetting
from functions.erasure.rewriting import Rewriting, rewritings
from functions.erasure.standstill import standstill
from functions.runs import Run
from infra import staged_input, staged_tables
from infra.clouds import is_remote
from infra.databases import is_table
from pipelines.errors import RecheckError, RowUnknown
from pipelines.scoring.forgotten_rows import forgotten_digests
from pipelines.tables.snapshot import Tables

_HOLDING = ("predictions", "samples", "questions", "annotations")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The rows that were erased or made tombstones, by table; and what else holds the row, in words."""

    removed: dict[str, int]
    kept: list[str]


def forget(app: App, key: str, *, dry_run: bool = False) -> Forgotten:
    """Erase the row of a key in every batch; after a kill, the same command goes on.

    Args:
        app: the job.
        key: as `predictions` has it: of several columns, a JSON array.
        dry_run: say what would be done; change nothing.

    Returns:
        What was erased, and what else holds the row.

    Raises:
        RowUnknown: no table has such a row.
        ConcurrentRun: another command of the job is at work.
        StoreUnavailable: the store is full, read-only or not there.
    """
    if dry_run:
        plan = _plan(app, key, uuid.uuid4().hex)
        return Forgotten(_counts(app.tables(), plan, key), list(_kept(app, plan, key)))
    run = Run.of(FORGET)
    with app.recording(run, only_failed=True), standstill(app.store, app.job.name):
        plan = _plan(app, key, run.run_id)
        run.run_id = plan.run
        app.store.note(
            _note(app), plan.to_json()
        )  # so that a repeat goes on with the same tombstones
        told = [_remove_tasks(app, plan), *_kept(app, plan, key)]
        with app.committing() as moment:
            tables = app.tables()
            counts = _counts(tables, plan, key)
            files = rewritings(app.job, app.store, tables, plan)
            _describe(run, app, plan, counts, files)
            app.keep_at(moment, [run])  # first: whoever looks for lost rows must know of it
            edits.edit(app.store, tables, plan, files, key)
            edits.clean(app.store, app.job.name)
        _remove_copies(app, plan)
        app.store.notes.delete(_note(app))
    return Forgotten(counts, told)


def _note(app: App) -> str:
    return f"{FORGET}-{app.job.name}.json"


def _plan(app: App, key: str, run: str) -> Forgetting:
    noted = app.store.noted(_note(app))
    earlier = Forgetting.from_json(noted) if noted else Forgetting(run, {}, {}, {}, {}, {})
    plan = forgetting(app.job, app.views(), key, earlier)
    if not plan.ids:
        raise RowUnknown(
            f"no table of job {app.job.name!r} has a row of the key {key!r}",
            fix='name the key as `recheck query --job … "select key from predictions"` has it; of several columns, '
            'it is a JSON array such as ["a","b"]',
        )
    return plan


def _counts(tables: Tables, plan: Forgetting, key: str) -> dict[str, int]:
    """Count the rows that are erased, or become tombstones, by table."""
    ids = {"prediction_id": list(plan.ids)}
    counts = {name: tables.read(name, ["prediction_id"], where=ids).num_rows for name in _HOLDING}
    quarantined = tables.read("quarantine", ["key"], where={"key": [key]}).num_rows
    return {**counts, "quarantine": quarantined}


def _describe(
    run: Run, app: App, plan: Forgetting, counts: dict[str, int], files: list[Rewriting]
) -> None:
    """Record what doctor needs: tombstones, how many rows are gone, and the digests of new files."""
    run.inputs = {"batches": sorted(set(plan.batches.values())), "replaced": {}}
    run.outputs = {
        "removed": {"questions": counts["questions"]},
        "tombstones": sorted(plan.ids.values()),
        "digests": forgotten_digests(app.job.sampling.seed, sorted(plan.ids)),
        "files": [],
    }
    run.files = {}
    for one in files:
        names = {old: file.name for old, file in one.files.items()}
        run.inputs["replaced"].setdefault(one.table, {}).update(names)
        digests = {file.name: file.digest or "" for file in one.files.values()}
        run.files.setdefault(one.table, {}).update(digests)
        run.outputs["files"] += sorted(digests)


def _remove_tasks(app: App, plan: Forgetting) -> str:
    """Delete what people were asked about the row; say how much, or why it stays."""
    from labeling.labelstudio import task_removal
    from labeling.labelstudio.projects import project_marker

    rows = app.tables().read(
        "questions", ["server", "task_id"], where={"prediction_id": list(plan.ids)}
    )
    asked, count = rows.to_pylist(), 0
    try:
        with label_studio.connect(app.label_studio, app.settings) as server:
            tasks = [row["task_id"] for row in asked if row["server"] == server.url]
            for purpose in label_studio.PURPOSES:
                marker = project_marker(app.job.sampling.seed, app.job.name, purpose)
                found = task_removal.find_tasks_of(server, marker, list(plan.ids), tasks)
                count += task_removal.remove_tasks(server, found)
    except RecheckError as error:
        if not asked:
            return "Label Studio: nobody was asked about the row"
        named = ", ".join(sorted({f"{row['task_id']} at {row['server']}" for row in asked}))
        return f"Label Studio: {error.problem}; delete task {named}"
    return f"Label Studio: {count} tasks are deleted at {server.url}, with their answers"


def _kept(app: App, plan: Forgetting, key: str) -> Iterator[str]:
    """Say what else holds the row."""
    batches = set(plan.batches.values())
    yield "tombstones: stratum, probability, cohorts, predicted label and answers, so that figures stand"
    yield from traces.in_input(app.data, plan.ids, batches)
    yield from traces.in_packages(app.job, app.store, app.settings, key, batches)
    yield from traces.in_pages(app.job, app.store, key, plan.ids)


def _remove_copies(app: App, plan: Forgetting) -> None:
    """Remove copies of input, and notes that name the row; both are made again where they are needed."""
    staged_tables.discard(str(app.data.folder), app.store)
    for path in (app.job.data.path, app.job.labeling.outcomes_path or ""):
        if is_remote(path) and not is_table(path):
            staged_input.discard(path, app.store)
    for purpose in label_studio.PURPOSES:
        name = f"push-{app.job.name}-{purpose}.json"
        noted = app.store.noted(name) or ""
        if any(json.dumps(one) in noted for one in plan.ids):
            app.store.notes.delete(name)
