"""A forgetting: the ids of one row in every batch, and what stands in their place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import pyarrow.compute as pc

from functions.erasure.removal import known_batches
from functions.erasure.tombstones import new_tombstone
from functions.tables import Views
from pipelines.columns.buffers import texts
from pipelines.identity.ids import prediction_ids
from pipelines.identity.keyed_hash import hex_text
from pipelines.identity.row_digests import Digest
from pipelines.job.job_file import Job
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What is forgotten; it is kept as a note until everything is done, for it holds the old ids.

    Every value of a mapping stands in the place of its key.
    """

    run: str  # the id of the run that does it
    batches: dict[str, str]  # the batch of each prediction id
    ids: dict[str, str]  # prediction ids -> tombstones
    questions: dict[str, str]  # digests of questions
    answers: dict[str, str]  # ids of annotations
    populations: dict[str, str]  # digests of the sets of ids that draws were of

    def to_json(self) -> str:
        """Return it as text, to store."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Forgetting:
        """Return what `to_json` wrote."""
        return cls(**json.loads(text))

    @property
    def tombstones(self) -> dict[str, str]:
        """The batch of each tombstone."""
        return {new: self.batches[old] for old, new in self.ids.items()}


def forgetting(job: Job, views: Views, key: str, earlier: Forgetting) -> Forgetting:
    """Find a row in the tables.

    Args:
        job: the job file.
        views: of its tables.
        key: of the row.
        earlier: what an earlier command was killed at, or nothing: it is finished, too.

    Returns:
        What is to be forgotten.
    """
    tables = views.tables
    found = earlier.batches | _batches(job, tables, key)
    new, ids = found.keys() - earlier.ids.keys(), dict(earlier.ids)
    drawn = set(tables.read("samples", ["prediction_id"])["prediction_id"].to_pylist())
    for old in sorted(new):
        ids[old] = new_tombstone(old, sorted(drawn))
        drawn = drawn - {old} | {ids[old]}
    digests = _of(tables, "samples", "shown_digest", found) | _of(
        tables, "annotations", "shown_digest", found
    )
    answers = _of(tables, "annotations", "annotation_id", found)
    return Forgetting(
        earlier.run,
        found,
        ids,
        _numbered(f"forgotten:{earlier.run}:question", earlier.questions, digests),
        _numbered(f"forgotten:{earlier.run}:answer", earlier.answers, answers),
        earlier.populations | _populations(tables, {old: found[old] for old in new}, ids),
    )


def _batches(job: Job, tables: Tables, key: str) -> dict[str, str]:
    """Return the batch of each prediction id that the row has anywhere."""
    batches = known_batches(tables)
    candidates = {_id(job, batch, key): batch for batch in batches}
    found: dict[str, str] = {}
    for name in ("predictions", "samples"):
        rows = tables.read(name, ["prediction_id", "batch"], where={"key": [key]})
        found |= dict(zip(*(rows[c].to_pylist() for c in rows.column_names), strict=True))
    quarantined = tables.read("quarantine", ["batch"], where={"key": [key]})["batch"].to_pylist()
    found |= {_id(job, batch, key): batch for batch in quarantined}
    for name in ("questions", "annotations"):
        rows = tables.read(name, ["prediction_id"], where={"prediction_id": [*candidates]})
        found |= {one: candidates[one] for one in rows["prediction_id"].to_pylist()}
    return found


def _id(job: Job, batch: str, key: str) -> str:
    [name] = hex_text(prediction_ids(job.sampling.seed, job.name, batch, texts([key]))).to_pylist()
    return str(name)


def _populations(
    tables: Tables, batches: Mapping[str, str], ids: Mapping[str, str]
) -> dict[str, str]:
    """Return the digests of sets of ids with tombstones in them, by those that `designs` has."""
    changed: dict[str, str] = {}
    names = ["batch", "draw_no", "population_digest"]
    where = {"batch": set(batches.values()), "purpose": [VERIFY]}
    for row in tables.read("designs", names, where=where).to_pylist():
        there = _drawn_from(tables, row["batch"], row["draw_no"])
        digest = Digest.of_text(row["population_digest"])
        for old, batch in batches.items():
            if batch == row["batch"] and old[:16] in there:
                digest = digest.exchanged(int(old, 16), int(ids[old], 16))
        if digest.text != row["population_digest"]:
            changed[row["population_digest"]] = digest.text
    return changed


def _drawn_from(tables: Tables, batch: str, draw: int) -> set[str]:
    """Return the first 16 digits of the ids that a draw was of."""
    rows = tables.read("populations", ["draw_no", "id_high"], batch=batch)
    rows = rows.filter(pc.equal(rows["draw_no"], draw))
    return {f"{one % 2**64:016x}" for one in rows["id_high"].to_pylist()}


def _of(tables: Tables, name: str, column: str, ids: Iterable[str]) -> set[str]:
    rows = tables.read(name, [column], where={"prediction_id": list(ids)})
    return {one for one in rows[column].to_pylist() if one is not None}


def _numbered(name: str, known: Mapping[str, str], more: Iterable[str]) -> dict[str, str]:
    """Add new names for old ones, in the order of the old."""
    new = sorted(set(more) - known.keys())
    return {**known, **{old: f"{name}:{place:06d}" for place, old in enumerate(new, len(known))}}
