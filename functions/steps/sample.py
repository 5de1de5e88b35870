"""Draw a probability sample of a batch's predictions, and store its whole design."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions import ledger, views
from functions.app import App
from functions.ledger import Attempt
from functions.steps import population as predicted
from functions.steps import shown
from functions.steps.score import require_scored
from pipelines.carryover import EarlierDraw, carry_over
from pipelines.columns import Int64s, coded_texts
from pipelines.digests import Digest
from pipelines.errors import DrawRefused
from pipelines.hashing import hex_text, subkey
from pipelines.identity import shown_digest
from pipelines.population import Population, domain_counts
from pipelines.sampling import allocate, draw, targets
from pipelines.schemas import DESIGNS, SAMPLES, table_of
from pipelines.strata import Strata, stratify

VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Options:
    """What `recheck sample` was told."""

    batches: tuple[str, ...] = ()
    budget: int | None = None
    redraw: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of a draw."""

    stratum: str
    size: int
    sampled: int
    probability: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """The draw of a batch."""

    batch: str
    sampled: int
    draw: int  # its number; a repeat that draws nothing has the same
    reason: str
    strata: list[Stratum]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """The design of a batch that holds now."""

    draw_no: int
    series: int
    version: str
    population_digest: str
    seed_digest: str
    budget: int
    reason: str
    names: list[str]
    sizes: Int64s
    allocated: Int64s


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be drawn."""

    strata: Strata
    allocated: Int64s
    reason: str
    begins: bool  # a new series
    budget: int
    kept: set[str] = field(default_factory=set)  # prediction ids that stay as they are


def sample(app: App, options: Options) -> list[Drawn]:
    """Draw from these batches, or from every scored one; the same again draws nothing.

    Raises:
        StepMissing: a batch was not scored.
        DrawRefused: a smaller budget, or another seed, after a draw.
        InputChanged: the input is not what was scored.
    """
    live = ledger.live(app.store, app.job.name)
    batches = options.batches or tuple(sorted(batch for batch in live if live[batch].predictions))
    with app.store.lock(f"sample-{app.job.name}", wait=60):
        return [_draw(app, options, batch) for batch in app.track(batches, len(batches), "Sampling")]


def _draw(app: App, options: Options, batch: str) -> Drawn:
    attempt = require_scored(app, batch)
    rows = predicted.read(app, attempt)
    earlier = holding(app, batch, VERIFY)
    plan = _plan(app, options, batch, rows, attempt, earlier)
    if plan is None:
        assert earlier is not None
        strata = _told(earlier.names, earlier.sizes, earlier.allocated)
        return Drawn(batch, int(earlier.allocated.sum()), earlier.draw_no, earlier.reason, strata, is_new=False)
    if not options.dry_run:
        _store(app, batch, rows, attempt, plan, earlier)
    strata = _told(list(plan.strata.names), plan.strata.sizes, plan.allocated)
    number = earlier.draw_no + 1 if earlier else 1
    return Drawn(batch, int(plan.allocated.sum()), number, plan.reason, strata, is_new=True)


def _told(names: list[str], sizes: Int64s, allocated: Int64s) -> list[Stratum]:
    return [
        Stratum(name, int(size), int(sampled), float(sampled / size))
        for name, size, sampled in zip(names, sizes, allocated, strict=True)
    ]


def holding(app: App, batch: str, purpose: str) -> Earlier | None:
    """The newest design of a batch, None before its first draw."""
    rows = [
        row
        for row in views.view(app, "designs").to_pylist()
        if row["batch"] == batch and row["purpose"] == purpose
    ]
    if not rows:
        return None
    last = max(row["draw_no"] for row in rows)
    own = [row for row in rows if row["draw_no"] == last]
    one = own[0]
    return Earlier(
        last, one["series"], one["version"], one["population_digest"], one["seed_digest"], one["budget"], one["reason"],
        [row["stratum"] for row in own],
        np.array([row["size"] for row in own]), np.array([row["allocated"] for row in own]),
    )  # fmt: skip


def _plan(
    app: App, options: Options, batch: str, rows: predicted.Predicted, attempt: Attempt, earlier: Earlier | None
) -> _Plan | None:
    """What to draw; None where what was drawn holds."""
    population = rows.population
    budget = options.budget or max(app.job.sampling.budget, earlier.budget if earlier and not options.redraw else 0)
    if earlier is None or options.redraw:
        strata = stratify(population, budget, app.job.sampling.cohorts)
        allocated = _allocated(app, strata, population, budget, None)
        return _Plan(strata, allocated, options.redraw or "first", True, budget)
    if earlier.seed_digest != _seed_digest(app):
        raise _refused(batch, "with another seed")
    if options.budget is not None and options.budget < min(earlier.budget, len(population)):
        raise _refused(batch, f"with a budget of {earlier.budget}, and {options.budget} is less")
    same = earlier.population_digest == _digest(population) and earlier.version == attempt.version
    if same and budget <= int(earlier.allocated.sum()):
        return None
    if same and int(earlier.allocated.sum()) == len(population):
        return None
    membership = _membership(app, batch, earlier)
    if same:
        strata = _strata_again(population, membership, earlier)
        allocated = _allocated(app, strata, population, budget, earlier.allocated)
        return _Plan(strata, allocated, "top-up", False, budget, _ids_of(app, batch, earlier))
    coarse = Population(_coarse(population.ids), population.draws, population.labels, population.grid, population.cohorts)
    carried = carry_over(membership, coarse, budget, app.job.sampling.cohorts)
    allocated = _allocated(app, carried.strata, population, carried.budget, carried.at_least)
    return _Plan(carried.strata, allocated, "carried over", True, carried.budget)


def _refused(batch: str, why: str) -> DrawRefused:
    return DrawRefused(
        f"batch {batch!r} was drawn {why}: another draw would change known probabilities",
        fix="pass --redraw REASON to begin another design; the earlier one stays on record",
    )


def _allocated(app: App, strata: Strata, population: Population, budget: int, at_least: Int64s | None) -> Int64s:
    wanted = targets(strata, population.grid.points if population.grid.name == "score" else np.full(len(population), -1), answers_seen=_answers_seen(app))
    return allocate(strata.sizes, wanted, budget, at_least=at_least)


def _answers_seen(app: App) -> int:
    labels = views.labels(app)
    counted = [row for row in labels.select(["purpose", "n_answers", "label"]).to_pylist() if row["purpose"] == VERIFY]
    return len(counted)


def _digest(population: Population) -> str:
    return Digest().add(population.ids).text


def _seed_digest(app: App) -> str:
    return subkey("seed", app.job.sampling.seed).hex()


def _coarse(ids: np.ndarray) -> np.ndarray:
    """Ids by their first 64 bits, as `populations` keeps them."""
    return np.stack([ids[:, 0], np.zeros(len(ids), np.uint64)], axis=1)


def _membership(app: App, batch: str, earlier: Earlier) -> EarlierDraw:
    """Which stratum each row was in, as it was stored with the draw."""
    rows = app.store.table("populations").read(partition={"job": app.job.name, "batch": batch})
    mask = pc.and_(pc.equal(rows["draw_no"], earlier.draw_no), pc.equal(rows["purpose"], VERIFY))
    rows = rows.filter(mask)
    last = pc.max(rows["known_at"])
    rows = rows.filter(pc.equal(rows["known_at"], last))
    ids = np.array(rows["id_high"]).view(np.uint64)
    places = {name: code for code, name in enumerate(earlier.names)}
    codes = np.array([places[name] for name in rows["stratum"].to_pylist()], dtype=np.int32)
    strata = Strata(tuple(earlier.names), codes)
    return EarlierDraw(np.stack([ids, np.zeros_like(ids)], axis=1), strata, np.array(rows["is_sampled"]))


def _strata_again(population: Population, membership: EarlierDraw, earlier: Earlier) -> Strata:
    order = np.argsort(membership.ids[:, 0])
    places = order[np.searchsorted(membership.ids[order, 0], population.ids[:, 0])]
    return Strata(tuple(earlier.names), membership.strata.codes[places])


def _ids_of(app: App, batch: str, earlier: Earlier) -> set[str]:
    rows = views.view(app, "samples")
    mask = pc.and_(pc.equal(rows["batch"], batch), pc.equal(rows["series"], earlier.series))
    return set(rows.filter(pc.and_(mask, pc.equal(rows["purpose"], VERIFY)))["prediction_id"].to_pylist())


def _store(
    app: App, batch: str, rows: predicted.Predicted, attempt: Attempt, plan: _Plan, earlier: Earlier | None
) -> None:
    """Populations, then samples, then the design: a draw without a design never happened."""
    number = earlier.draw_no + 1 if earlier else 1
    series = number if plan.begins or earlier is None else earlier.series
    moment = app.moment()
    head = {"job": app.job.name, "batch": batch, "draw_no": number, "purpose": VERIFY, "known_at": moment}
    drawn = draw(rows.population, plan.strata, plan.allocated)
    app.store.table("populations").append(_population_table(head, rows.population, plan.strata, drawn.rows))
    places = [
        (int(row), int(stratum), int(rank))
        for row, stratum, rank in zip(drawn.rows, drawn.strata, drawn.ranks, strict=True)
        if rows.ids[int(row)] not in plan.kept
    ]
    views_of = shown.shown(app, batch, [rows.ids[row] for row, *_ in places], attempt.digest)
    samples = [_sampled(app, {**head, "series": series}, rows, plan, place, views_of) for place in places]
    app.store.table("samples").append(table_of(SAMPLES, samples))
    designs = _designed(app, {**head, "series": series}, rows.population, attempt, plan)
    transaction = (f"sample/{app.job.name}/{batch}/{VERIFY}", number)
    app.store.table("designs").append(table_of(DESIGNS, designs), transaction=transaction)


def _sampled(
    app: App, head: dict[str, Any], rows: predicted.Predicted, plan: _Plan, place: tuple[int, int, int], views_of: dict[str, str]
) -> dict[str, Any]:
    row, stratum, rank = place
    size = int(plan.strata.sizes[stratum])
    text = views_of[rows.ids[row]]
    return {
        **head, **rows.row(row), "stratum": plan.strata.names[stratum], "stratum_size": size, "rank": rank,
        "inclusion_probability": float(plan.allocated[stratum] / size),
        "shown": text, "shown_digest": shown_digest(app.job.labeling.question, text),
    }  # fmt: skip


def _designed(
    app: App, head: dict[str, Any], population: Population, attempt: Attempt, plan: _Plan
) -> list[dict[str, Any]]:
    strata = plan.strata
    domains = domain_counts(strata.codes, len(strata.names), population.labels, population.cohorts)
    common = {
        **head, "version": attempt.version, "population_digest": _digest(population), "seed_digest": _seed_digest(app),
        "budget": plan.budget, "actor": app.settings.actor, "reason": plan.reason, "answers_seen": _answers_seen(app),
    }  # fmt: skip
    return [
        {**common, "stratum": name, "size": int(size), "allocated": int(taken), "domains": json.dumps(domain, ensure_ascii=False)}
        for name, size, taken, domain in zip(strata.names, strata.sizes, plan.allocated, domains, strict=True)
    ]


def _population_table(head: dict[str, Any], population: Population, strata: Strata, sampled: Int64s) -> pa.Table:
    n = len(population)
    taken = np.zeros(n, np.bool_)
    taken[sampled] = True
    known_at: datetime = head["known_at"]
    return pa.table(
        {
            "job": coded_texts(np.zeros(n), [head["job"]]).dictionary_decode(),
            "batch": coded_texts(np.zeros(n), [head["batch"]]).dictionary_decode(),
            "draw_no": pa.array(np.full(n, head["draw_no"], np.int32)),
            "purpose": coded_texts(np.zeros(n), [head["purpose"]]).dictionary_decode(),
            "id_high": pa.array(population.ids[:, 0].view(np.int64)),
            "stratum": coded_texts(strata.codes, strata.names).dictionary_decode(),
            "is_sampled": pa.array(taken),
            "known_at": pa.repeat(pa.scalar(known_at, pa.timestamp("us", tz="UTC")), n),
        }
    )
