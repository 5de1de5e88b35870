"""Checks of a job file across its tables: keys that depend on each other, and names that must be there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pipelines.columns.spelling import canonical
from pipelines.job.metric_names import metrics_of, unwatched
from pipelines.job.periods import PERIODS, named
from pipelines.job.prediction_columns import PredictionColumns
from pipelines.sampling.leakage import SEEN

if TYPE_CHECKING:
    from pipelines.job.job_file import Job


def _parts_that_go_together(job: Job) -> Iterator[str]:
    """Check keys that depend on each other."""
    if (job.model is None) == (job.predictions is None):
        yield "a job has either [model] or [predictions]"
    by = job.batches.by
    if by in PERIODS and job.data.time is None:
        yield f'batches.by = "{by}" needs data.time, the column with the time of the event'
    if job.data.time_unit is not None and job.data.time is None:
        yield "data.time_unit is the unit of data.time, which names no column"
    first = job.batches.first
    if by in PERIODS and first is not None and named(first) is None:
        yield f'batches.from = "{first}" is no {by}, such as 2026-11-20T05, 2026-11-20, 2026-W47 or 2026-11'
    expect, lengths = job.batches.expect, ("hour", "day", "week", "month")
    if expect and by == "all":
        yield "batches.expect needs batches that are named after times"
    if expect and by in lengths and lengths.index(expect) < lengths.index(by):
        yield f'batches.expect = "{expect}" is shorter than a batch: nobody can tell whether one lacks'
    if (by == "path") != ("{batch}" in job.data.path):
        yield 'batches.by = "path" goes with {batch} in data.path'
    if job.model and not job.features.columns:
        yield "features.columns is empty: a model needs at least one feature"
    if job.task == "classification" and len(job.target.answers) < 2:
        yield "target.answers needs at least two answers: every class that may be right"


def _tables_as_data(job: Job) -> Iterator[str]:
    """Check what a table needs that is no file."""
    data = job.data
    if (data.query is not None) != data.path.startswith("sql:"):
        yield 'data.query goes with data.path = "sql:NAME", where NAME is a database of the settings'
    if data.is_table and (not data.key or data.key == "content"):
        yield "data.key is needed where data.path names a table: its rows are ordered by it"


def _numbers_and_reasons(job: Job) -> Iterator[str]:
    """Check what people may answer besides the classes."""
    asked = job.labeling
    if job.task == "classification":
        for name in ("unit", "minimum", "maximum"):
            if getattr(asked, name) not in (None, ""):
                yield f"labeling.{name} is for numbers, and this job asks for classes"
    if None not in (asked.minimum, asked.maximum) and asked.minimum >= asked.maximum:  # type: ignore[operator]
        yield "labeling.minimum must be below labeling.maximum"
    for name in asked.links:
        if name not in asked.show:
            yield f"labeling.links names {name!r}, which labeling.show does not show"
    reasons = [str(canonical(reason)) for reason in asked.cannot_tell]
    if len(set(reasons)) != len(reasons):
        yield "labeling.cannot_tell: each reason may stand once"
    for reason in sorted({*reasons} & {*job.target.answers}):
        yield f"labeling.cannot_tell has {reason!r}, which is an answer, too"


def _forbidden_columns(job: Job) -> Iterator[str]:
    """Check for columns that would give the answer away to the model or to people."""
    later = job.features.known_after
    why = "it is known only after the prediction (features.known_after)"
    told = {job.target.column: "it is the target"} if job.target.column else {}
    if job.predictions:
        given = job.predictions
        held = filter(None, [given.label, given.score, *given.probabilities.values()])
        told |= dict.fromkeys(held, "it holds the prediction, and labelers are blind")
        if given.version and given.version not in told:
            told[given.version] = "it holds the version of the model, and labelers are blind"
    secret = dict.fromkeys(later, why) | told
    for name in job.features.columns:
        if name in secret:
            yield f"{name!r} may not stand in features.columns: {secret[name]}"
    for name in job.labeling.show:
        if name in told:
            yield f"{name!r} may not stand in labeling.show: {told[name]}"
    for name in job.labeling.allow_revealing:
        if name not in job.labeling.show:
            near = nearest(name, job.labeling.show)
            yield f"labeling.allow_revealing names {name!r}, which is not in labeling.show{near}"


def _unknown_cohorts(job: Job) -> Iterator[str]:
    """Check the names of cohorts that other keys refer to."""
    for name in job.cohorts:
        if "=" in name or name == SEEN:
            yield f"a cohort may not be called {name!r}: estimates write NAME=VALUE"
    for name in job.sampling.cohorts:
        if name not in job.cohorts:
            near = nearest(name, job.cohorts)
            yield f"sampling.cohorts names {name!r}, which is not in [cohorts]{near}"
    cohorts = [*job.cohorts, *([SEEN] if job.model else [])]
    for name in [alert.cohort.partition("=")[0] for alert in job.alerts if alert.cohort]:
        if name not in cohorts:
            near = nearest(name, cohorts)
            yield f"alerts.cohort names {name!r}, which is not in [cohorts]{near}"


def _metrics_of_another_task(job: Job) -> Iterator[str]:
    """Check that the task has the metrics and classes that other keys name."""
    metrics, answers = metrics_of(job.task), job.target.answers
    for where, metric in [
        *(("metrics", metric) for metric in job.metrics),
        *(("alerts.metric", alert.metric) for alert in job.alerts),
    ]:
        if metric not in metrics:
            yield f'{where}: a {job.task} has no "{metric}", but {", ".join(metrics)}'
    for alert in job.alerts:
        side = "below" if alert.below is not None else "above"
        if alert.metric in metrics and (why := unwatched(alert.metric, side)):
            yield f"alerts.metric: {why}"
        if alert.class_ is not None and alert.class_ not in answers:
            yield f'alerts.class = "{alert.class_}" is none of {", ".join(answers)}'


def _scores_of_no_answer(job: Job) -> Iterator[str]:
    """Check that a label has one column of probabilities, and each such column a label."""
    if job.predictions is None:
        return
    theirs, answers = job.predictions, job.target.answers
    if theirs.score and theirs.probabilities:
        yield (
            f"predictions has `score` = {theirs.score!r} and `probabilities`, but a label's "
            "probability stands in one place: keep `score`, or one column per class"
        )
    if theirs.score_of is not None and (not theirs.score or len(answers) != 2):
        yield "predictions.score_of goes with `score`, and with two answers"
    elif theirs.score_of is not None and theirs.score_of not in answers:
        near = nearest(theirs.score_of, answers)
        yield f"predictions.score_of = {theirs.score_of!r} is none of {', '.join(answers)}{near}"
    for name in theirs.probabilities:
        if name not in answers:
            allowed = f"none of {', '.join(answers)}" if answers else "no class of a regression"
            near = nearest(name, answers)
            yield f"predictions.probabilities names {name!r}, which is {allowed}{near}"


def _mapped_to_no_answer(job: Job) -> Iterator[str]:
    """Check that predicted texts are mapped to answers, and that no answer is mapped away."""
    mapped = job.predictions.map_ if job.predictions else {}
    answers = job.target.answers
    if mapped and job.task == "regression":
        yield "predictions.map maps texts to classes, and a regression has none: take it out"
        return
    for text, to in mapped.items():
        if isinstance(to, str) and to not in answers:
            near = nearest(to, answers)
            yield (
                f"predictions.map: {text!r} = {to!r} is none of {', '.join(answers)}{near}; a text that is no "
                'prediction takes {quarantine = "REASON"}'
            )
        if text in answers:
            yield f"predictions.map: {text!r} is an answer itself"


def _class_without_probability(job: Job) -> Iterator[str]:
    """Check that draws can be made for the class of `sampling.for`: its probability must be there."""
    aim, answers, theirs = job.sampling.for_, job.target.answers, job.predictions
    if aim and job.task == "regression":
        yield f"sampling.for names the class {aim.class_!r}, and a regression has none: take it out"
    elif aim and aim.class_ not in answers:
        near = nearest(aim.class_, answers)
        yield f"sampling.for.class = {aim.class_!r} is none of {', '.join(answers)}{near}"
    elif aim and theirs and not _tells(theirs, aim.class_, answers):
        yield (
            f"sampling.for needs the probability of {aim.class_!r} in every row, and no column of [predictions] "
            f'has it: name it, `probabilities = {{"{aim.class_}" = "COLUMN"}}`, or take `for` out of [sampling]'
        )


def _tells(theirs: PredictionColumns, class_: str, answers: Sequence[str]) -> bool:
    """Tell whether a column gives the probability of a class; of two, the label's score gives both."""
    return class_ in theirs.probabilities or (theirs.score is not None and len(answers) == 2)


CHECKS = (
    _numbers_and_reasons,
    _parts_that_go_together,
    _tables_as_data,
    _scores_of_no_answer,
    _mapped_to_no_answer,
    _class_without_probability,
    _forbidden_columns,
    _unknown_cohorts,
    _metrics_of_another_task,
)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a question with the known word that is spelled most alike; empty where none is.

    >>> nearest("setle", ["by", "settle"])
    ' (did you mean settle?)'
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
