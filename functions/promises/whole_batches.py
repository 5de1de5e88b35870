"""P1 and P3: published batches are whole, and no row of their input is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress

import pyarrow.parquet as pq

from functions.batches import attempts
from functions.batches.attempts import Attempt, FileDigests
from functions.promises.lost_rows import fewer_rows, lost_batches, lost_populations
from functions.promises.promise import Promise, verdict
from functions.tables import Views, of_purpose
from pipelines.scoring.file_names import attempt_of
from pipelines.tables.files import Files
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables
from pipelines.tables.table_files import digest_of


def batches_are_whole(views: Views) -> Promise:
    """P1: each published batch has every file of one attempt, byte for byte, and no other."""
    digests = attempts.file_digests(views.tables)
    kept = f"{len(views.published)} published batches, each whole and of one attempt"
    earlier = sum(attempt not in digests for attempt in views.published.values())
    kept += f"; {earlier} of an earlier release have no digests to verify" if earlier else ""
    problems = [
        *_broken_batches(views, digests),
        *_changed_files(views, digests),
        *lost_batches(views),
        *lost_populations(views),
        *fewer_rows(views.tables, "predictions", "quarantine", "populations", "runs"),
    ]
    return verdict("P1", problems, kept)


def _broken_batches(views: Views, digests: Container[str]) -> Iterator[str]:
    tables = views.tables
    files_of, recorded = tables.table("predictions").store_files, attempts.attempts(tables)
    for batch, attempt in views.published.items():
        files = tables.files("predictions", batch)
        if attempt not in recorded:
            yield f"batch {batch}: its attempt {attempt[:8]} is not in `runs`"
        if {attempt_of(file.name) for file in files} != {attempt}:
            yield f"batch {batch} mixes several attempts"
        for file in files if attempt not in digests else []:
            stat = files_of.head(file.path)
            if stat is None or stat.size != file.size:
                yield f"batch {batch}: {file.name} is missing or changed"
    for batch in sorted(set(of_purpose(views.designs, VERIFY)["batch"].to_pylist())):
        if batch not in views.published:
            yield f"batch {batch} was drawn from, and `predictions` does not have it"


def _changed_files(views: Views, digests: Mapping[str, FileDigests]) -> Iterator[str]:
    """Yield the files of live attempts that hold other bytes than were published."""
    for batch, attempt in views.published.items():
        for name, expected in digests.get(attempt, {}).items():
            files_of = views.tables.table(name).store_files
            paths = {file.name: file.path for file in views.tables.files(name, batch)}
            for file, digest in sorted(expected.items()):
                if file not in paths:
                    yield f"batch {batch}: `{name}` does not have {file} any more"
                elif _digest(files_of, paths[file]) != digest:
                    yield f"batch {batch}: {file} of `{name}` is missing or changed"


def _digest(files: Files, path: str) -> str | None:
    """Return the digest of a file as it is; None where it is gone."""
    with suppress(FileNotFoundError):
        return digest_of(files.read(path))
    return None


def rows_add_up(views: Views) -> Promise:
    """P3: rows in are predictions and quarantined rows, as recorded and as the tables hold them."""
    live = attempts.live(views.tables)
    total = sum(attempt.rows_in for attempt in live.values())
    kept = f"{total} rows in = predictions + quarantined, in {len(live)} batches"
    return verdict("P3", _wrong_counts(views, live), kept)


def _wrong_counts(views: Views, live: Mapping[str, Attempt]) -> Iterator[str]:
    quarantined = Counter(views.quarantine()["attempt"].to_pylist())
    for batch, attempt in live.items():
        rows = _rows_in_files(views.tables, batch)
        if attempt.rows_in != attempt.predictions + attempt.quarantined:
            yield f"batch {batch}: {attempt.rows_in} rows in, {attempt.predictions} + {attempt.quarantined} recorded"
        if rows != attempt.predictions:
            yield f"batch {batch}: {attempt.predictions} predictions recorded, {rows} there"
        if quarantined[attempt.id] != attempt.quarantined:
            yield f"batch {batch}: {attempt.quarantined} quarantined recorded, {quarantined[attempt.id]} there"


def _rows_in_files(tables: Tables, batch: str) -> int:
    files_of = tables.table("predictions").store_files
    footers = (pq.ParquetFile(files_of.open(f.path)) for f in tables.files("predictions", batch))
    return sum(footer.metadata.num_rows for footer in footers)
