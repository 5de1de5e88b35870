"""Attempts at scoring, as the store records them: which one is published in each batch, and its counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from infra.store import Store
from pipelines.columns import relations
from pipelines.errors import StoreUnavailable
from pipelines.identity.added_keys import content_of
from pipelines.job.job_file import Job
from pipelines.scoring.file_names import attempt_of
from pipelines.tables import table_files
from pipelines.tables.schemas import RUNS, table_of
from pipelines.tables.snapshot import Tables

_COLUMNS = ("run_id", "batch", "inputs", "outputs", "versions", "known_at")


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
    versions: dict[str, str]  # of the libraries that scored it
    known_at: datetime
    rules: dict[str, str]  # digests of what the job file said then, see `steps.rules`


def published(tables: Tables) -> dict[str, str]:
    """Return the attempt that is live in each batch, told by the names of its files."""
    live = {}
    for file in tables.files("predictions"):
        folder, name = file.path.rsplit("/", 1)
        live[table_files.values_of(folder)["batch"]] = attempt_of(name)
    return live


def attempts(tables: Tables) -> dict[str, Attempt]:
    """Return every attempt at scoring, published or not, by its id."""
    tables.files("predictions")  # looked at first: an attempt is recorded before it is published
    rows = tables.read("runs", _COLUMNS, where={"step": ["score"]})
    return {row["run_id"]: _attempt(row) for row in relations.records(rows)}


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
        json.loads(row["versions"]),
        row["known_at"],
        inputs.get("rules", {}),
    )


def live(tables: Tables) -> dict[str, Attempt]:
    """Return the published attempt of each batch.

    Raises:
        StoreUnavailable: `runs` lacks one of them, so somebody removed it.
    """
    newest = published(tables)
    known = attempts(tables)
    lost = [batch for batch, attempt in newest.items() if attempt not in known]
    if lost:
        raise StoreUnavailable(
            f"batch {lost[0]!r} is published, but `runs` does not know its attempt",
            fix="restore the folder `runs` of the store, or score the batch with --replace",
        )
    return {batch: known[attempt] for batch, attempt in newest.items()}


def scored(tables: Tables) -> dict[str, Attempt]:
    """Return the same as `live`, without the batches whose attempt `runs` does not know."""
    newest = published(tables)
    known = attempts(tables)
    return {batch: known[attempt] for batch, attempt in newest.items() if attempt in known}


@dataclass(frozen=True, slots=True)
class Run:
    """The run of a step, as a row of `runs`."""

    run_id: str
    step: str
    batch: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    rows: int
    seconds: float
    versions: dict[str, str]


def record(
    store: Store, runs: Sequence[Run], *, job: str, job_hash: str, actor: str, known_at: datetime
) -> None:
    """Append runs by one commit.

    Args:
        store: their store.
        runs: of the same job and moment.
        job: its name.
        job_hash: the digest of the job file.
        actor: the person or system that ran the step.
        known_at: the time of the commit.
    """
    common = {"job": job, "job_hash": job_hash, "actor": actor, "known_at": known_at}
    rows = [{**common, **_as_row(run)} for run in runs]
    store.table("runs").append(table_of(RUNS, rows))


def _as_row(run: Run) -> dict[str, Any]:
    written = {
        name: json.dumps(getattr(run, name), sort_keys=True)
        for name in ("inputs", "outputs", "versions")
    }
    return {**asdict(run), **written}


NAMING, CONTENT, SEED = "naming", "content", "seed"


def rules(job: Job) -> dict[str, str]:
    """Return digests of the settings that predictions depend on: naming of rows and batches, content, seed."""
    naming = {
        "key": job.data.key,
        "time": job.data.time,
        "batches": job.batches.model_dump(mode="json", include={"by", "column", "timezone"}),
    }
    content = {
        "cohorts": {name: content_of(one) for name, one in job.cohorts.items()},
        "predictions": job.predictions and content_of(job.predictions),
    }
    return {NAMING: _digest(naming), CONTENT: _digest(content), SEED: _digest(job.sampling.seed)}


def differs(then: Mapping[str, str], job: Job, *parts: str) -> bool:
    """Tell whether one of these settings is another than when a batch was scored.

    A store of an older release does not know; then it is taken to be the same.

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
