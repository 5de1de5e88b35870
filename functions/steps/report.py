"""Report: what the store holds, gathered and written as one page."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions import estimates, tables
from functions.app import App
from functions.batches import attempts
from labeling.answers import current
from labeling.answers.agreement import agreement
from labeling.estimates.alerts import alerts
from labeling.estimates.calibration import answered, calibration, pairs
from labeling.estimates.confusion import confusion
from labeling.estimates.estimation import of_evidence
from labeling.estimates.gathering import evidence
from labeling.estimates.known_truth import EXAMPLE, KnownTruth, known_truth
from labeling.report import Batch, Outcomes, Reason, ReportData, render
from pipelines.columns import relations
from pipelines.columns.buffers import bool_array, floats, int_array
from pipelines.errors import SettingsInvalid
from pipelines.tables.store_errors import store_errors


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A page that was written, and what it was made from."""

    path: Path
    data: ReportData


def report(app: App) -> ReportResult:
    """Write the page.

    Raises:
        SettingsInvalid: the file of the known truth is not what it should be.
        StoreUnavailable: the page cannot be written.
    """
    path, data = app.store.reports() / f"{app.job.name}.html", gather(app)
    _write(path, render(data))
    return ReportResult(path, data)


def gather(app: App) -> ReportData:
    """Gather all that the page shows; the estimates are those of `recheck estimate`."""
    now = app.now()
    designs, samples, annotations = (
        tables.verifying(tables.view(app, name)) for name in ("designs", "samples", "annotations")
    )
    drawn = tables.verifying(tables.current_samples(app))
    is_classes = app.job.task == "classification"
    facts = evidence(designs, samples, annotations, None, seed=app.job.sampling.seed)
    estimated = of_evidence(facts, estimates.wanted(app), estimates.scored(app))
    truth = _known_truth(app)
    states = Counter(current.current_answers(annotations, samples)["state"].to_pylist())
    return ReportData(
        job=app.job.name,
        file=app.job_path.name,
        task=app.job.task,
        question=app.job.labeling.question,
        rule=app.job.batches,
        at=now,
        estimates=estimated,
        batches=_batches(app),
        reasons=_reasons(tables.view(app, "quarantine")),
        agreement=agreement(annotations, samples, numbers=not is_classes),
        stale=states[current.STALE],
        drawn=Counter(drawn["batch"].to_pylist()),
        pushed=tables.verifying(tables.view(app, "questions")).num_rows,
        confusion=confusion(facts, app.job.target.answers) if is_classes else None,
        calibration=calibration(answered(facts)) if is_classes else None,
        pairs=None if is_classes else pairs(facts),
        outcomes=_outcomes(app, annotations, samples),
        alerts=alerts(estimated, app.job.alerts, at=now, batches=app.job.batches),
        lines=app.job.alerts,
        note=truth.note.strip() or None,
        truths=truth.windows,
    )


def _batches(app: App) -> list[Batch]:
    live = attempts.live(app.store, app.job.name)
    return [
        Batch(one.batch, one.rows_in, one.predictions, one.quarantined, one.version)
        for one in sorted(live.values(), key=lambda one: one.batch)
    ]


def _reasons(quarantine: pa.Table) -> list[Reason]:
    """Count the rows of each reason, without a value of any row."""
    counted = quarantine.group_by(["reason", "column"], use_threads=False).aggregate(
        [([], "count_all")]
    )
    return [Reason(row["reason"], row["column"], row["count_all"]) for row in counted.to_pylist()]


def _outcomes(app: App, annotations: pa.Table, samples: pa.Table) -> Outcomes | None:
    """Compare answers to rows that nobody drew with the predictions, which nothing else here reads."""
    answers = current.current_answers(annotations, samples)
    answers = relations.where_in(answers, "state", current.OUTCOME)
    if not answers.num_rows:
        return None
    made = tables.predictions(app, answers["prediction_id"].to_pylist(), ["label", "value"])
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
    path = app.store.known() / f"{app.job.name}.json"
    if not path.is_file():
        return KnownTruth()
    try:
        return known_truth(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"{path} says no known truth: {error}",
            fix=f"write it like {EXAMPLE}, or remove the file",
        ) from error


def _write(path: Path, text: str) -> None:
    """Replace the page by one step: a reader sees the old one or the new one."""
    with store_errors(str(path.parent)):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
