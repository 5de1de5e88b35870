"""What is done and what is due, batch by batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from functions import ledger, views
from functions.app import App
from functions.steps import inputs


@dataclass(frozen=True, slots=True)
class State:
    """Counts of rows of a batch."""

    batch: str
    scored: int
    sampled: int
    asked: int
    answered: int


def status(app: App) -> list[State]:
    """Every batch of the data or of the store, sorted."""
    live = ledger.live(app.store, app.job.name)
    samples = views.verifying(views.current_samples(app))
    sampled = _counted(samples)
    asked = _counted(_joined(samples, views.verifying(views.view(app, "questions"))))
    labels = views.verifying(views.labels(app))
    answered = _counted(_joined(samples, labels.filter(pc.greater(labels["n_answers"], 0))))
    batches = set(inputs.names(app)) | set(live) | set(sampled)
    return [
        State(
            batch,
            live[batch].predictions if batch in live else 0,
            sampled[batch],
            asked[batch],
            answered[batch],
        )
        for batch in sorted(batches)
    ]


def _joined(samples: pa.Table, others: pa.Table) -> pa.Table:
    """The samples whose question stands in another table."""
    asked = set(
        zip(others["prediction_id"].to_pylist(), others["shown_digest"].to_pylist(), strict=True)
    )
    own = zip(
        samples["prediction_id"].to_pylist(), samples["shown_digest"].to_pylist(), strict=True
    )
    return samples.filter(pa.array([one in asked for one in own], pa.bool_()))


def _counted(rows: pa.Table) -> Counter[str]:
    return Counter(rows["batch"].to_pylist())
