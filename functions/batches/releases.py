"""Releases: which version of a model is live for a job, and whose a package is.

The table `releases` decides, which is only appended to. The file `models/<name>.live` says
what was made live last, by any job: stores of earlier releases have nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.store import Store
from pipelines.errors import JobInvalid, PackageRefused
from pipelines.job.job_file import Job
from pipelines.job.sections import Model
from pipelines.models.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of one model, of every job in the store."""

    model: str
    owner: str  # the job whose packages score
    rows: list[tuple[str, str]]  # (job, version), in the order of their commits

    @property
    def live(self) -> str | None:
        """The version that the owner made live last; None in a store of an earlier release."""
        return next((version for job, version in reversed(self.rows) if job == self.owner), None)

    def has(self, version: str) -> bool:
        """Tell whether the owner ever made a version live."""
        return (self.owner, version) in self.rows

    def unlike(self, noted: str | None) -> str | None:
        """Tell, in words, that the file of the live version says something else; None where it does not.

        Args:
            noted: what the file says; None where there is none.
        """
        if noted is None or not self.rows or noted == self.rows[-1][1]:
            return None
        return (
            f"models/{self.model}.live says {noted[:40]!r}, and the table `releases`, which decides, "
            f"has {self.rows[-1][1]!r} as the last that was made live"
        )

    def is_foreign(self, noted: str | None) -> bool:
        """Tell whether the file of the live version names one that no job ever made live."""
        return self.unlike(noted) is not None and noted not in {name for _, name in self.rows}


def owner_of(job: Job, model: Model) -> str:
    """Return the job whose packages a job scores with: its own, unless the job file names another."""
    return model.from_job or job.name


def releases_of(job: Job, model: Model, store: Store) -> Releases:
    """Return the releases of a model.

    Args:
        job: the job file.
        model: its section.
        store: has the table.

    Returns:
        Those of all jobs.
    """
    table = store.table("releases")
    table.refresh()
    rows = table.read(["job", "version", "known_at"], where={"model": [model.name]})
    ordered = rows.sort_by("known_at")
    pairs = zip(ordered["job"].to_pylist(), ordered["version"].to_pylist(), strict=True)
    return Releases(model.name, owner_of(job, model), list(pairs))


def owners(manifest: Manifest, store: Store) -> set[str]:
    """Return the jobs that a package belongs to; none where nothing tells, as in an older store.

    A package of an earlier release does not name its job, but has the digest of its job file,
    which `runs` knows.
    """
    if manifest.job is not None:
        return {manifest.job}
    runs = store.table("runs").read(["job"], where={"job_hash": [manifest.job_hash]})
    made_live = store.table("releases").read(["job"], where={"version": [manifest.version]})
    return {*runs["job"].to_pylist(), *made_live["job"].to_pylist()}


def require_own(manifest: Manifest, releases: Releases, store: Store, pinned: str | None) -> None:
    """Refuse a package of another job, or one that nothing says is live.

    Args:
        manifest: of the package, verified.
        releases: of its model.
        store: has what older packages do not say.
        pinned: the version that the job file names.

    Raises:
        PackageRefused: it is of another job, or `releases` lost it.
    """
    known = owners(manifest, store)
    if known and releases.owner not in known:
        raise PackageRefused(
            foreign(manifest, releases.owner, known),
            fix="run `recheck fit` for a model of this job, give it another [model] name, or, to score "
            f"with that one, set [model] from_job = {min(known)!r}",
        )
    if manifest.job is not None and pinned is None and not releases.has(manifest.version):
        raise PackageRefused(
            f"the table `releases` does not say that model {releases.model} {manifest.version} is live",
            fix="restore the folder `releases` of the store, or run `recheck fit` again, which makes it live",
        )


def foreign(manifest: Manifest, owner: str, known: Iterable[str]) -> str:
    """Say what is wrong with a package that belongs to other jobs than the one that scores.

    Args:
        manifest: of the package.
        owner: the job whose packages score.
        known: the jobs that it belongs to.

    Returns:
        The problem, in words.
    """
    whose = ", ".join(repr(name) for name in sorted(known))
    return f"model {manifest.recipe.name} {manifest.version} was fitted by job {whose}, not by {owner!r}"


def require_fit_here(job: Job, model: Model) -> None:
    """Refuse to fit where the job file takes the model of another job.

    Raises:
        JobInvalid: it does.
    """
    if owner_of(job, model) != job.name:
        raise JobInvalid(
            f"[model] from_job takes the model of job {model.from_job!r}: it is fitted there",
            fix="run `recheck fit` for that job, or leave from_job out",
        )
