"""Replays as arrays give the same figures as the product's estimates on tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from pipelines.sampling.population import domain_counts
from pipelines.tables.schemas import ANNOTATIONS, DESIGNS, SAMPLES, table_of
from tests.fixtures.replays import Design, Drawn, KnownBatch, draws, figures

_AT = datetime(2026, 11, 20, tzinfo=UTC)


def _batch(seed: int, *, numbers: bool = False) -> KnownBatch:
    rng = np.random.default_rng(seed)
    rows = 900
    label = rng.choice(3, rows, p=(0.8, 0.15, 0.05))
    truth = np.where(rng.random(rows) < 0.8, label, rng.integers(0, 3, rows)).astype(np.float64)
    score, side = rng.uniform(0.4, 1, rows), rng.choice(3, rows, p=(0.6, 0.35, 0.05))
    if numbers:
        score = rng.lognormal(2, 1, rows)
        return KnownBatch(
            (), np.zeros(rows, np.int64), score * rng.lognormal(0, 0.5, rows), score, side
        )
    return KnownBatch(("a", "b", "c"), label, truth, score, side)


def _text(batch: KnownBatch, value: float) -> str:
    return repr(float(value)) if batch.is_of_numbers else batch.labels[int(value)]


def _tables(design: Design, drawn: Drawn, answered: Sequence[bool]) -> list[pa.Table]:
    """Write the replays down as a store would hold them."""
    batch, strata = design.batch, design.strata
    head = {
        "job": "j",
        "purpose": "verify",
        "version": "v",
        "series": 1,
        "draw_no": 1,
        "known_at": _AT,
    }
    counts = domain_counts(
        strata.codes, len(strata.names), batch.population.labels, batch.population.cohorts
    )
    designs, samples, annotations = [], [], []
    for replay in range(drawn.replays):
        head = head | {"batch": f"replay {replay:05d}"}
        designs += [
            head | {"stratum": name, "size": size, "allocated": n, "domains": json.dumps(domain)}
            for name, size, n, domain in zip(
                strata.names, strata.sizes.tolist(), design.allocated.tolist(), counts, strict=True
            )
        ]
    for place, (replay, row) in enumerate(
        zip(drawn.replay.tolist(), drawn.row.tolist(), strict=True)
    ):
        head = head | {"batch": f"replay {replay:05d}"}
        name = f"{replay:05d}/{row:05d}"
        label = "" if batch.is_of_numbers else batch.labels[batch.label[row]]
        value = batch.score[row] if batch.is_of_numbers else None
        samples.append(
            head
            | {"prediction_id": name, "key": name, "shown": "{}", "shown_digest": "d", "rank": 1}
            | {"label": label, "value": value, "score": float(batch.score[row])}
            | {
                "cohorts": {"side": str(batch.cohort[row])},
                "stratum": strata.names[strata.codes[row]],
            }
        )
        if answered[place]:
            annotations.append(
                {"job": "j", "purpose": "verify", "annotation_id": name, "prediction_id": name}
                | {"shown_digest": "d", "annotator": "p", "state": "valid", "known_at": _AT}
                | {"answer": _text(batch, batch.truth[row]), "source": "file"}
            )
    return [
        table_of(schema, rows)
        for schema, rows in ((DESIGNS, designs), (SAMPLES, samples), (ANNOTATIONS, annotations))
    ]


def _parts(one: Estimate) -> np.ndarray:
    parts = (one.value, one.low, one.high, one.value_if_missing_wrong, one.value_if_missing_right)
    return np.array([np.nan if part is None else part for part in parts])


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("budget, part", [(50, 1.0), (100, 0.85), (100, 0.1)])
def test_arrays_give_the_figures_of_tables(budget: int, part: float, *, numbers: bool) -> None:
    """Every metric, class and cohort, to 1e-12: also where people have just begun."""
    rng = np.random.default_rng(budget)
    batch = _batch(budget, numbers=numbers)
    design = Design(batch, *batch.design(budget))
    (drawn,) = draws(design.strata, design.allocated, rng, 12)
    answered = rng.random(len(drawn.row)) < part
    metrics = ["mae", "rmse"] if numbers else ["accuracy", "precision", "recall", "f1"]

    found = figures(design.evidence(drawn, answered), metrics, batch.labels)

    wanted = Wanted("regression" if numbers else "classification", batch.labels)
    tables = estimates(*_tables(design, drawn, answered.tolist()), wanted=wanted, seed="s")
    listed = {
        (one.metric, one.class_, one.cohort, one.window): one
        for one in tables
        if one.period == "batch"
    }
    compared = 0
    for one in found:
        columns = np.stack(one.parts()[:5]).reshape(5, 4, drawn.replays)
        for domain in range(4):
            for replay in range(drawn.replays):
                cohort = f"side={domain - 1}" if domain else None
                other = listed.get((one.metric, one.class_, cohort, f"replay {replay:05d}"))
                if other is not None:
                    expected = _parts(other)
                    scale = max(1.0, float(np.nanmax(np.abs(expected), initial=1.0)))
                    np.testing.assert_allclose(
                        columns[:, domain, replay], expected, rtol=0, atol=1e-12 * scale
                    )
                    compared += 1
    assert compared > 12 * len(found)
