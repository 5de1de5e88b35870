"""The step `remove`: take the predictions, samples, tasks and answers of a job or of some batches away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from functions import label_studio
from functions.app import App
from functions.erasure.erasures import REMOVE
from functions.erasure.removal import Removal, known_batches
from functions.erasure.standstill import standstill
from functions.runs import Run
from pipelines.errors import BatchUnknown, RecheckError
from pipelines.input.batches import spelled


@dataclass(frozen=True, slots=True)
class RemoveOptions:
    """The options of `recheck remove`."""

    batches: tuple[str, ...] = ()  # without any, the whole job
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """The rows that were removed, by table, or would be; and what stays, in words."""

    removed: dict[str, int]
    kept: list[str]


def remove(app: App, options: RemoveOptions) -> Removed:
    """Remove all rows of some batches, or of the job; after a kill, the same command goes on.

    Raises:
        BatchUnknown: no table knows a batch.
        ConcurrentRun: another command of the job is at work.
        StoreUnavailable: the store is full, read-only or not there.
    """
    batches = tuple(dict.fromkeys(spelled(one, app.job.batches) for one in options.batches))
    if options.dry_run:
        planned = Removal(app.tables(), batches)
        _require_known(planned)
        return Removed(planned.rows, list(_kept(app, planned)))
    run = Run.of(REMOVE, batches)
    with app.recording(run, only_failed=True), standstill(app.store, app.job.name):
        removal = Removal(app.tables(), batches)
        _require_known(removal)
        tasks = _remove_tasks(app, removal)
        with app.committing() as moment:
            removal = Removal(app.tables(), batches)
            kept = [tasks, *_kept(app, removal)]
            run.outputs["removed"] = removal.rows
            app.keep_at(moment, [run])  # first: what is gone from then on was removed, not lost
            removal.remove(app.store, run.run_id)
        if not batches:
            _forget_notes(app)
    return Removed(removal.rows, kept)


def _require_known(removal: Removal) -> None:
    """Refuse a batch that no table has ever had rows of."""
    known = {
        *known_batches(removal.tables),
        *removal.tables.read("runs", ["batch"])["batch"].to_pylist(),
    }
    for batch in removal.batches:
        if batch not in known:
            raise BatchUnknown(
                f"no table has a row of batch {batch!r}",
                fix="`recheck status …` lists the batches",
            )


def _remove_tasks(app: App, removal: Removal) -> str:
    """Delete what people were asked in Label Studio; say how much, or why it stays."""
    from labeling.labelstudio import task_removal
    from labeling.labelstudio.projects import project_marker

    seed, name, count = app.job.sampling.seed, app.job.name, 0
    try:
        with label_studio.connect(app.label_studio, app.settings) as server:
            for purpose in label_studio.PURPOSES:
                marker = project_marker(seed, name, purpose)
                if removal.batches:
                    ids, tasks = removal.asked_ids, removal.tasks_at(server.url)
                    found = task_removal.find_tasks_of(server, marker, ids, tasks)
                    count += task_removal.remove_tasks(server, found)
                else:
                    count += task_removal.remove_project(server, marker)
    except RecheckError as error:
        if not removal.asked_ids:
            return "Label Studio: nobody was asked"
        return (
            f"Label Studio: {error.problem}; the tasks of {len(removal.asked_ids)} predictions stay there: "
            "delete them, or the next push takes them up again with their answers"
        )
    return f"Label Studio: {count} tasks are deleted at {server.url}, with their answers"


def _forget_notes(app: App) -> None:
    """Remove cursors and journals of the job."""
    for purpose in label_studio.PURPOSES:
        for step in ("push", "pull"):
            app.store.notes.delete(f"{step}-{app.job.name}-{purpose}.json")


def _kept(app: App, removal: Removal) -> Iterator[str]:
    """Say what stays, and where the rows may come from again."""
    job, store = app.job, app.store
    yield "the input, which is yours: `run` and `score` take the batches that it still holds as new"
    yield "runs: the record of what each command did"
    if job.model:
        yield f"models/{job.model.name}: packages, and which of them is live"
    if removal.pooled:
        yield (
            f"estimates: {removal.pooled} figures of other windows, some of which counted the removed rows: "
            "they were reported, and cannot be computed again"
        )
    for files, name in ((store.reports, f"{job.name}.html"), (store.known, f"{job.name}.json")):
        if files.head(name):
            yield f"{files.address}/{name}: as it was written"
