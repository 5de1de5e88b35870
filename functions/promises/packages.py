"""P7: the packages in use are signed by a trusted key, and whole."""

from __future__ import annotations

from functions.batches import attempts
from functions.batches.model import trusted_keys
from functions.promises.promise import Promise, unchecked, verdict
from functions.tables import Views
from infra import signing
from infra.settings import Settings
from infra.store import Store
from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.job.job_file import Job


def packages_are_signed(job: Job, views: Views, store: Store, settings: Settings) -> Promise:
    """P7: every package that scored a live batch opens under a trusted key.

    Args:
        job: the job file.
        views: of its tables.
        store: holds the packages.
        settings: name the trusted keys.

    Returns:
        The verdict; none where a package needs other libraries than are installed.
    """
    if job.model is None:
        return Promise("P7", True, "the job runs no model of its own")
    verify = signing.verifier(trusted_keys(settings))
    registry = store.registry(job.model.name)
    used = {attempt.version for attempt in attempts.live(views.tables).values()}
    broken, unlike = [], []
    for version in sorted(used):
        try:
            registry.open(version, verify)
        except VersionsDiffer as error:
            unlike.append(f"{version} is signed, but {error.problem}: {error.fix}")
        except PackageRefused as error:
            broken.append(f"{version}: {error.problem}")
    if unlike and not broken:
        return unchecked("P7", "; ".join(unlike))
    return verdict(
        "P7",
        broken,
        f"{len(used)} packages in use are signed by a trusted key, whole, and compute what they did",
    )
