"""What every evaluator is: features in, scores out, and where each kind lives."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import numpy as np
import numpy.typing as npt

from pipelines.errors import PackageRefused
from pipelines.features.mapped import Dense, Mapped, Numbers, OneHot, Sparse

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says about n rows.

    A row whose decision is not a finite number has no answer: its code is -1
    or its value NaN, and `unscorable` is True.
    """

    codes: npt.NDArray[np.int32] | None  # (n,) index into the label set; None for numbers
    score: Floats | None  # (n,) probability of that label, in [0, 1]; None if the model has none
    value: Floats | None  # (n,) the predicted number; None for labels

    @property
    def unscorable(self) -> npt.NDArray[np.bool_]:
        """Where the model has no answer: (n,)."""
        if self.codes is not None:
            return self.codes < 0
        if self.value is not None:
            return np.isnan(self.value)
        raise ValueError("scores hold neither labels nor numbers")


class Evaluator(Protocol):
    """A packaged model: predicts, and takes itself apart into files and back."""

    kind: ClassVar[str]
    exact: ClassVar[bool]  # whether golden rows come out with the same bits everywhere
    libraries: ClassVar[tuple[str, ...]]  # distributions whose minor version it depends on

    def predict(self, mapped: Mapped) -> Scores:
        """Answer every row of a fragment."""

    def config(self) -> dict[str, Any]:
        """What the manifest says about it, as JSON."""

    def files(self) -> dict[str, bytes]:
        """The rest, by file name."""


@dataclass(frozen=True, slots=True)
class Block:
    """The columns of the matrix that one mapped column stands for."""

    name: str
    kind: str  # numbers | codes | sparse | dense
    width: int


# Words of the manifest: packages that were written must go on opening, whatever a class is called.
_KINDS: Final = {Numbers: "numbers", OneHot: "codes", Sparse: "sparse", Dense: "dense"}


def layout_of(mapped: Mapped) -> tuple[Block, ...]:
    """The blocks of mapped rows, in the order of the matrix."""
    return tuple(
        Block(column.name, _KINDS[type(column)], column.width) for column in mapped.columns
    )


# Where each kind lives: a name, so that a package of plain arrays imports no library.
_HOMES: Final = {
    "linear": "pipelines.models.linear:LinearEvaluator",
    "library": "pipelines.sklearn.library:LibraryEvaluator",
}


def load_evaluator(kind: str, config: Mapping[str, Any], files: Mapping[str, bytes]) -> Evaluator:
    """Build the evaluator that a package describes, from files that were verified.

    Raises:
        PackageRefused: the kind is unknown here; use the version that packaged it.
    """
    if kind not in _HOMES:
        raise PackageRefused(
            f"the package holds an evaluator of kind {kind!r}, known are {', '.join(_HOMES)}",
            fix="score with the version of Recheck that packaged it, or fit the model again",
        )
    module, name = _HOMES[kind].split(":")
    evaluator: Evaluator = getattr(importlib.import_module(module), name).from_files(config, files)
    return evaluator
