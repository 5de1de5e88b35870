"""Model packages of the store: which version is live, and whether a package would be run."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from infra.ports import Say
from pipelines.errors import PackageRefused, StepMissing
from pipelines.models.package import open_package
from pipelines.models.signatures import Verify
from pipelines.tables.store_errors import store_errors

_LIVE = "live"


def is_usable(folder: Path, verify: Verify, say: Say) -> bool:
    """Whether a package is there and would be scored with.

    One that is there and would be refused is set aside, under a name that
    nobody looks at: else it would stand in the way of what replaces it.
    """
    if not folder.is_dir():
        return False
    try:
        open_package(folder, verify=verify)
    except PackageRefused as error:
        aside = folder.with_name(f".{folder.name}.refused.{secrets.token_hex(4)}")
        say(f"{error.problem}; it is set aside as {aside.name}")
        with (
            store_errors(str(folder.parent)),
            suppress(FileNotFoundError),
        ):  # another fit was faster
            folder.rename(aside)
        return False
    return True


def folder_of(models: Path, pinned: str | None) -> Path:
    """The package that is live: the pinned version, else the one that was fitted last.

    Args:
        models: the folder of a model's versions.
        pinned: the version that the job file names, if any.

    Raises:
        StepMissing: there is none.
    """
    version = pinned or _newest(models)
    if version is None:
        raise StepMissing(
            f"model {models.name!r} has no version yet", fix="run `recheck fit` first"
        )
    if not (models / version).is_dir():
        known = ", ".join(sorted(path.name for path in models.glob("[!.]*/"))) or "none"
        raise StepMissing(
            f"model {models.name!r} has no version {version!r}; there is {known}",
            fix="correct [model] version, or run `recheck fit`",
        )
    return models / version


def _newest(models: Path) -> str | None:
    """The version that `fit` named last."""
    with store_errors(str(models.parent)):
        try:
            return (models.parent / f"{models.name}.{_LIVE}").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None


def make_live(models: Path, version: str) -> None:
    """Name the version that is scored with from now on."""
    scratch = models.parent / f".{models.name}.{_LIVE}.{os.getpid()}"
    with store_errors(str(models.parent)):
        scratch.write_text(version + "\n", encoding="utf-8")
        scratch.replace(models.parent / f"{models.name}.{_LIVE}")
