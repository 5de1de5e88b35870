"""Estimates: their counts, and their values where every question has an answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.histories.checker import drawn
from tests.histories.checker.answered import answered_rows
from tests.histories.checker.stored import Row, Stored, named

_IDENTITY = (
    *("metric", "class", "cohort", "period", "window", "version"),
    *("as_of", "estimator_version", "n_answered"),
)
_LEADING = ("accuracy", "mae")
_NEAR = 1e-9


def figures_are_stored_once(stored: Stored) -> Iterator[str]:
    """Yield figures that are stored twice."""
    for name, columns in (("estimates", _IDENTITY), ("looks", ("metric", "class", "cohort"))):
        names = columns if name == "estimates" else (*columns, "period", "window", "side", "limit")
        for key, many in Counter(named(row, *names) for row in stored.rows(name)).items():
            if many > 1:
                yield f"{name} has {key} {many} times"


def counts_are_right(stored: Stored, estimates: Sequence[Row]) -> Iterator[str]:
    """Yield figures of batches that count other rows than the tables, and limits out of order."""
    answered = answered_rows(stored)
    for one in estimates:
        yield from _ordered(one)
        if one["cohort"] is not None or one["period"] != "batch" or one["window"] not in answered:
            continue
        rows = answered[one["window"]]
        size = sum(row["size"] for row in drawn.newest(stored)[one["window"]])
        wanted = (size, len(rows), sum(bool(answers) for _, answers in rows))
        if named(one, "rows", "n_asked", "n_answered") != wanted:
            said = named(one, "rows", "n_asked", "n_answered")
            yield f"{one['metric']} of {one['window']} counts {said}, the tables {wanted}"


def _ordered(one: Row) -> Iterator[str]:
    low, value, high = named(one, "low", "value", "high")
    if value is not None and None not in (low, high) and not low - _NEAR <= value <= high + _NEAR:
        yield f"{one['metric']} of {one['window']}: {value} lies outside of {low} to {high}"
    if any(isinstance(end, float) and not math.isfinite(end) for end in (low, value, high)):
        yield f"{one['metric']} of {one['window']} is not finite"


def values_are_right(stored: Stored, estimates: Sequence[Row]) -> Iterator[str]:
    """Yield leading figures that are not the weighted means of their strata; every row is answered."""
    answered, sizes = answered_rows(stored), drawn.newest(stored)
    means = {batch: _mean(sizes[batch], rows) for batch, rows in answered.items()}
    for one in estimates:
        if one["metric"] not in _LEADING or one["cohort"] is not None or one["version"] is None:
            continue
        if one["period"] == "batch":
            batches = [one["window"]]
        elif one["period"] == "all":
            versions = {rows[0]["version"] for rows in sizes.values()}
            batches = sorted(means) if versions == {one["version"]} else []
        else:
            continue
        known = [mean for batch in batches if (mean := means.get(batch))]
        if not known or len(known) < len(batches):
            continue
        wanted = sum(n * mean for n, mean in known) / sum(n for n, _ in known)
        if one["value"] is None or abs(one["value"] - wanted) > _NEAR * max(1.0, abs(wanted)):
            yield f"{one['metric']} of {one['window']} is {one['value']}, the tables give {wanted}"


def _mean(
    strata: Sequence[Row], rows: Sequence[tuple[Row, Sequence[Row]]]
) -> tuple[int, float] | None:
    """Return the rows of a batch and the mean loss by its design; None where an answer lacks."""
    total, weights = (
        0.0,
        {row["stratum"]: row["size"] / row["allocated"] for row in strata if row["allocated"]},
    )
    size = sum(row["size"] for row in strata)
    if not rows or any(not answers for _, answers in rows) or len(weights) < len(strata):
        return None
    for row, answers in rows:
        losses = [_loss(row, answer["answer"]) for answer in answers]
        total += weights[row["stratum"]] * sum(losses) / len(losses)
    return size, total / size


def _loss(row: Mapping[str, Any], answer: str) -> float:
    if row["value"] is None:
        return float(row["label"] == answer)
    return abs(float(answer) - row["value"])


def same_figures(then: Sequence[Row], now: Sequence[Row]) -> Iterator[str]:
    """Yield figures of an earlier time that come out differently today, to the last bit."""
    names = ("metric", "class", "cohort", "period", "window", "version")
    again = {named(one, *names): one for one in now}
    metrics = {one["metric"] for one in now}
    for one in then:
        if one["metric"] in metrics and again.get(named(one, *names)) != one:
            found = again.get(named(one, *names))
            changed = {k: (v, found[k]) for k, v in one.items() if found and found[k] != v}
            yield f"{named(one, *names)} was stated otherwise then: {changed or 'it is gone'}"
            return
