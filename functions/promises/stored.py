"""The promises that our own tables show to be kept: P1, P2, P3, P5, P6."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from functions import estimates
from functions.app import App
from functions.batches import attempts, discovery
from functions.batches import model as models
from functions.batches.attempts import CONTENT, NAMING, SEED, Attempt, differs
from functions.draws.designs import designs, seed_digest
from functions.promises import recount
from functions.runs import versions
from functions.tables import Views, of_purpose
from infra.clouds.folder import Folder
from labeling.estimates.estimate import ESTIMATOR_VERSION, Estimate
from pipelines.columns import relations
from pipelines.columns.buffers import texts
from pipelines.errors import RecheckError
from pipelines.identity.ids import keyed_hashes
from pipelines.job.rules import reading_rules
from pipelines.scoring.file_names import attempt_of
from pipelines.scoring.score_fragment import Work
from pipelines.tables.delta import Table
from pipelines.tables.files import Files
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import PARTITIONED_BY, PREDICTIONS
from pipelines.tables.table_files import WrittenFile

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


def batches_are_whole(_: App, views: Views) -> Promise:
    """P1: each published batch has every file of one attempt, and no other."""
    tables = views.tables
    files_of, known = tables.table("predictions").store_files, attempts.attempts(tables)

    def problems() -> Iterator[str]:
        for batch, attempt in views.published.items():
            files = tables.files("predictions", batch)
            if attempt not in known:
                yield f"batch {batch}: its attempt {attempt[:8]} is not in `runs`"
            if {attempt_of(_name(file)) for file in files} != {attempt}:
                yield f"batch {batch} mixes several attempts"
            for file in files:
                stat = files_of.head(file.path)
                if stat is None or stat.size != file.size:
                    yield f"batch {batch}: {_name(file)} is missing or changed"

    return verdict(
        "P1", problems(), f"{len(views.published)} published batches, each whole and of one attempt"
    )


def rows_add_up(_: App, views: Views) -> Promise:
    """P3: rows in are predictions and quarantined rows, as recorded and as they lie there."""
    tables, live = views.tables, attempts.live(views.tables)
    files_of = tables.table("predictions").store_files
    quarantined = Counter(views.quarantine()["attempt"].to_pylist())

    def problems() -> Iterator[str]:
        for batch, attempt in live.items():
            rows = sum(
                pq.ParquetFile(files_of.open(file.path)).metadata.num_rows
                for file in tables.files("predictions", batch)
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


def scoring_repeats(app: App, views: Views) -> Promise:
    """Score the smallest unchanged batch again, elsewhere, and compare the bytes."""
    live = attempts.live(views.tables)
    drawn = list(_wrong_draws(app, views))
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
            return _rescored(app, views, attempt, found)
    return Promise("P2", None, "no published batch is small enough and has its input unchanged")


def _rescored(app: App, views: Views, attempt: Attempt, found: discovery.Input) -> Promise:
    model = models.live(app)
    if app.job.model and model.version != attempt.version:
        return Promise(
            "P2",
            None,
            f"batch {attempt.batch} was scored by version {attempt.version}, which is not live",
        )
    published = views.tables.table("predictions").store_files
    bad = {
        (row["source"], row["row"]): row["reason"]
        for row in views.quarantine().to_pylist()
        if row["attempt"] == attempt.id and row["reason"].startswith("duplicate")
    }
    with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
        again = Table(Folder(Path(folder)), PREDICTIONS, PARTITIONED_BY["predictions"])
        work = Work(
            rules=reading_rules(app.job),
            open_scorer=model.open_scorer,
            table=again,
            attempts={attempt.batch: attempt.id},
            file_digests=attempt.files,
            excluded=bad,
        )
        results = [one for split in found.splits([attempt.batch]) for one in work.results(split)]
        differing = [
            file.path
            for file in (result.file for result in results if result.file)
            if again.store_files.read(file.path) != _bytes(published, file.path)
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
    now = versions()
    then = attempt.versions
    return ", ".join(
        f"{name} {then.get(name, 'of an unknown version')} (now {now.get(name, 'not installed')})"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    )


def _name(file: WrittenFile) -> str:
    return file.path.rpartition("/")[2]


def _bytes(files: Files, name: str) -> bytes:
    with suppress(FileNotFoundError):
        return files.read(name)
    return b""


def _wrong_draws(app: App, views: Views) -> Iterator[str]:
    """Draws whose rows are not ranked 1 to n by their hashes, n what the design took of the stratum.

    A top-up goes on where the ranks of its series end, and a draw that was
    carried over to other predictions ranks all its rows anew. Draws by another
    seed than the job file's are left out.
    """
    seed, newest = seed_digest(app.job), designs(views, VERIFY)
    columns = ["batch", "key", "stratum", "rank"]
    rows = views.current_samples(purpose=VERIFY).select(columns).to_pylist()
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


def answers_count_once(app: App, views: Views) -> Promise:
    """P5: people are counted anew from the raw answers, and labels and estimates count as many."""
    annotations = views.annotations()
    raw = relations.records(annotations)
    answered = recount.people(recount.standing(raw))
    rows = recount.answered_rows(
        relations.records(views.current_samples(purpose=VERIFY)),
        relations.records(of_purpose(annotations, VERIFY)),
    )
    problems = [
        *recount.moved(raw),
        *recount.doubled(raw),
        *recount.miscounted(answered, relations.records(views.labels())),
        *_other_numbers(rows, estimates.compute(app.job, views)),
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


def estimates_repeat(app: App, views: Views) -> Promise:
    """P6: the newest stored estimates come out the same from the raw tables, as known then."""
    stored = relations.records(views.tables.read("estimates"))
    ours = [row for row in stored if row["estimator_version"] == ESTIMATOR_VERSION]
    times = sorted({row["as_of"] for row in ours})[-_RECOMPUTED:]
    every_metric = app.job.model_copy(update={"metrics": ()})
    problems = []
    for moment in times:
        again = {
            _figure(one.record()): one for one in estimates.compute(every_metric, views, moment)
        }
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
