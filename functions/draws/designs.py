"""The newest design of each batch, as the table keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from functions.app import App
from functions.tables import Views, of_purpose
from pipelines.columns import relations
from pipelines.columns.buffers import Int64s
from pipelines.identity.keyed_hash import subkey
from pipelines.identity.row_digests import Digest
from pipelines.sampling.population import Population


@dataclass(frozen=True, slots=True)
class Design:
    """The newest design of a batch, as the table keeps it."""

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
    names: tuple[str, ...]
    sizes: Int64s
    allocated: Int64s


def designs(views: Views, purpose: str) -> dict[str, Design]:
    """The newest design of each batch."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in relations.records(of_purpose(views.designs, purpose)):
        rows.setdefault(row["batch"], []).append(row)
    return {batch: _newest(own) for batch, own in rows.items()}


def _newest(rows: list[dict[str, Any]]) -> Design:
    last = max(row["draw_no"] for row in rows)
    own = [row for row in rows if row["draw_no"] == last]
    names = (
        "draw_no",
        "series",
        "version",
        "input_digest",
        "population_digest",
        "seed_digest",
        "survey_digest",
        "budget",
        "reason",
        "known_at",
    )
    return Design(
        **{name: own[0][name] for name in names},
        names=tuple(row["stratum"] for row in own),
        sizes=np.array([row["size"] for row in own]),
        allocated=np.array([row["allocated"] for row in own]),
    )


def population_digest(population: Population) -> str:
    """Identifies the set of keys."""
    return Digest().add(population.ids).text


def seed_digest(app: App) -> str:
    """Identifies the seed without telling it."""
    return subkey("seed", app.job.sampling.seed).hex()
