"""P2: the same input and model give the same bytes and the same sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256

import numpy as np

from functions.batches import attempts, discovery
from functions.batches import model as models
from functions.batches.attempts import (
    CONTENT,
    NAMING,
    SEED,
    Attempt,
    differs,
    has_class_scores,
)
from functions.batches.discovery import Input, JobData
from functions.draws.designs import designs, seed_digest
from functions.erasure.erasures import Erasures, erasures
from functions.promises.class_draws import wrong_class_draws
from functions.promises.draws_repeat import other_draws, other_scores
from functions.promises.lost_rows import fewer_rows, lost_draws
from functions.promises.promise import Promise, unchecked, verdict
from functions.runs import versions
from functions.tables import Views
from infra.clouds.folder import temporary_folder
from infra.settings import Settings
from pipelines.columns.buffers import texts
from pipelines.errors import RecheckError
from pipelines.formats.file_rules import CURRENT
from pipelines.identity.ids import keyed_hashes
from pipelines.job.job_file import Job
from pipelines.job.rules import reading_rules
from pipelines.sampling.plan import Design
from pipelines.scoring.forgotten_rows import ForgottenRows
from pipelines.scoring.score_fragment import Work
from pipelines.tables.files import Files
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import PARTITIONED_BY, PREDICTIONS
from pipelines.tables.table import Table

_RESCORED = 200_000  # rows of a batch that is scored again, at most


def scoring_repeats(data: JobData, views: Views, settings: Settings) -> Promise:
    """P2: score the smallest unchanged batch again, elsewhere, and compare the bytes.

    Args:
        data: of the job.
        views: of its tables.
        settings: name the trusted keys.

    Returns:
        The verdict; none where no batch can be scored again.
    """
    newest = designs(views, VERIFY)
    drawn = [
        *lost_draws(views),
        *_wrong_draws(data.job, views, newest),
        *wrong_class_draws(data.job, views, newest),
        *other_draws(data, views, settings),
        *fewer_rows(views.tables, "designs", "samples"),
    ]
    if drawn:
        return verdict("P2", drawn, "")
    live = attempts.live(views.tables)
    erased = erasures(views.tables)
    small = [
        attempt
        for attempt in live.values()
        if attempt.rows_in <= _RESCORED and not _has_tombstones(views, attempt.batch, erased)
    ]
    for attempt in sorted(small, key=lambda one: (bool(_other_libraries(one)), one.rows_in)):
        try:
            inputs = discovery.find(data, [attempt.batch])
            unchanged = inputs.has_files(attempt.batch, attempt.files)
        except RecheckError:
            continue
        if unchanged and attempt.predictions:
            model = models.live(data.job, data.store, settings)
            found = _rescored(data.job, views, attempt, inputs, model)
            others = other_scores(data, views, settings, attempt) if found.ok else ()
            return verdict("P2", others, found.detail) if found.ok else found
    return unchecked("P2", "no published batch is small enough and has its input unchanged")


def _has_tombstones(views: Views, batch: str, erased: Erasures) -> bool:
    """Tell whether a row of a published batch was forgotten: its bytes cannot come out again."""
    return any(file.name in erased.files for file in views.tables.files("predictions", batch))


def _rescored(
    job: Job, views: Views, attempt: Attempt, inputs: Input, model: models.Live
) -> Promise:
    """Score a batch again and judge its bytes; they prove nothing where the settings or libraries differ."""
    batch = attempt.batch
    if job.model and model.version != attempt.version:
        return unchecked(
            "P2", f"batch {batch} was scored by version {attempt.version}, which is not live"
        )
    differing = _differing_files(job, views, attempt, inputs, model)
    is_other = differs(attempt.rules, job, NAMING, CONTENT, SEED)
    if differing and (is_other or not has_class_scores(attempt.rules, job)):
        return unchecked(
            "P2",
            f"batch {batch} was scored when the job file had another key, other batches, cohorts, seed or class to ask for: "
            "change it back to check it, or score it anew with --replace",
        )
    if differing and attempt.reading != CURRENT:
        return unchecked(
            "P2",
            f"batch {batch} was scored by reading rules of number {attempt.reading}, and comes out in other bytes "
            f"by those of today ({CURRENT}): score it anew with --replace to check it",
        )
    others = _other_libraries(attempt)
    if differing and others:
        return unchecked(
            "P2",
            f"batch {batch} comes out in other bytes, but was scored with {others}: "
            "install those versions to check it, or score it anew with --replace",
        )
    return verdict(
        "P2",
        (f"{path.rpartition('/')[2]} of batch {batch} comes out differently" for path in differing),
        f"batch {batch} scored again gives the same bytes; draws hold the ranks 1 to n of each stratum, in the order of the hashes",
    )


def _differing_files(
    job: Job, views: Views, attempt: Attempt, inputs: Input, model: models.Live
) -> list[str]:
    """Score a batch into a temporary folder; return the files that are not as published."""
    published = views.tables.table("predictions").store_files
    with temporary_folder() as folder:
        again = Table(folder, PREDICTIONS, PARTITIONED_BY["predictions"])
        work = Work(
            rules=reading_rules(job, attempt.reading),
            open_scorer=model.open_scorer,
            table=again,
            attempts={attempt.batch: attempt.id},
            file_digests=attempt.files,
            excluded=_left_out(views, attempt),
            forgotten=ForgottenRows(job.sampling.seed, erasures(views.tables).digests),
        )
        splits = [split.by(work.rules.files) for split in inputs.splits([attempt.batch])]
        results = [one for split in splits for one in work.results(split)]
        names = [result.file.path for result in results if result.file]
        # a file's name counts the files before its own, and those of other batches come and go
        live = views.tables.files("predictions", attempt.batch)
        expected = {sha256(_bytes(published, file.path)).digest() for file in live}
        return [n for n in names if sha256(again.store_files.read(n)).digest() not in expected]


def _left_out(views: Views, attempt: Attempt) -> dict[tuple[str, int], str]:
    """Return the rows that were left out for their key, and why: no single fragment can tell."""
    return {
        (row["source"], row["row"]): row["reason"]
        for row in views.quarantine().to_pylist()
        if row["attempt"] == attempt.id and row["reason"].startswith("duplicate")
    }


def _other_libraries(attempt: Attempt) -> str:
    """Name the libraries that scored a batch and have another version today."""
    now = versions()
    then = attempt.versions
    return ", ".join(
        f"{name} {then.get(name, 'of an unknown version')} (now {now.get(name, 'not installed')})"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    )


def _bytes(files: Files, name: str) -> bytes:
    with suppress(FileNotFoundError):
        return files.read(name)
    return b""


def _wrong_draws(job: Job, views: Views, newest: Mapping[str, Design]) -> Iterator[str]:
    """Yield draws whose rows are not ranked 1 to n by their hashes, n as the design allocates.

    A top-up goes on where the ranks of its series end, and a draw that was
    carried over to other predictions ranks all its rows anew. Draws by another
    seed than the job file's are left out.
    """
    seed = seed_digest(job)
    columns = ["batch", "key", "stratum", "rank", "prediction_id"]
    rows = views.current_samples(purpose=VERIFY).select(columns).to_pylist()
    tombstones = erasures(views.tables).tombstones
    for batch, design in sorted(newest.items()):
        if design.seed_digest != seed:
            continue
        drawn = [row for row in rows if row["batch"] == batch]
        keys = texts(row["key"] for row in drawn)
        hashes = keyed_hashes(job.sampling.seed, "sample", batch, keys)
        ranks: dict[str, list[int]] = {name: [] for name in design.names}
        for place in np.lexsort((hashes[:, 1], hashes[:, 0])).tolist():
            ranks.setdefault(drawn[place]["stratum"], []).append(drawn[place]["rank"])
        allocated = dict(zip(design.names, design.allocated.tolist(), strict=True))
        forgotten = {(r["stratum"], r["rank"]) for r in drawn if r["prediction_id"] in tombstones}
        for stratum, ranked in ranks.items():
            wanted = range(1, allocated.get(stratum, 0) + 1)
            there = [rank for rank in ranked if (stratum, rank) not in forgotten]
            if there != [rank for rank in wanted if (stratum, rank) not in forgotten]:
                yield f"batch {batch}: the sample of stratum {stratum!r} is not its smallest hashes in their order"
