"""P7: the packages in use are signed by a trusted key, whole, and of this job."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from functions.batches import attempts
from functions.batches.model import trusted_keys
from functions.batches.releases import Releases, foreign, owners, releases_of
from functions.promises.lost_rows import fewer_rows
from functions.promises.promise import Promise, unchecked, verdict
from functions.tables import Views
from infra import signing
from infra.registry import Registry
from infra.settings import Settings
from infra.store import Store
from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.job.job_file import Job
from pipelines.models.manifest import Manifest
from pipelines.models.signature_format import Verify


def packages_are_signed(job: Job, views: Views, store: Store, settings: Settings) -> Promise:
    """P7: every package that scored a live batch opens under a trusted key, and is of this job.

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
    releases, registry = releases_of(job, job.model, store), store.registry(job.model.name)
    used = {attempt.version for attempt in attempts.live(views.tables).values()}
    check = _Check(registry, signing.verifier(trusted_keys(settings)), releases, store)
    broken, unlike = check.examine(used | ({releases.live} if releases.live else set()))
    noted = registry.newest()
    said = releases.unlike(noted) or ""
    if releases.is_foreign(noted):
        broken.append(said)
    broken += fewer_rows(views.tables, "releases")
    if unlike and not broken:
        return unchecked("P7", "; ".join(unlike))
    return verdict(
        "P7",
        broken,
        f"{len(used)} packages in use are signed by a trusted key, whole, of this job, and compute what "
        f"they did{'; ' if said else ''}{said}",
    )


@dataclass(frozen=True, slots=True)
class _Check:
    """How the packages of a model are examined."""

    registry: Registry
    verify: Verify
    releases: Releases
    store: Store

    def examine(self, versions: Collection[str]) -> tuple[list[str], list[str]]:
        """Return what is wrong with packages, and which need other libraries than are here."""
        broken, unlike = [], []
        for version in sorted(versions):
            try:
                broken += self._foreign(self.registry.open(version, self.verify).manifest)
            except VersionsDiffer as error:
                unlike.append(f"{version} is signed, but {error.problem}: {error.fix}")
            except PackageRefused as error:
                broken.append(f"{version}: {error.problem}")
        return broken, unlike

    def _foreign(self, manifest: Manifest) -> list[str]:
        """Return that a package is of another job, or was never made live."""
        known, owner = owners(manifest, self.store), self.releases.owner
        if known and owner not in known:
            return [foreign(manifest, owner, known)]
        if manifest.job is not None and not self.releases.has(manifest.version):
            return [f"{manifest.version} scored, and `releases` does not say that it was ever live"]
        return []
