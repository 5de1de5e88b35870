"""Rows of a data set without labels, chosen for people to label; `fit` learns from the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from functions import views
from functions.app import App
from functions.steps import inputs, shown
from pipelines.digests import Digest
from pipelines.hashing import Hashes, hex_text, subkey
from pipelines.identity import keyed_hashes, shown_digest
from pipelines.schemas import DESIGNS, SAMPLES, table_of

_STRATUM = "all"


def draw(app: App, batches: Sequence[str]) -> None:
    """Choose the rows with the smallest hashes of the purpose `fit`; more with a larger budget, the same else.

    Raises:
        InputChanged: a row of an earlier draw is gone from the input.
    """
    for batch in inputs.find(app, batches).batches:
        _draw(app, batch)


def _draw(app: App, batch: str) -> None:
    ids, keys, hashes = _rows(app, batch)
    budget = min(app.job.labeling.train_budget, len(ids))
    designs = [
        row
        for row in views.view(app, "designs").to_pylist()
        if row["batch"] == batch and row["purpose"] == "train"
    ]
    done = max((row["allocated"] for row in designs), default=0)
    if budget <= done:
        return
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))[:budget]
    number = len(designs) + 1
    head = {"job": app.job.name, "batch": batch, "draw_no": number, "series": 1, "purpose": "train"}
    names = hex_text(ids).to_pylist()
    fresh = [(rank + 1, int(row)) for rank, row in enumerate(order) if rank >= done]
    views_of = shown.shown(app, batch, [names[row] for _, row in fresh], None)
    common = {
        "stratum": _STRATUM,
        "stratum_size": len(ids),
        "inclusion_probability": budget / len(ids),
        "cohorts": {},
    }
    samples = [
        {**head, **common, "prediction_id": names[row], "key": keys[row], "rank": rank, "shown": views_of[names[row]],
         "shown_digest": shown_digest(app.job.labeling.question, views_of[names[row]])}
        for rank, row in fresh
    ]  # fmt: skip
    design: dict[str, Any] = {
        **head, "stratum": _STRATUM, "size": len(ids), "allocated": budget, "domains": json.dumps({}), "budget": budget,
        "population_digest": Digest().add(ids).text, "seed_digest": subkey("seed", app.job.sampling.seed).hex(),
        "actor": app.settings.actor, "reason": "top-up" if done else "first", "answers_seen": 0,
    }  # fmt: skip
    with app.committing() as moment:
        app.store.table("samples").append(
            table_of(SAMPLES, [{**row, "known_at": moment} for row in samples])
        )
        app.store.table("designs").append(table_of(DESIGNS, [{**design, "known_at": moment}]))


def _rows(app: App, batch: str) -> tuple[Hashes, list[str], Hashes]:
    parts = list(inputs.batch_rows(app, batch))
    ids = np.concatenate([part.ids for part in parts])
    keys = [key for part in parts for key in part.keys.to_pylist()]
    hashes = np.concatenate(
        [keyed_hashes(app.job.sampling.seed, "fit", batch, part.keys) for part in parts]
    )
    return ids, keys, hashes
