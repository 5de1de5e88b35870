"""P7: the packages in use are signed by a trusted key, and whole."""

from __future__ import annotations

from functions.app import App
from functions.batches import attempts
from functions.batches.model import trusted_keys
from functions.promises.stored import Promise, verdict
from functions.tables import Views
from infra import signing
from pipelines.errors import PackageRefused, VersionsDiffer


def packages_are_signed(app: App, views: Views) -> Promise:
    """P7: every package that scored a live batch opens under a trusted key."""
    if app.job.model is None:
        return Promise("P7", True, "the job runs no model of its own")
    verify = signing.verifier(trusted_keys(app))
    registry = app.store.registry(app.job.model.name)
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
        return Promise("P7", None, "; ".join(unlike))
    return verdict(
        "P7",
        broken,
        f"{len(used)} packages in use are signed by a trusted key, whole, and compute what they did",
    )
