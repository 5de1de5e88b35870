"""Designs: the strata of each draw, with their sizes and allocations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from functions.draws.rows_shown import survey_digest
from functions.tables import Views, of_purpose
from pipelines.columns import relations
from pipelines.identity.keyed_hash import subkey
from pipelines.identity.row_digests import Digest
from pipelines.job.job_file import Job
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.plan import Design, Plan, ScoredBatch
from pipelines.sampling.population import Population, domain_counts
from pipelines.sampling.score_summaries import summarize
from pipelines.sampling.strata import Strata
from pipelines.tables.purposes import VERIFY


def designs(views: Views, purpose: str) -> dict[str, Design]:
    """Return the newest design of each batch.

    Args:
        views: of the job's tables.
        purpose: verify or train.

    Returns:
        The design by batch.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in relations.records(of_purpose(views.designs, purpose)):
        rows.setdefault(row["batch"], []).append(row)
    return {batch: _newest(own) for batch, own in rows.items()}


def asked_otherwise(job: Job, views: Views) -> set[str]:
    """Return the batches whose drawn rows are stored as an earlier job file showed or asked them."""
    now = survey_digest(job)
    newest = designs(views, VERIFY).items()
    return {batch for batch, one in newest if one.survey_digest not in (None, now)}


def _newest(rows: list[dict[str, Any]]) -> Design:
    last = max(row["draw_no"] for row in rows)
    strata = [row for row in rows if row["draw_no"] == last]
    names = (
        "draw_no",
        "series",
        "version",
        "input_digest",
        "population_digest",
        "seed_digest",
        "survey_digest",
        "content_digest",
        "budget",
        "reason",
        "known_at",
    )
    return Design(
        **{name: strata[0][name] for name in names},
        names=tuple(row["stratum"] for row in strata),
        sizes=np.array([row["size"] for row in strata]),
        allocated=np.array([row["allocated"] for row in strata]),
        goal=ClassGoal.of_text(strata[0]["goal"]) if strata[0]["goal"] else None,
        wanted=np.array([row["wanted"] for row in strata]) if strata[0]["goal"] else None,
    )


def design_rows(batch: ScoredBatch, plan: Plan, actor: str) -> list[dict[str, Any]]:
    """Return the rows of a design: one per stratum.

    Args:
        batch: the batch that is drawn from.
        plan: of the draw.
        actor: who draws.

    Returns:
        Rows of `designs`, without job, batch, purpose, draw number and series.
    """
    strata, population = plan.strata, batch.population
    domains = domain_counts(strata.codes, len(strata.names), population.labels, population.cohorts)
    columns = {
        "stratum": strata.names,
        "size": strata.sizes.tolist(),
        "allocated": plan.allocated.tolist(),
        "domains": [json.dumps(domain, ensure_ascii=False) for domain in domains],
        **score_summaries(population, strata),
    }
    if plan.goal and plan.wanted is not None:
        columns["wanted"] = plan.wanted.tolist()
    common = {
        **asdict(batch.basis), "budget": plan.budget, "reason": plan.reason,
        "actor": actor, "answers_seen": batch.answers_seen,
        "goal": plan.goal.text if plan.goal else None,
    }  # fmt: skip
    rows = zip(*columns.values(), strict=True)
    return [{**common, **dict(zip(columns, row, strict=True))} for row in rows]


def score_summaries(population: Population, strata: Strata) -> dict[str, Sequence[Any]]:
    """Summarize the scores of all rows: columns of H values each; none without scores."""
    summaries = summarize(strata, population.grid, population.cohorts)
    if summaries is None:
        return {}
    count = len(strata.names)
    return {
        f"{population.grid.name}_sums": [_unless_empty(text) for text in summaries.sums],
        "score_histogram": [_unless_empty(text) for text in summaries.histograms],
        "sums_left_out": [summaries.sums_left_out] * count,
        "histograms_left_out": [summaries.histograms_left_out] * count,
    }


def _unless_empty(text: str) -> str | None:
    return None if text == "{}" else text


def population_digest(population: Population) -> str:
    """Return the digest of the set of keys."""
    return Digest().add(population.ids).text


def seed_digest(job: Job) -> str:
    """Return a digest of the seed, which does not give it away."""
    return subkey("seed", job.sampling.seed).hex()
