"""A packaged model that is run by its own library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
import sklearn

from pipelines.features.mapped import Mapped
from pipelines.models.evaluator import Scores
from pipelines.sklearn import persistence
from pipelines.sklearn.matrices import Matrix, matrix_of, within
from pipelines.sklearn.threads import one_thread

_FILE: Final = "estimator.skops"
_FLOAT32_LIMIT: Final = float(np.finfo(np.float32).max)
_FLOAT64_LIMIT: Final = float(np.finfo(np.float64).max)


class LibraryEvaluator:
    """A fitted estimator behind the interface of `pipelines.models.evaluator.Evaluator`.

    It predicts a whole fragment in one call, because the last bit of a
    library's result may depend on the number of rows in it, and with one
    thread. Rows that the library would refuse have no answer.
    """

    kind: ClassVar[str] = "library"
    exact: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "scikit-learn", "scipy", "skops")

    def __init__(
        self, estimator: Any, *, classes: tuple[int, ...], rounds_to_float32: bool
    ) -> None:
        self._estimator, self._classes = estimator, classes
        self._rounds_to_float32 = rounds_to_float32

    def predict(self, mapped: Mapped) -> Scores:
        """Predict every row of a fragment in one call."""
        if not mapped.rows:
            return self._no_rows()
        values, usable = self._usable(mapped)
        with _as_in_scoring():
            return self._scores(values, usable)

    @property
    def classes(self) -> tuple[int, ...]:
        """Codes of the label set, in the order of the estimator's classes; empty for numbers."""
        return self._classes

    def probabilities(self, mapped: Mapped) -> npt.NDArray[np.float64] | None:
        """Return the probability of each class in every row: (n, K), NaN where it has no answer.

        None where the estimator has none. With other rows in the call, the last
        bits may differ from those of `predict`.
        """
        if not self.has_probabilities:
            return None
        if not mapped.rows:
            return np.empty((0, len(self._classes)))
        values, usable = self._usable(mapped)
        with _as_in_scoring():
            chances = np.asarray(self._estimator.predict_proba(values), dtype=np.float64)
        usable = usable & np.isfinite(chances).all(axis=1)
        return np.where(usable[:, np.newaxis], np.clip(chances, 0.0, 1.0), np.nan)

    def _usable(self, mapped: Mapped) -> tuple[Matrix, npt.NDArray[np.bool_]]:
        """Return the rows as a matrix, and a mask (n,) of those that the library accepts."""
        values = matrix_of(mapped)
        usable = within(values, _FLOAT32_LIMIT if self._rounds_to_float32 else _FLOAT64_LIMIT)
        return (values if usable.all() else _zeroed(values, ~usable)), usable

    def _scores(self, values: Matrix, usable: npt.NDArray[np.bool_]) -> Scores:
        if not self._classes:
            numbers = np.asarray(self._estimator.predict(values), dtype=np.float64)
            return Scores(None, None, np.where(usable & np.isfinite(numbers), numbers, np.nan))
        classes = np.array(self._classes, dtype=np.int32)
        if not self._has_probability:
            answers = np.searchsorted(self._estimator.classes_, self._estimator.predict(values))
            return Scores(np.where(usable, classes[answers], -1).astype(np.int32), None, None)
        chances = self._estimator.predict_proba(values)
        answers = np.argmax(chances, axis=1)
        score = np.take_along_axis(chances, answers[:, np.newaxis], axis=1)[:, 0]
        usable = usable & np.isfinite(score)
        codes = np.where(usable, classes[answers], -1).astype(np.int32)
        return Scores(codes, np.where(usable, np.clip(score, 0.0, 1.0), np.nan), None)

    @property
    def has_probabilities(self) -> bool:
        """Whether the estimator gives a probability of each class."""
        return bool(self._classes) and self._has_probability

    @property
    def _has_probability(self) -> bool:
        return hasattr(self._estimator, "predict_proba")

    def _no_rows(self) -> Scores:
        if not self._classes:
            return Scores(None, None, np.empty(0))
        score = np.empty(0) if self._has_probability else None
        return Scores(np.empty(0, dtype=np.int32), score, None)

    def config(self) -> dict[str, Any]:
        """Return the estimator's name and the codes of its classes."""
        return {
            "estimator": type(self._estimator).__name__,
            "classes": list(self._classes),
            "rounds_to_float32": self._rounds_to_float32,
        }

    def files(self) -> dict[str, bytes]:
        """Return the estimator in the format of skops."""
        return {_FILE: persistence.dumps(self._estimator)}

    @classmethod
    def from_files(cls, config: Mapping[str, Any], files: Mapping[str, bytes]) -> LibraryEvaluator:
        """Build the evaluator from the files of a verified package."""
        return cls(
            persistence.loads(files[_FILE], config["estimator"]),
            classes=tuple(config["classes"]),
            rounds_to_float32=config["rounds_to_float32"],
        )


@contextmanager
def _as_in_scoring() -> Iterator[None]:
    """Run in one thread, without the library's own search for values that are not finite."""
    with sklearn.config_context(assume_finite=True), np.errstate(all="ignore"), one_thread():
        yield


def _zeroed(values: Matrix, rows: npt.NDArray[np.bool_]) -> Matrix:
    """Copy the matrix with zeros in some rows; the number of rows and the other rows stay."""
    values = values.copy()
    if isinstance(values, np.ndarray):
        values[rows] = 0.0
    else:
        values.data[np.repeat(rows, np.diff(values.indptr))] = 0.0
    return values
