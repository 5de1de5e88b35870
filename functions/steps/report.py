"""The step `report`: gather the facts of a job, and write them as one HTML page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions import estimates
from functions.alert_log import alerts
from functions.app import App
from functions.batches import attempts
from functions.draws.designs import designs as newest_designs
from functions.looks import past_looks, watch_of
from functions.runs import Run
from functions.tables import Views, of_purpose
from labeling.answers import current
from labeling.answers.agreement import agreement
from labeling.estimates.alerts import listed, looks
from labeling.estimates.alerts.missing_data import NO_DATA
from labeling.estimates.calibration import answered, calibration, pairs
from labeling.estimates.confusion import confusion
from labeling.estimates.estimation import of_evidence
from labeling.estimates.evidence.gathering import evidence
from labeling.estimates.evidence.top_ups import topped_up
from labeling.estimates.families.forecast import more_answers
from labeling.estimates.known_truth import EXAMPLE, KnownTruth, known_truth
from labeling.report import Batch, Outcomes, Reason, ReportData, render
from pipelines.columns import relations
from pipelines.columns.buffers import bool_array, floats, int_array
from pipelines.errors import SettingsInvalid
from pipelines.tables.purposes import VERIFY


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The address of a written page, and its data."""

    address: str
    data: ReportData


def report(app: App) -> ReportResult:
    """Write the page.

    Raises:
        SettingsInvalid: the file of known truths cannot be read as such.
        StoreUnavailable: the page cannot be written.
    """
    run = Run.of("report")
    with app.recording(run):
        name, data = f"{app.job.name}.html", gather(app)
        page = render(data).encode()
        app.store.reports.put(name, page)
        run.bytes, run.outputs = len(page), {"report": name}
    return ReportResult(f"{app.store.reports.address}/{name}", data)


def gather(app: App) -> ReportData:
    """Gather all data of the page; the estimates are those of `recheck estimate`."""
    now, views = app.now(), app.views()
    wanted = estimates.wanted(app.job)
    samples_of_job = views.samples(scores=wanted.needs_scores)
    tables = views.designs, samples_of_job, views.annotations()
    designs, samples, annotations = (of_purpose(rows, VERIFY) for rows in tables)
    drawn = views.current_samples(purpose=VERIFY)
    is_classes = app.job.task == "classification"
    facts = evidence(designs, samples, annotations, None, seed=app.job.sampling.seed)
    estimated = of_evidence(facts, wanted, estimates.scored(views.tables))
    past = past_looks(views.tables)  # a report looks at no window: nothing would remember it
    lines, _ = looks(estimated, watch_of(app.job), past=past, at=now, take=False)
    standing = alerts(app.job, views.tables)
    over = {(one.of_line, window) for one in standing if one.is_over for window in one.windows}
    truth = _known_truth(app)
    states = Counter(current.current_answers(annotations, samples)["state"].to_pylist())
    data = ReportData(
        job=app.job.name,
        file=app.file,
        task=app.job.task,
        question=app.job.labeling.question,
        rule=app.job.batches,
        at=now,
        estimates=estimated,
        batches=_batches(views),
        reasons=_reasons(views),
        agreement=agreement(annotations, samples, numbers=not is_classes),
        stale=states[current.STALE],
        drawn=Counter(drawn["batch"].to_pylist()),
        pushed=of_purpose(views.questions, VERIFY).num_rows,
        confusion=confusion(facts, app.job.target.answers) if is_classes else None,
        calibration=calibration(answered(facts)) if is_classes else None,
        pairs=None if is_classes else pairs(facts),
        outcomes=_outcomes(app, views, annotations, samples),
        alerts=[one for one in listed(lines) if (one.line, one.window) not in over],
        missing=[one.message for one in standing if one.metric == NO_DATA and not one.is_over],
        lines=app.job.alerts,
        topped_up=topped_up(designs, samples, annotations),
        asked_classes=_asked_classes(views),
        note=truth.note.strip() or None,
        truths=truth.windows,
    )
    return replace(data, more=more_answers(facts, wanted, data.headline) if data.headline else ())


def _batches(views: Views) -> list[Batch]:
    live = attempts.live(views.tables)
    return [
        Batch(one.batch, one.rows_in, one.predictions, one.quarantined, one.version)
        for one in sorted(live.values(), key=lambda one: one.batch)
    ]


def _asked_classes(views: Views) -> dict[str, str]:
    """Return the class that the draw of each batch asks more about."""
    drawn = newest_designs(views, VERIFY).items()
    return {batch: design.goal.class_ for batch, design in drawn if design.goal}


def _reasons(views: Views) -> list[Reason]:
    """Count the quarantined rows of each reason, as the attempts recorded them.

    An attempt of an earlier release recorded no reasons; then its rows are counted.
    """
    live, counts = attempts.live(views.tables), Counter[tuple[str, str | None]]()
    for attempt in live.values():
        counts.update({(reason, column): rows for reason, column, rows in attempt.bad or ()})
    unrecorded = [one.batch for one in live.values() if one.bad is None and one.quarantined]
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
