"""The registry of one model: its packages, and which version is live."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from infra.ports import Say
from pipelines.errors import PackageRefused, StepMissing
from pipelines.models.manifest import Manifest
from pipelines.models.package import Package, open_package
from pipelines.models.sealed_folder import MANIFEST, SIGNATURE
from pipelines.models.signature_format import Verify
from pipelines.tables.files import Files

_LIVE: Final = "live"
_NAME: Final = re.compile(r"\w[\w.-]*")  # of a version: a name in a folder, and nothing above it


@dataclass(frozen=True, slots=True)
class Registry:
    """The packages of one model. It pickles as its name and the address of the store's models."""

    models: Files  # of every model
    name: str

    @property
    def versions(self) -> Files:
        """The packages, a folder each."""
        return self.models.under(self.name)

    def known(self) -> list[str]:
        """Return the versions whose package is there, sorted."""
        names = (stat.name.split("/") for stat in self.versions.list())
        return sorted(
            parts[0]
            for parts in names
            if len(parts) == 2 and parts[1] == SIGNATURE and not parts[0].startswith(".")
        )

    def live(self, chosen: str | None) -> str:
        """Return the version to score with: the chosen one, else the one that was fitted last.

        Args:
            chosen: the version that the job file pins, or that was released last; None
                in a store of an earlier release.

        Returns:
            The version; its package is there.

        Raises:
            StepMissing: there is none.
        """
        version = chosen or self.newest()
        if version is None or not version:
            raise StepMissing(
                f"model {self.name!r} has no version yet", fix="run `recheck fit` first"
            )
        if not self.has(version):
            raise StepMissing(
                f"model {self.name!r} has no version {version!r}; "
                f"there is {', '.join(self.known()) or 'none'}",
                fix="correct [model] version, or run `recheck fit`",
            )
        return version

    def open(self, version: str, verify: Verify) -> Package:
        """Open a package; see `pipelines.models.package.open_package`."""
        return open_package(self.models, self.name, version, verify=verify)

    def manifest(self, version: str) -> Manifest | None:
        """Return the manifest of a package, unverified; None where there is none."""
        try:
            return Manifest.from_json(self.versions.read(f"{version}/{MANIFEST}"))
        except FileNotFoundError:
            return None

    def has(self, version: str) -> bool:
        """Tell whether there is any file of a version's package."""
        return bool(_NAME.fullmatch(version)) and any(self.versions.list(f"{version}/"))

    def is_usable(self, version: str, verify: Verify, say: Say) -> bool:
        """Tell whether a package is there and would be scored with.

        A package that would be refused is set aside, under a name that nobody
        looks at: else it would stand in the way of its replacement.

        Args:
            version: of the package.
            verify: from `infra.signing`.
            say: takes the news of a package that is set aside.

        Returns:
            Whether it can be opened.
        """
        if not self.has(version):
            return False
        try:
            self.open(version, verify)
        except PackageRefused as error:
            aside = f".{version}.refused.{secrets.token_hex(4)}"
            say(f"{error.problem}; it is set aside as {aside}")
            self._move(version, aside)
            return False
        return True

    def _move(self, version: str, aside: str) -> None:
        """Copy the files to another name and remove them, the signature first."""
        names = [stat.name for stat in self.versions.list(f"{version}/")]
        for name in sorted(names, key=lambda one: not one.endswith(f"/{SIGNATURE}")):
            try:
                content = self.versions.read(name)
            except FileNotFoundError:  # another fit was faster
                continue
            self.versions.put(aside + name.removeprefix(version), content)
            self.versions.delete(name)

    def newest(self) -> str | None:
        """Return the version that the file of the live version names, by whichever job."""
        try:
            return self.models.read(f"{self.name}.{_LIVE}").decode(errors="replace").strip()
        except FileNotFoundError:
            return None

    def make_live(self, version: str) -> None:
        """Name the version that was made live last, for whoever looks at the folder."""
        self.models.put(f"{self.name}.{_LIVE}", f"{version}\n".encode())
