"""The step `report`: gather the facts of a job, and write them as one HTML page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from functions import estimates
from functions.alert_log import alerts
from functions.app import App
from functions.draws.designs import designs as newest_designs
from functions.looks import past_looks, watch_of
from functions.report_rows import ReportRows, batch_counts, quarantine_reasons
from functions.runs import Run
from functions.steps.errors import rows_contradicted
from functions.steps.estimate import as_they_were, moment_of, scored_batches
from functions.tables import Views
from labeling.answers import current
from labeling.answers.agreement import agreement
from labeling.answers.cannot_tell import cannot_tell
from labeling.answers.outcomes import Outcomes, outcomes
from labeling.estimates.alerts import listed, looks
from labeling.estimates.alerts.missing_data import NO_DATA
from labeling.estimates.calibration import answered, calibration, pairs
from labeling.estimates.confusion import confusion
from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import of_evidence
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.top_ups import topped_up
from labeling.estimates.families.chosen import Wanted
from labeling.estimates.families.forecast import more_answers
from labeling.estimates.known_truth import EXAMPLE, KnownTruth, known_truth
from labeling.report import ReportData, render
from pipelines.columns.relations import where_in
from pipelines.errors import RecheckError, SettingsInvalid
from pipelines.job.job_file import Job
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The address of a written page, and its data."""

    address: str
    data: ReportData


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The options of `recheck report`."""

    output: Path | None = None  # else into the store
    batches: tuple[str, ...] = ()
    as_of: str | None = None


def report(app: App, options: ReportOptions | None = None) -> ReportResult:
    """Write the page; one of some batches, or of an earlier time, does not replace the usual one.

    Args:
        app: the job.
        options: of the command.

    Returns:
        Where the page is, and what it shows.

    Raises:
        SettingsInvalid: the file of known truths cannot be read as such, or `as_of` is no time.
        BatchUnknown: a batch was never scored.
        StoreUnavailable: the page cannot be written.
    """
    asked = options or ReportOptions()
    run = Run.of("report", asked.batches)
    with app.recording(run):
        data = gather(app, asked)
        page = render(data).encode()
        run.bytes = len(page)
        if asked.output is not None:
            _write(asked.output, page)
            return ReportResult(str(asked.output), data)
        is_usual = not asked.batches and asked.as_of is None
        name = f"{app.job.name}.html" if is_usual else f"{app.job.name}.part.html"
        app.store.reports.put(name, page)
        run.outputs = {"report": name}
    return ReportResult(f"{app.store.reports.address}/{name}", data)


def _write(path: Path, page: bytes) -> None:
    try:
        path.write_bytes(page)
    except OSError as error:
        raise RecheckError(
            f"{path} cannot be written: {error.strerror}", fix="name another file by --output"
        ) from error


def gather(app: App, options: ReportOptions | None = None) -> ReportData:
    """Gather all data of the page; the estimates are those of `recheck estimate`."""
    asked, views = options or ReportOptions(), app.views()
    moment = moment_of(asked.as_of)
    batches = scored_batches(app.job, views.tables, asked.batches)
    wanted = estimates.wanted(app.job)
    rows = ReportRows.of(
        views, batches, moment, shown=_names_rows(app.job), scores=wanted.needs_scores
    )
    facts = rows.evidence(app.job.sampling.seed)
    estimated = _estimated(rows, facts, wanted)
    at = moment or app.now()
    answers = current.current_answers(rows.annotations, rows.samples)
    truth, live = _known_truth(app), rows.live()
    data = ReportData(
        job=app.job.name,
        file=app.file,
        task=app.job.task,
        question=app.job.labeling.question,
        rule=app.job.batches,
        at=at,
        estimates=estimated,
        batches=batch_counts(live),
        reasons=quarantine_reasons(views, live),
        lines=app.job.alerts,
        topped_up=topped_up(rows.designs, rows.samples, rows.annotations),
        asked_classes=_asked_classes(views),
        note=truth.note.strip() or None,
        truths=truth.windows,
        only=tuple(batches),
        outcomes=None if batches else _outcomes(app.job, views, answers),
        **_from_looks(app.job, views.tables, estimated, moment, at),
        **_from_answers(app.job, facts, rows, answers),
        **_from_draws(app.job, rows),
    )
    return replace(data, more=more_answers(facts, wanted, data.headline) if data.headline else ())


def _estimated(rows: ReportRows, facts: Evidence, wanted: Wanted) -> list[Estimate]:
    """Return the estimates of the page.

    For some batches, only those of single batches and of all of them together: they are
    a part of a week, and say nothing of the whole.
    """
    estimated = of_evidence(facts, wanted, rows.scorings())
    if rows.batches:
        return [one for one in estimated if one.period in ("batch", "all")]
    if rows.moment:
        return as_they_were(rows.views.tables, estimated, rows.moment)
    return estimated


def _from_looks(
    job: Job,
    tables: Tables,
    estimated: Sequence[Estimate],
    moment: datetime | None,
    at: datetime,
) -> dict[str, Any]:
    """Return the watched lines, without windows whose alert is over, and what data are missing."""
    past = past_looks(tables, moment)  # a report looks at no window: nothing would remember it
    lines, _ = looks(estimated, watch_of(job), past=past, at=at, take=False)
    standing = alerts(job, tables, moment)
    over = {(one.of_line, window) for one in standing if one.is_over for window in one.windows}
    return {
        "alerts": [one for one in listed(lines) if (one.line, one.window) not in over],
        "missing": [one.message for one in standing if one.metric == NO_DATA and not one.is_over],
    }


def _from_answers(job: Job, facts: Evidence, rows: ReportRows, answers: pa.Table) -> dict[str, Any]:
    """Return what the answers show besides estimates."""
    is_classes = job.task == "classification"
    states = Counter(answers["state"].to_pylist())
    return {
        "agreement": agreement(rows.annotations, rows.samples, numbers=not is_classes),
        "cannot_tell": cannot_tell(rows.annotations),
        "stale": states[current.STALE],
        "confusion": confusion(facts, job.target.answers) if is_classes else None,
        "calibration": calibration(answered(facts)) if is_classes else None,
        "pairs": None if is_classes else pairs(facts),
    }


def _from_draws(job: Job, rows: ReportRows) -> dict[str, Any]:
    """Return how many rows were drawn and asked about, and those that people contradict."""
    drawn = rows.drawn(shown=_names_rows(job))
    wrong = rows_contradicted(job, rows.views, drawn, rows.annotations) if _names_rows(job) else ()
    return {
        "drawn": Counter(drawn["batch"].to_pylist()),
        "pushed": rows.question_count(),
        "wrong": wrong,
        "tells_rows": job.report.rows == "shown",
    }


def _names_rows(job: Job) -> bool:
    """Tell whether the page may name rows that were predicted wrongly."""
    return job.report.rows != "none"


def _asked_classes(views: Views) -> dict[str, str]:
    """Return the class that the draw of each batch asks more about."""
    drawn = newest_designs(views, VERIFY).items()
    return {batch: design.goal.class_ for batch, design in drawn if design.goal}


def _outcomes(job: Job, views: Views, answers: pa.Table) -> Outcomes | None:
    """Compare outcomes with their predictions, which nothing else here reads; None without any."""
    came = where_in(answers, "state", current.OUTCOME)
    if not came.num_rows:
        return None
    predictions = views.predictions(came["prediction_id"].to_pylist(), ["label", "value"])
    return outcomes(came, predictions, numbers=job.task == "regression")


def _known_truth(app: App) -> KnownTruth:
    name = f"{app.job.name}.json"
    try:
        return known_truth(app.store.known.read(name).decode())
    except FileNotFoundError:
        return KnownTruth()
    except ValueError as error:
        raise SettingsInvalid(
            f"{app.store.known.address}/{name} says no known truth: {error}",
            fix=f"write it like {EXAMPLE}, or remove the file",
        ) from error
