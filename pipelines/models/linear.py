"""Linear models as plain arrays: from mapped rows to predictions.

`LinearEvaluator` needs numpy alone. It adds column by column in a fixed order, so
that a row gets the same bits on any machine, whether it is scored alone or among
a million others. A matrix product promises neither.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from pipelines.columns.buffers import Floats
from pipelines.errors import PackageRefused
from pipelines.features.mapped import Column, Dense, Mapped, Numbers, OneHot, Sparse
from pipelines.models.evaluator import Block, Scores, layout_of
from pipelines.models.inverse_links import (
    BINARY_INVERSE_LINKS,
    CLASS_PROBABILITIES,
    INVERSE_LINKS,
    WITHOUT_PROBABILITY,
)

IDENTITY: Final = "identity"  # the decision is the predicted number
BLOCK_ROWS: Final = 8192  # one column of a block fits into the first-level cache
DENSE_BLOCK_ROWS: Final = 512  # a block of pixels is transposed, and should fit into the second


@dataclass(frozen=True, slots=True, eq=False)
class LinearEvaluator:
    """Weights per column and category code, intercepts, and an inverse link.

    `classes` are the codes of the label set in the order of the decisions; without
    any, the decision itself is the predicted number.
    """

    kind: ClassVar[str] = "linear"
    exact: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ()

    layout: tuple[Block, ...]
    coefficients: Floats  # (K, width)
    intercepts: Floats  # (K,)
    classes: tuple[int, ...] = ()
    inverse_link: str = IDENTITY

    def __post_init__(self) -> None:
        """Check that weights, intercepts, classes and inverse link fit together."""
        width = sum(block.width for block in self.layout)
        if self.coefficients.shape != (len(self.intercepts), width):
            raise ValueError(f"weights {self.coefficients.shape} for a matrix of width {width}")
        if not self.classes:
            fits = self.inverse_link == IDENTITY and len(self.intercepts) == 1
        elif self.inverse_link in BINARY_INVERSE_LINKS:
            fits = len(self.classes) == 2 and len(self.intercepts) == 1
        else:
            fits = (
                self.inverse_link in INVERSE_LINKS and len(self.intercepts) == len(self.classes) > 1
            )
        if not fits:
            raise ValueError(
                f"{len(self.intercepts)} decisions, {len(self.classes)} classes, inverse link {self.inverse_link}"
            )

    def predict(self, mapped: Mapped) -> Scores:
        """Predict every row; a row has the same bits among any number of others.

        Raises:
            PackageRefused: the rows were mapped by another feature spec.
        """
        self._check_layout(mapped)
        if not self.classes:
            return Scores(None, None, self._values(mapped))
        codes = np.empty(mapped.rows, dtype=np.int32)
        score = None if self.inverse_link in WITHOUT_PROBABILITY else np.empty(mapped.rows)
        classes = np.array(self.classes, dtype=np.int32)
        for rows, decisions in self._decisions(mapped):
            finite = np.isfinite(decisions).all(axis=0)
            answers, probability = INVERSE_LINKS[self.inverse_link](
                np.where(finite, decisions, 0.0)
            )
            codes[rows] = np.where(finite, classes[answers], -1)
            if score is not None and probability is not None:
                score[rows] = np.where(finite, probability, np.nan)
        return Scores(codes, score, None)

    def probabilities(self, mapped: Mapped) -> Floats | None:
        """Return the probability of each class in every row: (n, K), NaN where it has no answer.

        None where the inverse link gives none. The largest of a row has the same
        bits as the score that `predict` gives it.
        """
        self._check_layout(mapped)
        if not self.has_probabilities:
            return None
        chances = np.empty((mapped.rows, len(self.classes)))
        for rows, decisions in self._decisions(mapped):
            finite = np.isfinite(decisions).all(axis=0)
            block = CLASS_PROBABILITIES[self.inverse_link](np.where(finite, decisions, 0.0))
            chances[rows] = np.where(finite, block, np.nan).T
        return chances

    @property
    def has_probabilities(self) -> bool:
        """Whether the inverse link gives a probability of each class."""
        return self.inverse_link in CLASS_PROBABILITIES

    def _values(self, mapped: Mapped) -> Floats:
        values = np.empty(mapped.rows)
        for rows, decisions in self._decisions(mapped):
            values[rows] = np.where(np.isfinite(decisions[0]), decisions[0], np.nan)
        return values

    def _check_layout(self, mapped: Mapped) -> None:
        if layout_of(mapped) != self.layout:
            raise PackageRefused(
                "the rows were mapped to other columns than the model was trained on",
                fix="score with the package's own feature spec, or fit the model again",
            )

    def _decisions(self, mapped: Mapped) -> Iterator[tuple[slice, Floats]]:
        """Yield the rows and decisions of one block after the other: (K, rows of the block)."""
        dense = any(isinstance(column, Dense) for column in mapped.columns)
        step = DENSE_BLOCK_ROWS if dense else BLOCK_ROWS
        weights = np.split(
            self.coefficients, np.cumsum([block.width for block in self.layout])[:-1], axis=1
        )
        for start in range(0, mapped.rows, step):
            rows = slice(start, min(start + step, mapped.rows))
            total = np.repeat(self.intercepts[:, np.newaxis], rows.stop - rows.start, axis=1)
            with np.errstate(over="ignore", invalid="ignore"):
                for column, weight in zip(mapped.columns, weights, strict=True):
                    _add(total, column, weight, rows)
            yield rows, total

    def config(self) -> dict[str, Any]:
        """Return the inverse link, the classes and the layout."""
        return {
            "inverse_link": self.inverse_link,
            "classes": list(self.classes),
            "layout": [[block.name, block.kind, block.width] for block in self.layout],
        }

    def files(self) -> dict[str, bytes]:
        """Return the weights and intercepts as `.npy`, which any numpy reads."""
        return {
            "coefficients.npy": to_npy(self.coefficients),
            "intercepts.npy": to_npy(self.intercepts),
        }

    @classmethod
    def from_files(cls, config: Mapping[str, Any], files: Mapping[str, bytes]) -> LinearEvaluator:
        """Build the evaluator whose `config` and `files` these are."""
        return cls(
            layout=tuple(Block(name, kind, width) for name, kind, width in config["layout"]),
            coefficients=from_npy(files["coefficients.npy"]),
            intercepts=from_npy(files["intercepts.npy"]),
            classes=tuple(config["classes"]),
            inverse_link=config["inverse_link"],
        )


def _add(total: Floats, column: Column, weights: Floats, rows: slice) -> None:
    """Add one column's share to the decisions of a block, (K, rows), in place."""
    match column:
        case Numbers():
            total += weights * column.values[rows]
        case OneHot():
            total += np.take(weights, column.codes[rows], axis=1)
        case Sparse():
            _add_sparse(total, column, weights, rows)
        case Dense():
            for weight, pixels in zip(weights.T, column.values[rows].T.copy(), strict=True):
                total += weight[:, np.newaxis] * pixels


def _add_sparse(total: Floats, column: Sparse, weights: Floats, rows: slice) -> None:
    """Add the terms of each row in their order: bincount is one sequential loop."""
    bounds = column.indptr[rows.start : rows.stop + 1]
    terms = column.indices[bounds[0] : bounds[-1]]
    values = column.values[bounds[0] : bounds[-1]]
    owners = np.repeat(np.arange(total.shape[1]), np.diff(bounds))
    for decision, weight in enumerate(weights):
        products = np.take(weight, terms) * values
        total[decision] += np.bincount(owners, products, minlength=total.shape[1])


def to_npy(array: np.ndarray) -> bytes:
    """Return the bytes of an array in numpy's format, without pickle."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def from_npy(data: bytes) -> np.ndarray:
    """Read what `to_npy` wrote; never unpickles."""
    return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
