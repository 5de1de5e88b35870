"""Rows in = predictions + quarantined rows, each once, of one attempt, with the ids that keys give."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.histories.checker.chance import prediction_id
from tests.histories.checker.stored import Row, Stored, grouped

Inputs = Mapping[str, Sequence[Row]]  # batch -> rows of the input


def live_attempts(stored: Stored) -> dict[str, set[str]]:
    """Return the attempts that wrote the files of each published batch."""
    files = (Path(name) for name in stored.files("predictions"))
    by_batch = grouped(files, lambda path: unquote(path.parent.name).removeprefix("batch="))
    return {batch: {path.name.split("-")[0] for path in paths} for batch, paths in by_batch.items()}


def records(stored: Stored) -> dict[str, Row]:
    """Return the record of each attempt at scoring."""
    rows = stored.rows("runs")
    return {row["run_id"]: row for row in rows if row["step"] == "score" and row["error"] is None}


def one_attempt_each(stored: Stored) -> Iterator[str]:
    """Yield batches whose published rows are not those of one recorded attempt."""
    recorded, predictions = records(stored), grouped(stored.rows("predictions"), _batch)
    quarantined = grouped(stored.rows("quarantine"), lambda row: (row["batch"], row["attempt"]))
    for batch, attempts in live_attempts(stored).items():
        if len(attempts) != 1 or not attempts <= recorded.keys():
            yield f"{batch}: files of {len(attempts)} attempts, or of none that is recorded"
            continue
        (attempt,) = attempts
        counts = json.loads(recorded[attempt]["outputs"])
        bad = {(row["source"], row["row"]) for row in quarantined.get((batch, attempt), ())}
        now = len(predictions.get(batch, ())), len(bad)
        if now != (counts["predictions"], counts["quarantined"]):
            yield f"{batch}: {now} predictions and bad rows, recorded are {counts}"
        if counts["rows_in"] != sum(now):
            yield f"{batch}: {counts['rows_in']} rows in, {now} predictions and bad rows"


def ids_are_unique(stored: Stored) -> Iterator[str]:
    """Yield predictions that are there twice, or whose id is not that of their key."""
    rows = stored.rows("predictions")
    for name, many in Counter(row["prediction_id"] for row in rows).items():
        if many > 1:
            yield f"{name} is there {many} times"
    for row in rows:
        wanted = prediction_id(stored.seed, stored.job, row["batch"], row["key"])
        if row["prediction_id"] != wanted:
            yield f"{row['batch']}, {row['key']}: its id is not the hash of its key"


def rows_are_those_of_the_input(stored: Stored, inputs: Inputs, known: Any) -> Iterator[str]:
    """Yield batches whose predictions are not those that the input holds now.

    Args:
        stored: the store, in which every batch was scored since its input changed.
        inputs: the rows of each batch.
        known: returns what the input says of a prediction, None where a model makes it.

    Yields:
        A sentence for each batch that differs.
    """
    predictions = grouped(stored.rows("predictions"), _batch)
    for batch, rows in inputs.items():
        wanted = {row["key"]: known(row) for row in usable(rows)}
        made = {row["key"]: row for row in predictions.get(batch, ())}
        if wanted.keys() != made.keys():
            lost, extra = wanted.keys() - made.keys(), made.keys() - wanted.keys()
            yield f"{batch}: lost {sorted(lost)[:3]}, and has {sorted(extra)[:3]} too many"
            continue
        other = [key for key, said in wanted.items() if said and not _agrees(made[key], said)]
        if other:
            yield f"{batch}: {other[:3]} are predicted as the input does not say"


def usable(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that can be scored: of equal copies the first, of differing ones none."""
    good = []
    for copies in grouped(rows, lambda row: row["key"]).values():
        first = copies[0]
        is_bad = first["key"] is None or first["is_bad"]
        if not is_bad and all(copy == first for copy in copies):
            good.append(first)
    return good


def _agrees(made: Row, said: Mapping[str, Any]) -> bool:
    return all(made[name] == value for name, value in said.items())


def _batch(row: Row) -> str:
    return str(row["batch"])
