"""Estimate from designs, samples and answers; keep each estimate, and each look at an alert's line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.alert_log import alerts
from functions.app import App
from functions.estimates import compute, scored
from functions.looks import past_looks, watch_of
from functions.runs import Run
from labeling.estimates.alerts import CROSSED, Alert, WatchedLine, listed, looks
from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import windows
from pipelines.columns import relations
from pipelines.errors import BatchUnknown, SettingsInvalid
from pipelines.input.batches import spelled
from pipelines.job.job_file import Job
from pipelines.tables.schemas import ESTIMATES, LOOKS, table_of
from pipelines.tables.snapshot import Tables

_IDENTITY = (
    "metric",
    "class",
    "cohort",
    "period",
    "window",
    "version",
    "as_of",
    "estimator_version",
    "n_answered",
)


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """What `recheck estimate` was told."""

    batches: tuple[str, ...] = ()
    as_of: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class EstimateResult:
    """What is known of the predictions, and of the lines that the job watches."""

    estimates: list[Estimate]
    lines: list[WatchedLine]  # each with its state
    alerts: list[Alert]  # those that are over included


def estimate(app: App, options: EstimateOptions) -> EstimateResult:
    """Estimate these batches and the windows that they lie in; look at the lines that are due.

    Raises:
        SettingsInvalid: `as_of` is no time.
        BatchUnknown: a batch was never scored.
    """
    run = Run.of("estimate", options.batches, {"answers": list(app.job.target.answers)})
    with app.recording(run, dry_run=options.dry_run or options.as_of is not None):
        found = _estimate(app, options, run)
        run.rows = len(found.estimates)
        run.outputs |= {"alerts": sum(line.state == CROSSED for line in found.lines)}
    return found


def _estimate(app: App, options: EstimateOptions, run: Run) -> EstimateResult:
    views = app.views()
    batches = scored_batches(app.job, views.tables, options.batches)
    moment = moment_of(options.as_of)
    found = compute(app.job, views, moment)
    if moment is not None:
        found = as_they_were(views.tables, found, moment)
    is_kept = options.as_of is None and not options.dry_run
    if is_kept:
        run.outputs["stored"] = _keep(app, views.tables, found)
    lines, taken = _looked(app, views.tables, found, moment, take=is_kept)
    run.outputs["looks"] = taken
    standing = alerts(app.job, app.tables() if taken else views.tables, moment)
    return EstimateResult(list(_of_batches(found, batches)), listed(lines), standing)


def _looked(
    app: App, tables: Tables, found: Sequence[Estimate], as_of: datetime | None, *, take: bool
) -> tuple[list[WatchedLine], int]:
    """Return every watched line in every window; keep the looks that are taken now, and count them."""
    watch, at = watch_of(app.job), as_of or app.now()
    lines, fresh = looks(found, watch, past=past_looks(tables, as_of), at=at, take=take)
    if not fresh:
        return lines, 0
    with app.committing() as moment:  # another run may have looked since
        known = {one.identity for one in past_looks(app.tables())}
        rows = [
            {**one.row(), "job": app.job.name, "known_at": moment}
            for one in fresh
            if one.identity not in known
        ]
        if rows:
            app.store.table("looks").append(table_of(LOOKS, rows))
    return looks(found, watch, past=past_looks(app.tables()), at=at, take=False)[0], len(rows)


def moment_of(text: str | None) -> datetime | None:
    """Return the time that `--as-of` names; None where it names none.

    Raises:
        SettingsInvalid: it is no time.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsInvalid(
            f"--as-of {text!r} is no time", fix="write it like 2026-11-20T05:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def scored_batches(job: Job, tables: Tables, batches: Sequence[str]) -> list[str]:
    """Return the names of batches, as a person wrote them, the way that scoring spells them.

    Args:
        job: the job file.
        tables: of the job.
        batches: as they were typed.

    Returns:
        The names.

    Raises:
        BatchUnknown: one was never scored.
    """
    known = {scoring.batch for scoring in scored(tables)}
    names = [spelled(batch, job.batches) for batch in batches]
    for batch in names:
        if batch not in known:
            raise BatchUnknown(
                f"no batch {batch!r} was scored",
                fix="`recheck status …` lists the batches; `recheck score …` scores what is due",
            )
    return names


def as_they_were(tables: Tables, found: Sequence[Estimate], moment: datetime) -> list[Estimate]:
    """Put stored figures of older formulas back: what was said then is not restated.

    Args:
        tables: of the job.
        found: estimates as known at the moment, by today's formulas.
        moment: of `--as-of`.

    Returns:
        The estimates. Of several stored rows about the same facts, the last one
        that was stored by the moment counts, else the first.
    """
    stored: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    every = relations.records(tables.read("estimates"))
    for row in sorted(every, key=lambda row: row["known_at"]):
        stored.setdefault(_facts(row), []).append(row)
    restored = []
    for estimate in found:
        rows = stored.get(_facts(estimate.record()), [])
        by_then = [row for row in rows if row["known_at"] <= moment]
        of_older = [
            row
            for row in by_then[-1:] or rows[:1]
            if row["estimator_version"] != estimate.estimator_version
        ]
        restored += [estimate.as_stored(row) for row in of_older] or [estimate]
    return restored


def _facts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _IDENTITY if name not in {"estimator_version", "n_answered"})


def _of_batches(found: Iterable[Estimate], batches: Sequence[str]) -> Iterable[Estimate]:
    if not batches:
        return found
    around = {item for batch in batches for item in windows(batch).items()}
    return [one for one in found if (one.period, one.window) in around]


def _keep(app: App, tables: Tables, found: Sequence[Estimate]) -> int:
    """Append what is not stored yet, and count it; an estimate that rests on the same facts is the same."""
    records = _unstored(tables, [estimate.record() for estimate in found])
    if not records:
        return 0
    with app.committing() as moment:  # another run may have stored them since
        if fresh := _unstored(app.tables(), records):
            rows = [{**record, "job": app.job.name, "known_at": moment} for record in fresh]
            app.store.table("estimates").append(table_of(ESTIMATES, rows))
    return len(fresh)


def _unstored(tables: Tables, records: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    known = {_identity(row) for row in relations.records(tables.read("estimates", _IDENTITY))}
    return [record for record in records if _identity(record) not in known]


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _IDENTITY)
