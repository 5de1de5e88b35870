"""P5 and P6: answers count once, and stored estimates equal their recomputation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from functions import estimates
from functions.erasure.erasures import erasures
from functions.promises import recount
from functions.promises.lost_rows import fewer_rows, lost_answers
from functions.promises.promise import Promise, verdict
from functions.tables import Views, of_purpose
from labeling.estimates.estimate import ESTIMATOR_VERSION, Estimate
from pipelines.columns import relations
from pipelines.job.job_file import Job
from pipelines.job.metric_names import metrics_of
from pipelines.tables.purposes import VERIFY

_RECOMPUTED = 3  # of the newest times of estimates


def answers_count_once(job: Job, views: Views) -> Promise:
    """P5: people are counted anew from the raw answers, and labels and estimates count as many."""
    annotations = views.annotations()
    raw = relations.records(annotations)
    answered = recount.people(recount.standing(raw))
    rows = recount.answered_rows(
        relations.records(views.current_samples(purpose=VERIFY)),
        relations.records(of_purpose(annotations, VERIFY)),
    )
    problems = [
        *recount.moved(raw),
        *recount.doubled(relations.records(views.tables.read("annotations"))),
        *recount.miscounted(answered, relations.records(views.labels())),
        *_other_numbers(rows, estimates.compute(job, views)),
        *lost_answers(views),
        *fewer_rows(views.tables, "annotations", "questions"),
    ]
    return verdict("P5", problems, f"{sum(map(len, answered.values()))} answers, each counted once")


def _other_numbers(answered: Mapping[str, int], estimates: Iterable[Estimate]) -> Iterator[str]:
    """Yield batches whose estimates count other rows than those that have an answer."""
    counted = {
        one.window: one.n_answered
        for one in estimates
        if one.period == "batch" and one.cohort is None
    }
    for batch, rows in sorted(answered.items()):
        if counted.get(batch, rows) != rows:
            yield f"batch {batch}: {rows} rows have an answer, and estimates count {counted[batch]}"


def estimates_repeat(job: Job, views: Views) -> Promise:
    """P6: the newest stored estimates come out the same from the raw tables, as known then."""
    stored = relations.records(views.tables.read("estimates"))
    ours = [row for row in stored if row["estimator_version"] == ESTIMATOR_VERSION]
    others = len(stored) - len(ours)
    removed = erasures(
        views.tables
    ).newest  # earlier figures counted rows that are not there any more
    ours = [row for row in ours if not removed or row["known_at"] > removed]
    earlier = len(stored) - len(ours) - others
    times = sorted({row["as_of"] for row in ours})[-_RECOMPUTED:]
    stored_metrics = {row["metric"] for row in ours}
    kept = tuple(name for name in metrics_of(job.task) if name in stored_metrics)
    every_metric = job.model_copy(update={"metrics": kept})
    problems = [*fewer_rows(views.tables, "estimates", "looks", "alerts")]
    for moment in times:
        rows = [row for row in ours if row["as_of"] == moment]
        problems += [
            f"{row['metric']} of {row['period']} {row['window']} as of {moment} comes out differently"
            for row in _others(every_metric, views, moment, rows)
        ]
    return verdict(
        "P6",
        problems,
        f"{len(stored)} stored estimates"
        + (f"; those of the last {len(times)} times equal their recomputation" if times else "")
        + (f"; {others} were made by other formulas, and are not looked at" if others else "")
        + (f"; {earlier} were made before a removal, and are not looked at" if earlier else ""),
    )


def _others(
    job: Job, views: Views, moment: datetime, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the figures that come out differently, whatever answers the job file had then."""
    for answers in _answer_sets(job, views, rows):
        if not rows:
            break
        target = job.target.model_copy(update={"answers": answers})
        found = estimates.compute(job.model_copy(update={"target": target}), views, moment)
        again = {_figure(one.record()): one for one in found}
        rows = [row for row in rows if _is_other(row, again.get(_figure(row)))]
    return rows


def _answer_sets(job: Job, views: Views, rows: list[dict[str, Any]]) -> Iterable[tuple[str, ...]]:
    """Return the answer sets that figures may rest on: today's, those of earlier runs, their classes."""
    runs = views.tables.read("runs", ["inputs"], where={"step": ["estimate"]})["inputs"]
    recorded = [json.loads(text).get("answers", ()) for text in runs.to_pylist()]
    classes = sorted({row["class"] for row in rows if row["class"] is not None})
    return dict.fromkeys(map(tuple, (job.target.answers, *recorded, classes)))


def _figure(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("metric", "class", "cohort", "period", "window", "version"))


def _is_other(row: dict[str, Any], again: Estimate | None) -> bool:
    """Tell whether anything that was stored comes out differently, the time of the last fact included."""
    return again is None or any(row[name] != now for name, now in again.record().items())
