"""Attempts at scoring: the record of each in `runs`, and the published one of each batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.columns import relations
from pipelines.errors import StoreUnavailable
from pipelines.formats.file_rules import FIRST
from pipelines.identity.settings_digest import content_of
from pipelines.job.job_file import Job
from pipelines.job.rules import file_rules
from pipelines.scoring.file_names import attempt_of
from pipelines.tables import table_files
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables

_COLUMNS = ("run_id", "step", "batch", "inputs", "outputs", "versions", "known_at", "error")
_STEPS = ("score", "remove", "forget")  # read together, so that no file is read twice


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at scoring a batch, as its row of `runs` has it."""

    id: str
    batch: str
    version: str
    rows_in: int
    predictions: int
    quarantined: int
    digest: str  # of the batch's rows
    files: dict[str, str]  # name -> digest
    tags: dict[str, str]  # name -> size and time of change; empty in stores of earlier releases
    bad: list[list[Any]] | None  # [reason, column, rows]; None in stores of earlier releases
    versions: dict[str, str]  # of the libraries that scored it
    known_at: datetime
    reading: int  # number of the rules by which its files were read
    rules: dict[str, str]  # digests of the job file's settings then, see `rules` below
    number: int | None  # of the batch's publications, from 1; None in stores of earlier releases
    replaces: str | None  # the attempt that was live before
    table: str | None  # the id of `predictions` then


def transaction_id(job: str, batch: str) -> str:
    """Return the id of a batch's transaction: one, for two models must not publish side by side."""
    return f"score/{job}/{batch}"


def draws_id(job: str, batch: str) -> str:
    """Return the id of the transactions by which the draws of a batch are stored."""
    return f"sample/{job}/{batch}/{VERIFY}"


def published(tables: Tables) -> dict[str, str]:
    """Return the attempt that is live in each batch, by the names of its files."""
    live = {}
    for file in tables.files("predictions"):
        folder, name = file.path.rsplit("/", 1)
        live[table_files.values_of(folder)["batch"]] = attempt_of(name)
    return live


def attempts(tables: Tables) -> dict[str, Attempt]:
    """Return every attempt at scoring, published or not, by its id, in the order of their commits."""
    tables.files("predictions")  # listed first: an attempt is recorded before it is published
    rows = runs_of(tables, "score")  # a repeat of a killed run counts, not that run
    return {row["run_id"]: _attempt(row) for row in rows}


def runs_of(tables: Tables, *steps: str, columns: Sequence[str] = _COLUMNS) -> list[dict[str, Any]]:
    """Return the runs of some steps that ended well, in the order of their commits.

    Args:
        tables: a snapshot of the job's tables.
        *steps: of score, remove and forget.
        columns: of `runs`.

    Returns:
        Their rows.
    """
    rows = relations.records(tables.read("runs", columns, where={"step": _STEPS}))
    ended = (row for row in rows if row["step"] in steps and row["error"] is None)
    return sorted(ended, key=lambda row: row["known_at"])


def _attempt(row: dict[str, Any]) -> Attempt:
    inputs, outputs = json.loads(row["inputs"]), json.loads(row["outputs"])
    return Attempt(
        row["run_id"],
        row["batch"],
        inputs["version"],
        outputs["rows_in"],
        outputs["predictions"],
        outputs["quarantined"],
        inputs["digest"],
        inputs["files"],
        inputs.get("tags", {}),
        outputs.get("bad"),
        json.loads(row["versions"]),
        row["known_at"],
        inputs.get("reading", FIRST),
        inputs.get("rules", {}),
        inputs.get("number"),
        inputs.get("replaces"),
        inputs.get("table"),
    )


def live(tables: Tables) -> dict[str, Attempt]:
    """Return the published attempt of each batch.

    Raises:
        StoreUnavailable: `runs` lacks one of them, so somebody removed it.
    """
    newest, recorded = published(tables), attempts(tables)
    lost = [batch for batch, attempt in newest.items() if attempt not in recorded]
    if lost:
        raise StoreUnavailable(
            f"batch {lost[0]!r} is published, but `runs` does not know its attempt",
            fix="restore the folder `runs` of the store, or score the batch with --replace",
        )
    return {batch: recorded[attempt] for batch, attempt in newest.items()}


def scored(tables: Tables) -> dict[str, Attempt]:
    """Return the same as `live`, without the batches whose attempt `runs` does not know."""
    newest, recorded = published(tables), attempts(tables)
    return {batch: recorded[attempt] for batch, attempt in newest.items() if attempt in recorded}


FileDigest = dict[str, str]  # by name of the file
FileDigests = Mapping[str, FileDigest]  # by table
Names = Mapping[str, Mapping[str, str]]  # by table: the name of a file, and of the one in its place


def file_digests(tables: Tables) -> dict[str, FileDigests]:
    """Return the digest of each file that an attempt has published.

    Args:
        tables: a snapshot of the job's tables.

    Returns:
        By attempt, table and name of the file. Attempts of earlier releases are left out:
        they recorded none.
    """
    tables.files("predictions")  # listed first, as in `attempts`
    columns = (*_COLUMNS, "files")  # what `attempts` reads, too: no file is read twice
    rows = runs_of(tables, "score", columns=columns)
    written = {row["run_id"]: json.loads(row["files"]) for row in rows if row["files"] is not None}
    for row in runs_of(tables, "forget", columns=columns):
        replaced, digests = json.loads(row["inputs"])["replaced"], json.loads(row["files"] or "{}")
        for files in written.values():
            _exchange(files, replaced, digests)
    return written


def _exchange(
    files: dict[str, FileDigest], replaced: Names, digests: Mapping[str, FileDigest]
) -> None:
    """Put the files of an erasure in the place of those of an attempt."""
    for table, own in files.items():
        for old in own.keys() & replaced.get(table, {}).keys():
            del own[old]
            new = replaced[table][old]
            own[new] = digests[table][new]


def ever_published(tables: Tables) -> list[Attempt]:
    """Return every attempt that was live at some time; one that was killed before its commit never was.

    Each names the one that it replaced. Attempts of earlier releases do not: of those, all up
    to the last that was live count.
    """
    recorded = attempts(tables)
    published_ones: list[Attempt] = []
    for name in published(tables).values():
        next_one: str | None = name
        while next_one in recorded:
            attempt = recorded.pop(next_one)
            published_ones.append(attempt)
            next_one = attempt.replaces
            if attempt.number is None:
                published_ones += [one for one in recorded.values() if _is_older(one, attempt)]
    return published_ones


def _is_older(one: Attempt, other: Attempt) -> bool:
    """Tell whether an attempt of an earlier release came before another one at the same batch."""
    return one.number is None and one.batch == other.batch and one.known_at < other.known_at


NAMING, CONTENT, SEED = "naming", "content", "seed"
# the class whose probability is in the predictions; not there without `sampling.for`
ASKED_CLASS = "asked class"


def rules(job: Job) -> dict[str, str]:
    """Digest the job-file settings that predictions depend on.

    They are stored with each scoring, so that a later change is noticed: of what
    names rows and batches, of what predictions hold, and of the seed of their ids.
    """
    naming = {
        "key": job.data.key,
        "time": job.data.time,
        "batches": job.batches.model_dump(mode="json", include={"by", "column", "timezone"}),
    }
    naming |= {"time_unit": job.data.time_unit} if job.data.time_unit else {}
    written = file_rules(job)
    content = {
        **written.set_by_job,
        "cohorts": {name: content_of(one) for name, one in job.cohorts.items()},
        "predictions": job.predictions and content_of(job.predictions),
    }
    if job.predictions and job.predictions.map_:  # which reads a text only where it is no answer
        content["answers"] = job.target.answers
    found = {NAMING: _digest(naming), CONTENT: _digest(content), SEED: _digest(job.sampling.seed)}
    aim = job.sampling.for_
    return found | ({ASKED_CLASS: _digest(aim.class_)} if aim else {})


def has_class_scores(then: Mapping[str, str], job: Job) -> bool:
    """Tell whether a batch was scored with the probability of the class of `sampling.for`.

    Args:
        then: the digests that were stored with the scoring.
        job: as it is now, with or without `sampling.for`.

    Returns:
        True where both name the same class, or none.
    """
    return then.get(ASKED_CLASS) == rules(job).get(ASKED_CLASS)


def differs(then: Mapping[str, str], job: Job, *parts: str) -> bool:
    """Tell whether one of these settings is another than when a batch was scored.

    A store of an older release has no digests; then nothing differs.

    Args:
        then: the digests that were stored with the scoring.
        job: as it is now.
        *parts: which of NAMING, CONTENT and SEED to compare.

    Returns:
        True where one differs.
    """
    now = rules(job)
    return any(then.get(part, now[part]) != now[part] for part in parts)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
