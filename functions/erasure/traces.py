"""Traces of a row that no command erases: input, packages and reports, in words for whoever must act."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator

from functions.batches import discovery
from functions.batches.discovery import JobData
from functions.batches.model import trusted_keys
from infra import signing
from infra.settings import Settings
from infra.store import Store
from pipelines.columns.buffers import texts
from pipelines.errors import RecheckError
from pipelines.formats.file_rules import CURRENT
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import hex_text
from pipelines.job.job_file import Job


def in_input(data: JobData, ids: Collection[str], batches: Collection[str]) -> Iterator[str]:
    """Yield the input files that still hold the row.

    Args:
        data: of the job.
        ids: of the row's predictions.
        batches: that have held it.

    Yields:
        A sentence for each.
    """
    for batch in sorted(batches):
        try:
            inputs = discovery.find(data, [batch])
            for split in inputs.splits([batch]):
                rows = discovery.rows_of_split(data.job, inputs, split, [batch], CURRENT)
                if any(set(ids) & set(hex_text(part.ids).to_pylist()) for part in rows):
                    yield (
                        f"{split.source.name}: your input still holds the row, in batch {batch}: take it out; "
                        "`score` does not bring it back, and `fit` would learn from it"
                    )
        except RecheckError as error:
            yield f"the input of batch {batch} could not be looked at: {error.problem}"


def in_packages(
    job: Job, store: Store, settings: Settings, key: str, batches: Collection[str]
) -> Iterator[str]:
    """Yield the packages that were fitted on the row, or on its batch.

    Args:
        job: the job file.
        store: holds the packages.
        settings: name the trusted keys.
        key: of the row.
        batches: that have held it.

    Yields:
        A sentence for each.
    """
    if job.model is None:
        return
    registry = store.registry(job.model.name)
    mine = keyed_hashes(job.sampling.seed, "training", "", texts([key]))[:, 0]
    for version in registry.known():
        name = f"models/{job.model.name}/{version}"
        out = "fit again without the row, then retire it: delete that folder"
        try:
            package = registry.open(version, signing.verifier(trusted_keys(settings)))
        except RecheckError as error:
            yield f"{name}: could not be looked at ({error.problem}); {out}"
            continue
        if package.seen_in_training(mine).any():
            yield f"{name}: was trained on the row, and its statistics may hold it; {out}"
        elif set(package.manifest.recipe.training.batches) & set(batches):
            yield f"{name}: was fitted on the row's batch, and its golden rows may hold it; {out}"


def in_pages(job: Job, store: Store, key: str, ids: Collection[str]) -> Iterator[str]:
    """Yield the report, and notes of yours, that name the row.

    Args:
        job: the job file.
        store: holds them.
        key: of the row.
        ids: of its predictions.

    Yields:
        A sentence for each.
    """
    names = [one.encode() for one in (key, html.escape(key), *ids)]
    for files, name, out in (
        (store.reports, f"{job.name}.html", "`recheck report` writes it anew"),
        (store.known, f"{job.name}.json", "edit it"),
    ):
        try:
            content = files.read(name)
        except FileNotFoundError:
            continue
        if any(one in content for one in names):
            yield f"{files.address}/{name}: names the row; {out}"
