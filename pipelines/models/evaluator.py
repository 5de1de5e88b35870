"""The interface of evaluators (mapped rows in, scores out), and how a package names its kind."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import numpy as np

from pipelines.columns.buffers import Bools, Floats, Int32s
from pipelines.errors import PackageRefused
from pipelines.features.mapped import Column, Dense, Mapped, Numbers, OneHot, Sparse


@dataclass(frozen=True, slots=True)
class Scores:
    """The predictions of a model for n rows.

    A row whose decision is not a finite number has no prediction: its code is -1
    or its value NaN, and `unscorable` is True.
    """

    codes: Int32s | None  # (n,) index into the label set; None for numbers
    score: Floats | None  # (n,) probability of that label, in [0, 1]; None if the model has none
    value: Floats | None  # (n,) the predicted number; None for labels

    @property
    def unscorable(self) -> Bools:
        """Where the model has no prediction: (n,)."""
        if self.codes is not None:
            return self.codes < 0
        if self.value is not None:
            return np.isnan(self.value)
        raise ValueError("scores hold neither labels nor numbers")


class Evaluator(Protocol):
    """A packaged model: it predicts, and is written to files and read back."""

    kind: ClassVar[str]
    exact: ClassVar[bool]  # whether golden rows come out with the same bits everywhere
    libraries: ClassVar[tuple[str, ...]]  # distributions whose minor version it depends on

    @property
    def classes(self) -> tuple[int, ...]:
        """Codes of the label set, in the order of the model's classes; empty for numbers."""

    @property
    def has_probabilities(self) -> bool:
        """Whether `probabilities` gives any."""

    def predict(self, mapped: Mapped) -> Scores:
        """Predict every row of a fragment."""

    def probabilities(self, mapped: Mapped) -> Floats | None:
        """Return the probability of each class in every row: (n, K), NaN where it has no answer.

        None where the model has no probabilities.
        """

    def config(self) -> dict[str, Any]:
        """Return what the manifest keeps of it, as JSON."""

    def files(self) -> dict[str, bytes]:
        """Return the contents of its files, by file name."""


@dataclass(frozen=True, slots=True)
class Block:
    """The matrix columns of one mapped column."""

    name: str
    kind: str  # numbers | codes | sparse | dense
    width: int


# The words that packages keep: another one would make every earlier package unreadable.
_KINDS: Final[Mapping[type[Column], str]] = {
    Numbers: "numbers",
    OneHot: "codes",
    Sparse: "sparse",
    Dense: "dense",
}


def layout_of(mapped: Mapped) -> tuple[Block, ...]:
    """Return the blocks of mapped rows, in the order of the matrix."""
    return tuple(
        Block(column.name, _KINDS[type(column)], column.width) for column in mapped.columns
    )


# The class of each kind of evaluator, by name: a package of plain arrays imports no library.
_CLASSES: Final = {
    "linear": "pipelines.models.linear:LinearEvaluator",
    "library": "pipelines.sklearn.library:LibraryEvaluator",
}


def load_evaluator(kind: str, config: Mapping[str, Any], files: Mapping[str, bytes]) -> Evaluator:
    """Build the evaluator that a package describes.

    Args:
        kind: what `Evaluator.kind` was when it was packaged.
        config: what its `config` returned.
        files: what its `files` returned; they were verified.

    Returns:
        An evaluator that predicts what the packaged one did.

    Raises:
        PackageRefused: the kind is unknown here; use the version that packaged it.
    """
    if kind not in _CLASSES:
        raise PackageRefused(
            f"the package holds an evaluator of kind {kind!r}, known are {', '.join(_CLASSES)}",
            fix="score with the version of Recheck that packaged it, or fit the model again",
        )
    module, name = _CLASSES[kind].split(":")
    evaluator: Evaluator = getattr(importlib.import_module(module), name).from_files(config, files)
    return evaluator
