"""The step `report`: gather the facts of a job, and write them as one HTML page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions import estimates
from functions.alert_log import alerts
from functions.app import App
from functions.batches import attempts
from functions.batches.attempts import Attempt
from functions.draws.designs import designs as newest_designs
from functions.looks import past_looks, watch_of
from functions.runs import Run
from functions.steps.errors import rows_contradicted
from functions.steps.estimate import as_they_were, moment_of, scored_batches
from functions.tables import Views, of_purpose
from labeling.answers import current
from labeling.answers.agreement import agreement
from labeling.answers.cannot_tell import cannot_tell
from labeling.estimates.alerts import listed, looks
from labeling.estimates.alerts.missing_data import NO_DATA
from labeling.estimates.calibration import answered, calibration, pairs
from labeling.estimates.confusion import confusion
from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import of_evidence
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.gathering import evidence
from labeling.estimates.evidence.top_ups import topped_up
from labeling.estimates.families.forecast import more_answers
from labeling.estimates.known_truth import EXAMPLE, KnownTruth, known_truth
from labeling.estimates.window_views import Scoring
from labeling.report import Batch, Outcomes, Reason, ReportData, render
from pipelines.columns import relations
from pipelines.columns.buffers import bool_array, floats, int_array
from pipelines.columns.relations import known_by, where_in
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
    """Write the page.

    A page of some batches, or of an earlier time, does not take the place of the usual one.

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
    """Gather all data of the page; the estimates are those of `recheck estimate`.

    Of some batches, those of each and of all of them together: a week would be told by a part.
    """
    asked, views = options or ReportOptions(), app.views()
    moment = moment_of(asked.as_of)
    batches = scored_batches(app.job, views.tables, asked.batches)
    wanted = estimates.wanted(app.job)
    tables = _tables(views, batches, moment, scores=wanted.needs_scores)
    designs, samples, annotations = tables
    facts = evidence(designs, samples, annotations, moment, seed=app.job.sampling.seed)
    estimated = of_evidence(facts, wanted, _scored(views, batches, moment))
    if batches:
        estimated = [one for one in estimated if one.period in ("batch", "all")]
    elif moment:
        estimated = as_they_were(views.tables, estimated, moment)
    at = moment or app.now()
    truth, live = _known_truth(app), _live(views, batches, moment)
    data = ReportData(
        job=app.job.name,
        file=app.file,
        task=app.job.task,
        question=app.job.labeling.question,
        rule=app.job.batches,
        at=at,
        estimates=estimated,
        batches=_batches(live),
        reasons=_reasons(views, live),
        lines=app.job.alerts,
        topped_up=topped_up(designs, samples, annotations),
        asked_classes=_asked_classes(views),
        note=truth.note.strip() or None,
        truths=truth.windows,
        only=tuple(batches),
        outcomes=None if batches else _outcomes(app, views, annotations, samples),
        **_from_looks(app.job, views.tables, estimated, moment, at),
        **_from_answers(app.job, facts, annotations, samples),
        **_from_rows(app.job, views, batches, moment, tables),
    )
    return replace(data, more=more_answers(facts, wanted, data.headline) if data.headline else ())


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


def _from_answers(
    job: Job, facts: Evidence, annotations: pa.Table, samples: pa.Table
) -> dict[str, Any]:
    """Return what the answers show besides estimates."""
    is_classes = job.task == "classification"
    states = Counter(current.current_answers(annotations, samples)["state"].to_pylist())
    return {
        "agreement": agreement(annotations, samples, numbers=not is_classes),
        "cannot_tell": cannot_tell(annotations),
        "stale": states[current.STALE],
        "confusion": confusion(facts, job.target.answers) if is_classes else None,
        "calibration": calibration(answered(facts)) if is_classes else None,
        "pairs": None if is_classes else pairs(facts),
    }


def _from_rows(
    job: Job,
    views: Views,
    batches: Sequence[str],
    moment: datetime | None,
    tables: tuple[pa.Table, pa.Table, pa.Table],
) -> dict[str, Any]:
    """Return how many rows were drawn and asked about, and those that people contradict."""
    _, samples, annotations = tables
    drawn = _of(views.current_samples(moment, purpose=VERIFY, shown=True), batches)
    questions = known_by(of_purpose(views.questions, VERIFY), moment)
    rows = job.report.rows
    return {
        "drawn": Counter(drawn["batch"].to_pylist()),
        "pushed": _asked_about(questions, samples if batches else None).num_rows,
        "wrong": () if rows == "none" else rows_contradicted(job, views, drawn, annotations),
        "tells_rows": rows == "shown",
    }


def _tables(
    views: Views, batches: Sequence[str], moment: datetime | None, *, scores: bool
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return designs, samples and annotations that check predictions, as known then."""
    tables = views.designs, views.samples(scores=scores), views.annotations(moment)
    designs, samples, annotations = (known_by(of_purpose(rows, VERIFY), moment) for rows in tables)
    designs, samples = _of(designs, batches), _of(samples, batches)
    return designs, samples, _asked_about(annotations, samples if batches else None)


def _of(rows: pa.Table, batches: Sequence[str]) -> pa.Table:
    """Keep the rows of some batches; of all, where none is named."""
    return where_in(rows, "batch", *batches) if batches else rows


def _asked_about(rows: pa.Table, samples: pa.Table | None) -> pa.Table:
    """Keep the rows of predictions that are among the samples; all without them."""
    if samples is None:
        return rows
    return rows.filter(pc.is_in(rows["prediction_id"], samples["prediction_id"].combine_chunks()))


def _live(views: Views, batches: Sequence[str], moment: datetime | None) -> list[Attempt]:
    """Return the scoring of each batch that was live then."""
    if moment is None:
        found = attempts.live(views.tables)
    else:
        every = sorted(attempts.ever_published(views.tables), key=lambda one: one.known_at)
        found = {one.batch: one for one in every if one.known_at <= moment}
    return [found[name] for name in sorted(found) if not batches or name in batches]


def _scored(views: Views, batches: Sequence[str], moment: datetime | None) -> list[Scoring]:
    return [
        one
        for one in estimates.scored(views.tables)
        if (not batches or one.batch in batches) and (moment is None or one.known_at <= moment)
    ]


def _batches(live: Sequence[Attempt]) -> list[Batch]:
    return [
        Batch(one.batch, one.rows_in, one.predictions, one.quarantined, one.version) for one in live
    ]


def _asked_classes(views: Views) -> dict[str, str]:
    """Return the class that the draw of each batch asks more about."""
    drawn = newest_designs(views, VERIFY).items()
    return {batch: design.goal.class_ for batch, design in drawn if design.goal}


def _reasons(views: Views, live: Sequence[Attempt]) -> list[Reason]:
    """Count the quarantined rows of each reason, as the attempts recorded them.

    An attempt of an earlier release recorded no reasons; then its rows are counted.
    """
    counts = Counter[tuple[str, str | None]]()
    for attempt in live:
        counts.update({(reason, column): rows for reason, column, rows in attempt.bad or ()})
    unrecorded = [one.batch for one in live if one.bad is None and one.quarantined]
    if unrecorded:
        rows = views.quarantine(unrecorded)
        counts.update(zip(*(rows[name].to_pylist() for name in ("reason", "column")), strict=True))
    return [Reason(reason, column, count) for (reason, column), count in counts.items()]


def _outcomes(app: App, views: Views, annotations: pa.Table, samples: pa.Table) -> Outcomes | None:
    """Compare answers to rows that were not drawn with the predictions, which nothing else here reads."""
    answers = current.current_answers(annotations, samples)
    answers = relations.where_in(answers, "state", current.OUTCOME)
    if not answers.num_rows:
        return None
    made = views.predictions(answers["prediction_id"].to_pylist(), ["label", "value"])
    place = relations.places(answers, made, ["prediction_id"])
    answers, made = answers.filter(bool_array(place >= 0)), made.take(int_array(place[place >= 0]))
    return Outcomes(answers.num_rows, _closeness(app, answers, made) if answers.num_rows else None)


def _closeness(app: App, answers: pa.Table, made: pa.Table) -> float:
    """Return the share right, or the mean absolute error."""
    if app.job.task == "classification":
        return float(pc.mean(pc.equal(answers["answer"], made["label"])).as_py())
    answered = current.numbers_of(relations.column(answers, "answer"))
    return float(np.nanmean(np.abs(answered - floats(relations.column(made, "value")))))


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
