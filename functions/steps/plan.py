"""The step `plan`: how many answers make an interval as short as somebody wants it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pyarrow as pa

from functions.app import App
from functions.batches import attempts
from functions.batches.attempts import Attempt
from functions.draws import predictions as predicted
from functions.draws.class_goals import class_goal
from functions.draws.planner import scored_batch
from functions.steps.sample import answers_seen
from functions.steps.score import require_scored
from functions.tables import Views, of_purpose
from labeling.estimates.evidence.gathering import evidence
from labeling.planning.answers_needed import Window
from labeling.planning.beliefs import Basis
from labeling.planning.expected_draw import Question
from labeling.planning.planned_figures import OF_CLASS, OF_NUMBERS, Knowledge
from pipelines.columns.buffers import floats
from pipelines.columns.relations import column
from pipelines.errors import JobInvalid, StepMissing
from pipelines.job.job_file import Job
from pipelines.sampling.plan import DrawRequest, Plan, ScoredBatch
from pipelines.sampling.plan import plan as plan_draw
from pipelines.tables.purposes import VERIFY

POINTS = 2.0  # to either side, of a share in percent
_PART = 0.1  # of the figure to either side, of an error of numbers
_A_WEEK = {"hour": 168, "day": 7}  # batches
_Figure = tuple[str, str | None]  # a metric, and its class


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options of `recheck plan`."""

    within: float | None = None  # points of a share, or units of the number
    metrics: tuple[str, ...] = ()
    class_: str | None = None
    batches: tuple[str, ...] = ()
    budget: int | None = None  # rows per batch


@dataclass(frozen=True, slots=True)
class PlannedFigure:
    """The number of answers of one figure in one window, with the interval that they give."""

    metric: str
    class_: str | None
    within: float | None  # to either side: points of a share, units of a number; None: no interval
    answers: int  # of the window
    per_batch: int
    basis: Basis
    period: str  # batch | week
    batch: str  # by which it is planned
    rows: int  # of the window
    minutes: float | None  # that people need, at the median time of an answer so far


@dataclass(frozen=True, slots=True)
class PlanResult:
    """The answers that the wanted intervals need, and the intervals that the budget gives."""

    plans: list[PlannedFigure]
    with_budget: list[PlannedFigure]


def plan(app: App, options: PlanOptions) -> PlanResult:
    """Plan for figures of the newest scored batch, or of those that are named.

    Nothing is written.

    Raises:
        JobInvalid: the job has no such metric or class.
        StepMissing: nothing was scored yet; no row is predicted as the class; or
            nothing says how far off predicted numbers are.
    """
    figures = _figures(app.job, options)
    views = app.views()
    live = attempts.live(views.tables)
    for batch in options.batches:
        require_scored(live, batch)
    scored = [one for one in live.values() if one.predictions]
    if not scored:
        raise _nothing_scored(options.within)
    newest = max(scored, key=lambda one: (one.known_at, one.batch))
    chosen = [live[batch] for batch in dict.fromkeys(options.batches)] or [newest]
    plans: list[PlannedFigure] = []
    bought: list[PlannedFigure] = []
    for attempt in chosen:
        planner = _Planner.of(app, views, attempt)
        for metric, class_ in figures:
            plans += planner.needed(metric, class_, options.within)
            bought += planner.bought(metric, class_, options.budget or app.job.sampling.budget)
    return PlanResult(plans, bought)


@dataclass(frozen=True)
class _Planner:
    """Plans figures by the rows of one batch."""

    batch: str
    knowledge: Knowledge
    periods: dict[str, Window]
    minutes: float | None  # of one answer

    @classmethod
    def of(cls, app: App, views: Views, attempt: Attempt) -> _Planner:
        job = app.job
        package = predicted.package_of(job, app.store, app.settings, attempt.version)
        files = attempts.file_digests(views.tables).get(attempt.id, {})
        rows = predicted.read(job, views.tables, attempt, package, files)
        designs, samples, answers = (
            of_purpose(table, VERIFY)
            for table in (views.designs, views.samples(), views.annotations())
        )
        facts = evidence(designs, samples, answers, None, seed=job.sampling.seed)
        goal = class_goal(job, views, attempt)
        batch = scored_batch(job, views, attempt, rows.population, answers_seen(views))
        request = DrawRequest(job.sampling.budget, job.sampling.cohorts, goal=goal)
        draws = _Draws(replace(batch, has_all_outcomes=False), request)
        tried = lru_cache(maxsize=64)(draws)  # several figures try the same budgets
        window = Window(rows.population, tried)
        many = _A_WEEK.get(job.batches.by)
        periods = {"batch": window} | ({"week": replace(window, batches=many)} if many else {})
        held_out = package.manifest.metrics if package else {}
        knowledge = Knowledge(rows.population, facts, goal, held_out)
        return cls(attempt.batch, knowledge, periods, _minutes(answers))

    def needed(
        self, metric: str, class_: str | None, within: float | None
    ) -> Iterator[PlannedFigure]:
        """Yield how many answers a figure needs, by period."""
        question, basis = self.knowledge.question(metric, class_)
        for period, window in self.periods.items():
            reach = _reach(window, question, within)
            per_batch = window.answers(question, reach / _unit(metric))
            yield self._figure(question, basis, period, reach, per_batch)

    def bought(self, metric: str, class_: str | None, budget: int) -> Iterator[PlannedFigure]:
        """Yield how short the interval of a figure is with a budget, by period."""
        question, basis = self.knowledge.question(metric, class_)
        for period, window in self.periods.items():
            per_batch = min(budget, len(window.population))
            half = window.half_length(question, per_batch)
            reach = None if half is None else half * _unit(metric)
            yield self._figure(question, basis, period, reach, per_batch)

    def _figure(
        self, of: Question, basis: Basis, period: str, within: float | None, per_batch: int
    ) -> PlannedFigure:
        window = self.periods[period]
        answers, rows = per_batch * window.batches, len(window.population) * window.batches
        minutes = None if self.minutes is None else answers * self.minutes
        return PlannedFigure(
            of.metric, of.class_, within, answers, per_batch, basis, period, self.batch, rows, minutes
        )  # fmt: skip


@dataclass(frozen=True)
class _Draws:
    """The draws from a batch that `sample` would make, by budget."""

    batch: ScoredBatch
    request: DrawRequest

    def __call__(self, budget: int) -> Plan:
        made = plan_draw(self.batch, replace(self.request, command_budget=budget))
        if made is None:
            raise TypeError("a batch from which nothing was drawn has no draw that holds")
        return made


def _figures(job: Job, options: PlanOptions) -> list[_Figure]:
    """Return the figures to plan: by default the main one, and that of the class the job asks more about."""
    numbers, class_ = job.task == "regression", options.class_
    if class_ is not None and class_ not in job.target.answers:
        raise JobInvalid(
            f"no class {class_!r}",
            fix=f"the job file has {', '.join(job.target.answers) or 'no classes: people give numbers'}",
        )
    planned: Sequence[str] = OF_NUMBERS if numbers else ("accuracy", *OF_CLASS)
    for metric in options.metrics:
        if metric not in planned:
            raise JobInvalid(
                f"no plan for the metric {metric!r}", fix=f"one of {', '.join(planned)}"
            )
    if options.metrics:
        return [figure for metric in options.metrics for figure in _of_metric(job, metric, class_)]
    if numbers:
        return [("mae", None)]
    if class_ is not None:
        return [(metric, class_) for metric in OF_CLASS[:3]]
    aim = job.sampling.for_
    return [("accuracy", None), *([(aim.metric, aim.class_)] if aim else [])]


def _of_metric(job: Job, metric: str, class_: str | None) -> list[_Figure]:
    if metric not in OF_CLASS:
        return [(metric, None)]
    return [(metric, name) for name in ([class_] if class_ is not None else job.target.answers)]


def _unit(metric: str) -> float:
    """Return how many of what people read make 1: points of a share."""
    return 1.0 if metric in OF_NUMBERS else 100.0


def _reach(window: Window, of: Question, within: float | None) -> float:
    """Return half the length that is wanted, in what people read."""
    if within is not None:
        return within
    if of.metric not in OF_NUMBERS:
        return POINTS
    if of.metric == "bias":  # of the size of errors, for the figure itself may be 0
        return _PART * float(np.sqrt(of.believed.second.mean()))
    return _PART * (window.value(of) or 1.0)


def _minutes(annotations: pa.Table) -> float | None:
    times = floats(column(annotations, "lead_time"))
    times = times[~np.isnan(times)]
    return float(np.median(times)) / 60 if len(times) else None


def _nothing_scored(within: float | None) -> StepMissing:
    points = within or POINTS
    simple = math.ceil((1.96 / 2 / (points / 100)) ** 2)
    return StepMissing(
        "no batch is scored yet, and a plan is made from its predictions",
        fix=f"run `recheck score …` first; in the worst case, a share within {points:g} points takes {simple:,} answers",
    )
