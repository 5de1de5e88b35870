"""The step `status`: how far each batch is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from functions.app import App
from functions.batches import attempts, discovery
from functions.batches.attempts import CONTENT, NAMING, Attempt, differs
from functions.batches.comparison import Comparison, compare
from functions.batches.due import is_open
from functions.batches.model import trained_on
from functions.batches.nightly import left_out
from functions.tables import Views, of_purpose
from infra.clouds import is_remote
from pipelines.columns.buffers import bool_array, int_array
from pipelines.errors import RecheckError
from pipelines.tables.purposes import TRAIN, VERIFY

_NONE = int_array([0])[0]  # comparing with a number of Python would import pandas


@dataclass(frozen=True, slots=True)
class Asked:
    """Counts of rows that people are asked about."""

    sampled: int
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class State:
    """How far a batch is, in counts of rows."""

    batch: str
    state: str  # due | open | earlier | trained on | scored | changed | unreadable | gone
    scored: int
    sampled: int
    asked: int
    answered: int
    train: Asked  # rows that people label to train on


def status(app: App) -> list[State]:
    """Return the state of every batch of the data or of the store, sorted by batch.

    Where the data cannot be listed, only the batches of the store are returned,
    and `app.say` gets the reason.
    """
    views = app.views()
    live = attempts.live(views.tables)
    verify, train = asked(views, VERIFY), asked(views, TRAIN)
    states = _states(app, live)
    nothing = Asked(0, 0, 0)
    return [
        State(
            batch,
            states.get(batch, "due"),
            live[batch].predictions if batch in live else 0,
            checked.sampled,
            checked.asked,
            checked.answered,
            train.get(batch, nothing),
        )
        for batch in sorted({*states, *verify, *train})
        for checked in [verify.get(batch, nothing)]
    ]


def _states(app: App, live: Mapping[str, Attempt]) -> dict[str, str]:
    """Return the state of each batch that the data or the store has."""
    try:
        there = discovery.names(app.data)
        compared = _compared(app, {batch: live[batch] for batch in there if batch in live})
    except RecheckError as error:
        app.say(
            f"warning: the data cannot be listed, so this is what the store knows: {error.problem}"
        )
        app.say(f"hint: {error.fix}")
        return dict.fromkeys(live, "scored")
    found = dict.fromkeys(there, "due")
    found |= left_out(there, app.job.batches.first, trained_on(app.job, app.store))
    found |= {batch: "scored" for batch in there if batch in live}
    found |= dict.fromkeys(compared.changed, "changed") | dict.fromkeys(
        compared.failed, "unreadable"
    )
    found |= {batch: "open" for batch in there if is_open(batch, app.job, app.now())}
    return found | {batch: "gone" for batch in live if batch not in there}


def _compared(app: App, live: Mapping[str, Attempt]) -> Comparison:
    names_tell = is_remote(app.job.data.path) and app.job.batches.by == "path"
    if not live or names_tell:  # then nothing is fetched from a bucket to tell how far a batch is
        return Comparison(set(), {})
    data = discovery.find(app.data, list(live))
    same_rules = {b for b, one in live.items() if not differs(one.rules, app.job, NAMING, CONTENT)}
    sure = discovery.untouched(data, live) & same_rules
    unsure = {batch: one for batch, one in live.items() if batch not in sure}
    return compare(app.job, data, unsure)


def asked(views: Views, purpose: str) -> dict[str, Asked]:
    """Count the drawn, asked and answered rows of each batch."""
    samples = views.current_samples(purpose=purpose)
    labels = of_purpose(views.labels(), purpose)
    sampled = _counted(samples)
    asked = _counted(_joined(samples, of_purpose(views.questions, purpose)))
    answered = _counted(_joined(samples, labels.filter(pc.greater(labels["n_answers"], _NONE))))
    return {batch: Asked(sampled[batch], asked[batch], answered[batch]) for batch in sampled}


def _joined(samples: pa.Table, others: pa.Table) -> pa.Table:
    """Return the samples whose question is in another table."""
    asked = set(
        zip(others["prediction_id"].to_pylist(), others["shown_digest"].to_pylist(), strict=True)
    )
    own = zip(
        samples["prediction_id"].to_pylist(), samples["shown_digest"].to_pylist(), strict=True
    )
    return samples.filter(bool_array([question in asked for question in own]))


def _counted(rows: pa.Table) -> Counter[str]:
    return Counter(rows["batch"].to_pylist())
