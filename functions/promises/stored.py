"""The promises that our own tables show to be kept: P1, P2, P3, P5, P6."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from functions import estimates, tables
from functions.app import App
from functions.batches import attempts, discovery
from functions.batches import model as models
from functions.batches.attempts import CONTENT, NAMING, SEED, Attempt, differs
from functions.draws.designs import designs, seed_digest
from functions.promises import recount
from labeling.estimates.estimate import ESTIMATOR_VERSION, Estimate
from pipelines.columns.buffers import texts
from pipelines.errors import RecheckError
from pipelines.identity.ids import keyed_hashes
from pipelines.scoring.score_fragment import Target, Work
from pipelines.tables.delta import Table
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import PARTITIONED_BY, PREDICTIONS

_RESCORED = 200_000  # rows of a batch that P2 computes anew at most
_RECOMPUTED = 3  # of the newest times of estimates that P6 computes anew


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: kept, broken, or (None) not to be checked from here."""

    id: str
    ok: bool | None
    detail: str


def verdict(name: str, problems: Iterator[str] | list[str], kept: str) -> Promise:
    """Kept where there is no problem, else the first ones and their number."""
    found = list(problems)
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    return Promise(name, not found, "; ".join(found[:3]) + more if found else kept)


def batches_are_whole(app: App) -> Promise:
    """P1: each published batch has every file of one attempt, and no other."""
    table, live = app.store.table("predictions"), attempts.published(app.store, app.job.name)
    known = attempts.attempts(app.store, app.job.name)

    def problems() -> Iterator[str]:
        for batch, attempt in live.items():
            files = table.files({"job": app.job.name, "batch": batch})
            if attempt not in known:
                yield f"batch {batch}: its attempt {attempt[:8]} is not in `runs`"
            if {Path(file.path).name.split("-", 1)[0] for file in files} != {attempt}:
                yield f"batch {batch} mixes several attempts"
            for file in files:
                path = Path(table.uri) / file.path
                if not path.is_file() or path.stat().st_size != file.size:
                    yield f"batch {batch}: {path.name} is missing or changed"

    return verdict(
        "P1", problems(), f"{len(live)} published batches, each whole and of one attempt"
    )


def rows_add_up(app: App) -> Promise:
    """P3: rows in are predictions and quarantined rows, as recorded and as they lie there."""
    table, live = app.store.table("predictions"), attempts.live(app.store, app.job.name)
    quarantined = Counter(tables.view(app, "quarantine")["attempt"].to_pylist())

    def problems() -> Iterator[str]:
        for batch, attempt in live.items():
            partition = {"job": app.job.name, "batch": batch}
            rows = sum(
                pq.ParquetFile(Path(table.uri) / file.path).metadata.num_rows
                for file in table.files(partition)
            )
            if attempt.rows_in != attempt.predictions + attempt.quarantined:
                yield f"batch {batch}: {attempt.rows_in} rows in, {attempt.predictions} + {attempt.quarantined} recorded"
            if rows != attempt.predictions:
                yield f"batch {batch}: {attempt.predictions} predictions recorded, {rows} there"
            if quarantined[attempt.id] != attempt.quarantined:
                yield f"batch {batch}: {attempt.quarantined} quarantined recorded, {quarantined[attempt.id]} there"

    total = sum(attempt.rows_in for attempt in live.values())
    return verdict(
        "P3", problems(), f"{total} rows in = predictions + quarantined, in {len(live)} batches"
    )


def scoring_repeats(app: App) -> Promise:
    """Score the smallest unchanged batch again, elsewhere, and compare the bytes."""
    live = attempts.live(app.store, app.job.name)
    drawn = list(_wrong_draws(app))
    if drawn:
        return verdict("P2", drawn, "")
    small = [attempt for attempt in live.values() if attempt.rows_in <= _RESCORED]
    for attempt in sorted(small, key=lambda one: (bool(_other_libraries(one)), one.rows_in)):
        try:
            found = discovery.find(app, [attempt.batch])
            unchanged = found.files_of(attempt.batch) == attempt.files
        except RecheckError:
            continue
        if unchanged and attempt.predictions:
            return _rescored(app, attempt, found)
    return Promise("P2", None, "no published batch is small enough and has its input unchanged")


def _rescored(app: App, attempt: Attempt, found: discovery.Input) -> Promise:
    model = models.live(app)
    if app.job.model and model.version != attempt.version:
        return Promise(
            "P2",
            None,
            f"batch {attempt.batch} was scored by version {attempt.version}, which is not live",
        )
    published = app.store.table("predictions")
    bad = {
        (row["source"], row["row"]): row["reason"]
        for row in tables.view(app, "quarantine").to_pylist()
        if row["attempt"] == attempt.id and row["reason"].startswith("duplicate")
    }
    with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
        again = Table(f"{folder}/predictions", PREDICTIONS, PARTITIONED_BY["predictions"])
        work = Work(
            app.job,
            model.open_scorer,
            Target(again, {attempt.batch: attempt.id}, attempt.files, bad),
        )
        parts = [part for split in found.splits([attempt.batch]) for part in work.parts(split)]
        differing = [
            file.path
            for file in (part.file for part in parts if part.file)
            if (Path(again.uri) / file.path).read_bytes() != _bytes(Path(published.uri) / file.path)
        ]
    if differing and differs(attempt.rules, app.job, NAMING, CONTENT, SEED):
        return Promise(
            "P2",
            None,
            f"batch {attempt.batch} was scored when the job file had another key, other batches, cohorts or seed: "
            "change it back to check it, or score it anew with --replace",
        )
    others = _other_libraries(attempt)
    if differing and others:
        return Promise(
            "P2",
            None,
            f"batch {attempt.batch} comes out in other bytes, but was scored with {others}: "
            "install those versions to check it, or score it anew with --replace",
        )
    problems = [
        f"{Path(path).name} of batch {attempt.batch} comes out differently" for path in differing
    ]
    return verdict(
        "P2",
        problems,
        f"batch {attempt.batch} scored again gives the same bytes; draws hold the ranks 1 to n of each stratum, in the order of the hashes",
    )


def _other_libraries(attempt: Attempt) -> str:
    """The libraries that scored a batch and have another version today."""
    now = models.versions()
    then = attempt.versions
    return ", ".join(
        f"{name} {then.get(name, 'of an unknown version')} (now {now.get(name, 'not installed')})"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    )


def _bytes(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _wrong_draws(app: App) -> Iterator[str]:
    """Draws whose rows are not ranked 1 to n by their hashes, n what the design took of the stratum.

    A top-up goes on where the ranks of its series end, and a draw that was
    carried over to other predictions ranks all its rows anew. Draws by another
    seed than the job file's are left out.
    """
    seed, newest = seed_digest(app), designs(app, VERIFY)
    rows = tables.verifying(tables.current_samples(app)).to_pylist()
    for batch, design in sorted(newest.items()):
        if design.seed_digest != seed:
            continue
        own = [row for row in rows if row["batch"] == batch]
        hashes = keyed_hashes(
            app.job.sampling.seed, "sample", batch, texts(row["key"] for row in own)
        )
        ranks: dict[str, list[int]] = {name: [] for name in design.names}
        for place in np.lexsort((hashes[:, 1], hashes[:, 0])).tolist():
            ranks.setdefault(own[place]["stratum"], []).append(own[place]["rank"])
        allocated = dict(zip(design.names, design.allocated.tolist(), strict=True))
        for stratum, found in ranks.items():
            if found != list(range(1, allocated.get(stratum, 0) + 1)):
                yield f"batch {batch}: the sample of stratum {stratum!r} is not its smallest hashes in their order"


def answers_count_once(app: App) -> Promise:
    """P5: people are counted anew from the raw answers, and labels and estimates count as many."""
    annotations = tables.view(app, "annotations")
    raw = annotations.to_pylist()
    answered = recount.people(recount.standing(raw))
    rows = recount.answered_rows(
        tables.verifying(tables.current_samples(app)).to_pylist(),
        tables.verifying(annotations).to_pylist(),
    )
    problems = [
        *recount.moved(raw),
        *recount.miscounted(answered, tables.view(app, "labels").to_pylist()),
        *_other_numbers(rows, estimates.compute(app)),
    ]
    return verdict(
        "P5",
        problems,
        f"{sum(map(len, answered.values()))} answers, each counted once",
    )


def _other_numbers(answered: Mapping[str, int], estimates: Iterable[Estimate]) -> Iterator[str]:
    """Batches whose estimates count other rows than those that have an answer."""
    counted = {
        one.window: one.n_answered
        for one in estimates
        if one.period == "batch" and one.cohort is None
    }
    for batch, rows in sorted(answered.items()):
        if counted.get(batch, rows) != rows:
            yield f"batch {batch}: {rows} rows have an answer, and estimates count {counted[batch]}"


def estimates_repeat(app: App) -> Promise:
    """P6: the newest stored estimates come out the same from the raw tables, as known then."""
    stored = tables.view(app, "estimates").to_pylist()
    ours = [row for row in stored if row["estimator_version"] == ESTIMATOR_VERSION]
    times = sorted({row["as_of"] for row in ours})[-_RECOMPUTED:]
    every_metric = replace(app, job=app.job.model_copy(update={"metrics": ()}))
    problems = []
    for moment in times:
        again = {_figure(one.record()): one for one in estimates.compute(every_metric, moment)}
        problems += [
            f"{row['metric']} of {row['period']} {row['window']} as of {moment} comes out differently"
            for row in ours
            if row["as_of"] == moment and _is_other(row, again.get(_figure(row)))
        ]
    others = len(stored) - len(ours)
    return verdict(
        "P6",
        problems,
        f"{len(stored)} stored estimates; those of the last {len(times)} times equal their recomputation"
        + (f"; {others} were made by other formulas, and are not looked at" if others else ""),
    )


def _figure(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("metric", "class", "cohort", "period", "window", "version"))


def _is_other(row: dict[str, Any], again: Estimate | None) -> bool:
    """Whether anything that was stored comes out differently: also the time of the last fact."""
    return again is None or any(row[name] != now for name, now in again.record().items())
