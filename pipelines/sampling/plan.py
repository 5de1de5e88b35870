"""What to draw from a batch next: everything, a first draw, a top-up, a redraw, a carry-over, or nothing.

A plan depends on its arguments alone: the same batch, request and earlier
design give the same plan on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

import numpy as np

from pipelines.columns.buffers import Bools, Floats, Int64s
from pipelines.errors import DrawRefused
from pipelines.sampling.allocation import allocate, class_targets, targets
from pipelines.sampling.carryover import EarlierDraw, carry_over
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.leakage import SEEN, is_learned
from pipelines.sampling.membership import first_64_bits
from pipelines.sampling.population import Population
from pipelines.sampling.strata import Strata, stratify

CENSUS_REASON = "complete outcomes"  # of a draw of every row; stored with its design


@dataclass(frozen=True, slots=True)
class Design:
    """A draw with its H strata, as its rows of `designs` keep it."""

    draw_no: int
    series: int  # draw_no that began this design; top-ups share it
    version: str
    input_digest: str
    population_digest: str
    seed_digest: str
    survey_digest: str | None  # None if an older release drew it
    budget: int
    reason: str
    known_at: datetime
    names: tuple[str, ...]  # (H,)
    sizes: Int64s  # (H,)
    allocated: Int64s  # (H,)
    goal: ClassGoal | None = None  # the class that the draw asks more about
    wanted: Floats | None = None  # (H,), its targets; with a goal
    content_digest: str | None = None  # None if an older release drew it


@dataclass(frozen=True, slots=True)
class Basis:
    """What a design was drawn from; a change carries the draw over, and another seed is refused."""

    version: str  # of the model that scored the batch
    input_digest: str  # of the rows that were scored
    population_digest: str  # of the set of prediction ids
    survey_digest: str  # of the question and of the columns that people see
    seed_digest: str
    content_digest: str | None = None  # of the settings that predictions hold cohorts by

    def matches(self, design: Design) -> bool:
        """Tell whether a design was drawn from the same version, rows, cohorts and question.

        The seed is compared elsewhere.
        """
        now = (self.version, self.input_digest, self.population_digest)
        then = (design.version, design.input_digest, design.population_digest)
        is_same = now == then and design.survey_digest in (None, self.survey_digest)
        return is_same and design.content_digest in (None, self.content_digest)


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """A scored batch, from which rows may be drawn."""

    name: str
    population: Population
    basis: Basis
    has_all_outcomes: bool  # every row has an outcome, so nobody needs to be asked
    answers_seen: int  # answers to the job's questions so far


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """Options of a draw, from the job file and the command."""

    job_budget: int  # rows per batch, from the job file
    cohorts: tuple[str, ...]  # columns that may divide strata
    command_budget: int | None = None  # rows per batch, from the command
    redraw_reason: str | None = None  # why to begin another design; None: do not
    goal: ClassGoal | None = None  # of the design that begins, if one does

    @property
    def first_budget(self) -> int:
        """The budget of a batch from which nothing was drawn yet."""
        return self.command_budget or self.job_budget

    def next_budget(self, design: Design) -> int:
        """Return the command's budget, else the larger of the job's and the earlier one."""
        return self.command_budget or max(self.job_budget, design.budget)


@dataclass(frozen=True, slots=True)
class Plan:
    """Strata of the n rows of a batch, and how many rows to draw from each."""

    strata: Strata
    allocated: Int64s  # (H,)
    reason: str
    begins_series: bool
    budget: int
    already_drawn: Bools  # (n,), rows that an earlier draw of this series drew
    goal: ClassGoal | None = None  # the class that it asks more about
    wanted: Floats | None = None  # (H,), what the allocation is in proportion to


class DrawStep(Enum):
    """What `plan` does next with a batch."""

    KEEP = auto()  # nothing to draw
    CENSUS = auto()  # draw every row, because its outcome is its answer
    FIRST = auto()  # draw from a batch from which nothing was drawn yet
    REDRAW = auto()  # begin another design, for the reason that the command gives
    CARRY_OVER = auto()  # the batch changed: keep the drawn rows that it still has
    TOP_UP = auto()  # draw more rows in the same strata

    @property
    def needs_earlier_draw(self) -> bool:
        """Whether `plan` needs the rows of the earlier draw."""
        return self in (DrawStep.REDRAW, DrawStep.CARRY_OVER, DrawStep.TOP_UP)


def next_step(batch: ScoredBatch, request: DrawRequest, design: Design | None) -> DrawStep:
    """Return the step that `plan` takes; the rows of the earlier draw are not needed for it.

    Args:
        batch: as it is now.
        request: options of the draw.
        design: the newest design of the batch; None if nothing was drawn yet.

    Returns:
        The step.

    Raises:
        DrawRefused: the command's budget is smaller than that of the design, or
            the seed is another, and no reason for a redraw was given.
    """
    if batch.has_all_outcomes and not request.redraw_reason:
        return DrawStep.KEEP if _is_census_of(design, batch) else DrawStep.CENSUS
    if design is None:
        return DrawStep.FIRST
    if request.redraw_reason:
        return DrawStep.REDRAW
    _require_same_probabilities(batch, request, design)
    if not batch.basis.matches(design):
        return DrawStep.CARRY_OVER
    drawn = int(design.allocated.sum())
    is_spent = request.next_budget(design) <= drawn or drawn == len(batch.population)
    return DrawStep.KEEP if is_spent else DrawStep.TOP_UP


def _is_census_of(design: Design | None, batch: ScoredBatch) -> bool:
    """Tell whether a design drew every row of the batch as it is now."""
    return design is not None and design.reason == CENSUS_REASON and batch.basis.matches(design)


def plan(
    batch: ScoredBatch,
    request: DrawRequest,
    design: Design | None = None,
    earlier: EarlierDraw | None = None,
) -> Plan | None:
    """Return what to draw; None if the earlier draw stands.

    Args:
        batch: as it is now, n rows.
        request: options of the draw.
        design: the newest design of the batch; None if nothing was drawn yet.
        earlier: the earlier draw of all rows; ids cut to 64 bits by
            `membership.first_64_bits`. Needed if
            `next_step(...).needs_earlier_draw`.

    Returns:
        Strata that cover the n rows, and the number of rows to draw from each.

    Raises:
        DrawRefused: as for `next_step`; or the version was trained on the
            answers of the earlier draw.
    """
    step = next_step(batch, request, design)
    if step is DrawStep.KEEP:
        return None
    if step is DrawStep.CENSUS:
        return _census(batch, request)
    if step is DrawStep.FIRST:
        return _begin(batch, request)
    if design is None or earlier is None:
        raise ValueError(f"the rows of the earlier draw are needed to {step.name}")
    if step is DrawStep.TOP_UP:
        return _top_up(batch, request.next_budget(design), design, earlier)
    _require_not_learned(batch, earlier)
    if step is DrawStep.REDRAW:
        return _begin(batch, request)
    return _carry_over(batch, request, request.next_budget(design), earlier)


def _census(batch: ScoredBatch, request: DrawRequest) -> Plan:
    rows = len(batch.population)
    strata = stratify(batch.population, rows, request.cohorts)
    return _new_series(strata, strata.sizes, CENSUS_REASON, rows)


def _begin(batch: ScoredBatch, request: DrawRequest) -> Plan:
    budget, goal = request.first_budget, request.goal
    strata = stratify(batch.population, budget, request.cohorts, goal)
    wanted = _wanted(batch, strata, goal)
    allocated = allocate(strata.sizes, wanted, budget)
    reason = request.redraw_reason or "first"
    return replace(_new_series(strata, allocated, reason, budget), goal=goal, wanted=wanted)


def _top_up(batch: ScoredBatch, budget: int, design: Design, earlier: EarlierDraw) -> Plan:
    places = earlier.places(first_64_bits(batch.population.ids))
    strata = Strata(earlier.strata.names, earlier.strata.codes[places])
    # targets of a goal stay: made anew, they could depend on what the first rows were answered
    wanted = _wanted(batch, strata, None) if design.wanted is None else design.wanted
    return Plan(
        strata=strata,
        allocated=allocate(strata.sizes, wanted, budget, at_least=design.allocated),
        reason="top-up",
        begins_series=False,
        budget=budget,
        already_drawn=earlier.sampled[places],
        goal=design.goal,
        wanted=design.wanted,
    )


def _carry_over(
    batch: ScoredBatch, request: DrawRequest, budget: int, earlier: EarlierDraw
) -> Plan:
    comparable = replace(batch.population, ids=first_64_bits(batch.population.ids))
    carried = carry_over(earlier, comparable, budget, request.cohorts, request.goal)
    wanted = _wanted(batch, carried.strata, request.goal)
    allocated = allocate(carried.strata.sizes, wanted, carried.budget, at_least=carried.at_least)
    kept = _new_series(carried.strata, allocated, "carried over", carried.budget)
    return replace(kept, goal=request.goal, wanted=wanted)


def _new_series(strata: Strata, allocated: Int64s, reason: str, budget: int) -> Plan:
    return Plan(
        strata=strata,
        allocated=allocated,
        reason=reason,
        begins_series=True,
        budget=budget,
        already_drawn=np.zeros(len(strata.codes), np.bool_),  # it stores all its rows again
    )


def _wanted(batch: ScoredBatch, strata: Strata, goal: ClassGoal | None) -> Floats:
    """Return what an allocation is in proportion to: (H,)."""
    if goal:
        return class_targets(strata, batch.population, goal)
    return targets(strata, batch.population.scores, answers_seen=batch.answers_seen)


def _require_same_probabilities(batch: ScoredBatch, request: DrawRequest, design: Design) -> None:
    """Refuse another seed or a smaller budget than that of the stored design."""
    difference, budget = None, request.command_budget
    if design.seed_digest != batch.basis.seed_digest:
        difference = "another seed; the present one"
    elif budget is not None and budget < min(design.budget, len(batch.population)):
        difference = f"a budget of {design.budget}; {budget}"
    if difference:
        raise DrawRefused(
            f"batch {batch.name!r} was drawn with {difference} would change inclusion probabilities "
            "already on record",
            fix="pass --redraw REASON to begin another design; the earlier one stays on record",
        )


def _require_not_learned(batch: ScoredBatch, earlier: EarlierDraw) -> None:
    """Refuse to judge a version by the answers that it was trained on."""
    if SEEN not in {cohort.name for cohort in batch.population.cohorts}:
        return  # no cohort tells which rows were in training
    places = earlier.places(first_64_bits(batch.population.ids))
    was_in_earlier = places >= 0
    places = places[was_in_earlier]
    trained = batch.population.cohort(SEEN).holds("true")[was_in_earlier]
    strata, sampled = earlier.strata.codes[places], earlier.sampled[places]
    if not is_learned(strata, sampled, trained):
        return
    count = int((sampled & trained).sum())
    raise DrawRefused(
        f"version {batch.basis.version} was trained on {count} of the {int(sampled.sum())} rows "
        f"drawn from batch {batch.name!r}, far more than chance would give",
        fix="fit without the answers of rows that are checked (`push --purpose train` asks about others), "
        "or judge this version on later batches",
    )
