"""What to draw from a batch: a first draw, a top-up, another design, a draw carried over, or nothing.

Everything here follows from its arguments: the same batch, request and earlier
design give the same plan on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

import numpy as np

from pipelines.columns.buffers import Bools, Int64s
from pipelines.errors import DrawRefused
from pipelines.sampling.allocation import allocate, targets
from pipelines.sampling.carryover import EarlierDraw, carry_over
from pipelines.sampling.leakage import SEEN, is_learned
from pipelines.sampling.membership import coarse
from pipelines.sampling.population import MISSING, Population
from pipelines.sampling.strata import Strata, stratify

CENSUS = "complete outcomes"  # the reason of a draw of every row


@dataclass(frozen=True, slots=True)
class Design:
    """The newest design of a batch, as the table keeps it: H strata."""

    draw_no: int
    series: int
    version: str
    input_digest: str
    population_digest: str
    seed_digest: str
    survey_digest: str | None  # None where an older release drew
    budget: int
    reason: str
    known_at: datetime
    names: tuple[str, ...]  # (H,)
    sizes: Int64s  # (H,)
    allocated: Int64s  # (H,)


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis of a draw: the design holds for as long as none of this changes."""

    version: str  # of the model that scored the batch
    input_digest: str  # of the rows that were scored
    population_digest: str  # of the set of prediction ids
    survey_digest: str  # of what people see and are asked
    seed_digest: str

    def is_of(self, design: Design) -> bool:
        """Tell whether a design was drawn from this batch as it is now, the seed left aside."""
        now = (self.version, self.input_digest, self.population_digest)
        then = (design.version, design.input_digest, design.population_digest)
        return now == then and design.survey_digest in (None, self.survey_digest)


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """A batch about to be drawn from."""

    name: str
    population: Population
    basis: Basis
    has_all_outcomes: bool  # the outcome of every row came without being asked for
    answers_seen: int  # answers to the job's questions so far


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """Options of a draw, from the job file and the command."""

    usual: int  # budget per batch of the job file
    cohorts: tuple[str, ...]  # that may divide strata
    budget: int | None = None  # of the command
    redraw: str | None = None  # why to begin another design

    @property
    def first(self) -> int:
        """The budget where nothing was drawn yet."""
        return self.budget or self.usual

    def following(self, design: Design) -> int:
        """Return the budget after a draw: what was spent once is not taken back."""
        return self.budget or max(self.usual, design.budget)


@dataclass(frozen=True, slots=True)
class Plan:
    """Strata of the n rows of a batch, and how many rows to draw from each."""

    strata: Strata
    allocated: Int64s  # (H,)
    reason: str
    begins: bool  # a new series
    budget: int
    kept: Bools  # (n,), rows that were drawn in this series before


class DrawStep(Enum):
    """The ways on from the earlier draw of a batch."""

    HOLD = auto()  # what was drawn holds
    CENSUS = auto()  # every row is drawn, for its outcome is its answer
    FIRST = auto()
    REDRAW = auto()
    CARRY_OVER = auto()  # the batch changed, its drawn rows stay
    TOP_UP = auto()

    @property
    def needs_membership(self) -> bool:
        """Whether the plan looks at the rows of the earlier draw."""
        return self in (DrawStep.REDRAW, DrawStep.CARRY_OVER, DrawStep.TOP_UP)


def next_step(batch: ScoredBatch, request: DrawRequest, design: Design | None) -> DrawStep:
    """Choose the step, without a look at single rows.

    Args:
        batch: as it is now.
        request: what is asked for.
        design: the newest of the batch, if any.

    Returns:
        The step that `plan` takes.

    Raises:
        DrawRefused: a smaller budget, or another seed, after a draw; pass a
            reason for another design.
    """
    if batch.has_all_outcomes and not request.redraw:
        is_done = design is not None and design.reason == CENSUS and batch.basis.is_of(design)
        return DrawStep.HOLD if is_done else DrawStep.CENSUS
    if design is None:
        return DrawStep.FIRST
    if request.redraw:
        return DrawStep.REDRAW
    _require_same_chances(batch, request, design)
    if not batch.basis.is_of(design):
        return DrawStep.CARRY_OVER
    drawn = int(design.allocated.sum())
    is_spent = request.following(design) <= drawn or drawn == len(batch.population)
    return DrawStep.HOLD if is_spent else DrawStep.TOP_UP


def plan(
    batch: ScoredBatch,
    request: DrawRequest,
    design: Design | None = None,
    earlier: EarlierDraw | None = None,
) -> Plan | None:
    """Return what to draw; None where what was drawn holds.

    Args:
        batch: as it is now, n rows.
        request: what is asked for.
        design: the newest of the batch, if any.
        earlier: the rows that it drew from, with ids as `membership` keeps them;
            needed where `next_step(...).needs_membership`.

    Returns:
        Strata that cover the n rows, and rows to draw from each.

    Raises:
        DrawRefused: as for `next_step`; or the version was trained on the
            answers of the earlier draw: fit without them, or judge it elsewhere.
    """
    step = next_step(batch, request, design)
    if step is DrawStep.HOLD:
        return None
    if step is DrawStep.CENSUS:
        return _census(batch, request)
    if design is None:
        return _begin(batch, request)
    if earlier is None:
        raise ValueError(f"the rows of the earlier draw are needed to {step.name}")
    if step is DrawStep.TOP_UP:
        return _top_up(batch, request.following(design), design, earlier)
    _require_not_learned(batch, earlier)
    if step is DrawStep.REDRAW:
        return _begin(batch, request)
    return _carry_over(batch, request, request.following(design), earlier)


def _census(batch: ScoredBatch, request: DrawRequest) -> Plan:
    rows = len(batch.population)
    strata = stratify(batch.population, rows, request.cohorts)
    return Plan(strata, strata.sizes, CENSUS, True, rows, np.zeros(rows, np.bool_))


def _begin(batch: ScoredBatch, request: DrawRequest) -> Plan:
    strata = stratify(batch.population, request.first, request.cohorts)
    allocated = _allocated(batch, strata, request.first)
    kept = np.zeros(len(batch.population), np.bool_)
    return Plan(strata, allocated, request.redraw or "first", True, request.first, kept)


def _top_up(batch: ScoredBatch, budget: int, design: Design, earlier: EarlierDraw) -> Plan:
    places = earlier.places(coarse(batch.population.ids))
    strata = Strata(earlier.strata.names, earlier.strata.codes[places])
    allocated = _allocated(batch, strata, budget, design.allocated)
    return Plan(strata, allocated, "top-up", False, budget, earlier.sampled[places])


def _carry_over(
    batch: ScoredBatch, request: DrawRequest, budget: int, earlier: EarlierDraw
) -> Plan:
    now = batch.population
    known = Population(coarse(now.ids), now.draws, now.labels, now.grid, now.cohorts)
    carried = carry_over(earlier, known, budget, request.cohorts)
    allocated = _allocated(batch, carried.strata, carried.budget, carried.at_least)
    kept = np.zeros(len(now), np.bool_)  # another series: all of its rows are stored with it
    return Plan(carried.strata, allocated, "carried over", True, carried.budget, kept)


def _allocated(
    batch: ScoredBatch, strata: Strata, budget: int, at_least: Int64s | None = None
) -> Int64s:
    grid = batch.population.grid
    points = grid.points if grid.name == "score" else np.full(len(grid.points), MISSING)
    wanted = targets(strata, points, answers_seen=batch.answers_seen)
    return allocate(strata.sizes, wanted, budget, at_least=at_least)


def _require_same_chances(batch: ScoredBatch, request: DrawRequest, design: Design) -> None:
    """Refuse what would change inclusion probabilities that are known."""
    why, asked = None, request.budget
    if design.seed_digest != batch.basis.seed_digest:
        why = "with another seed"
    elif asked is not None and asked < min(design.budget, len(batch.population)):
        why = f"with a budget of {design.budget}, and {asked} is less"
    if why:
        raise DrawRefused(
            f"batch {batch.name!r} was drawn {why}: another draw would change known probabilities",
            fix="pass --redraw REASON to begin another design; the earlier one stays on record",
        )


def _require_not_learned(batch: ScoredBatch, earlier: EarlierDraw) -> None:
    """Refuse to judge a version by a draw whose answers it has learned."""
    if SEEN not in {cohort.name for cohort in batch.population.cohorts}:
        return  # it was not trained here
    places = earlier.places(coarse(batch.population.ids))
    stays = places >= 0
    trained = batch.population.cohort(SEEN).holds("true")[stays]
    strata, sampled = earlier.strata.codes[places[stays]], earlier.sampled[places[stays]]
    if not is_learned(strata, sampled, trained):
        return
    count = int((sampled & trained).sum())
    raise DrawRefused(
        f"version {batch.basis.version} was trained on {count} of the {int(sampled.sum())} rows "
        f"that were drawn from batch {batch.name!r}, and on few others: it has learned their answers",
        fix="fit without the answers of rows that are checked (`push --purpose train` asks about others), "
        "or judge this version on later batches",
    )
