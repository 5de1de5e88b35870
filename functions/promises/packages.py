"""P7: the packages in use are signed by a trusted key, and whole."""

from __future__ import annotations

from functions.app import App
from functions.batches import attempts
from functions.promises.stored import Promise, verdict
from infra import signing
from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.models.package import open_package


def packages_are_signed(app: App) -> Promise:
    """P7: every package that scored a live batch opens under a trusted key."""
    if app.job.model is None:
        return Promise("P7", True, "the job runs no model of its own")
    trusted = signing.trusted_keys(app.settings.trusted_keys, app.settings.signing_key)
    used = {attempt.version for attempt in attempts.live(app.store, app.job.name).values()}
    folders = [app.store.models(app.job.model.name) / version for version in sorted(used)]
    broken, unlike = [], []
    for folder in folders:
        try:
            open_package(folder, verify=signing.verifier(trusted))
        except VersionsDiffer as error:
            unlike.append(f"{folder.name} is signed, but {error.problem}: {error.fix}")
        except PackageRefused as error:
            broken.append(f"{folder.name}: {error.problem}")
    if unlike and not broken:
        return Promise("P7", None, "; ".join(unlike))
    return verdict(
        "P7",
        broken,
        f"{len(folders)} packages in use are signed by a trusted key, whole, and compute what they did",
    )
