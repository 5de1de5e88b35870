"""Draws: the smallest hashes of each stratum, ranked, with the probability that the design gives."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Sequence

from tests.histories.checker.chance import draw
from tests.histories.checker.stored import Row, Stored, grouped, named

VERIFY = "verify"
SEEN = "seen_in_training"  # a cohort that only drawn rows have
_LATER = ("top-up", "carried over")  # draws whose strata are of other scores
_GRID = 2e-6  # scores are divided on a grid of 1e-6
Draw = tuple[str, int]  # batch, number


def designs(stored: Stored) -> dict[Draw, list[Row]]:
    """Return the strata of each draw that checks predictions."""
    rows = [row for row in stored.rows("designs") if row["purpose"] == VERIFY]
    return grouped(rows, lambda row: (row["batch"], row["draw_no"]))


def samples(stored: Stored) -> dict[Draw, list[Row]]:
    """Return the rows of each draw whose design was committed with them."""
    known = {(draw, strata[0]["known_at"]) for draw, strata in designs(stored).items()}
    rows = [
        row
        for row in stored.rows("samples")
        if row["purpose"] == VERIFY
        if ((row["batch"], row["draw_no"]), row["known_at"]) in known
    ]
    return grouped(rows, lambda row: (row["batch"], row["draw_no"]))


def newest(stored: Stored) -> dict[str, list[Row]]:
    """Return the strata of the newest draw of each batch."""
    found: dict[str, list[Row]] = {}
    for (batch, _), strata in sorted(designs(stored).items()):
        found[batch] = strata
    return found


def current(stored: Stored) -> dict[str, list[Row]]:
    """Return the rows that the newest series of each batch holds."""
    drawn = samples(stored)
    return {
        batch: [
            row
            for (own, _), rows in drawn.items()
            if own == batch
            for row in rows
            if row["series"] == strata[0]["series"]
        ]
        for batch, strata in newest(stored).items()
    }


def draws_are_as_designed(stored: Stored) -> Iterator[str]:
    """Yield strata whose rows are not 1 to n by their hashes, and probabilities that are not n / N."""
    held = current(stored)
    for batch, strata in newest(stored).items():
        rows = grouped(held[batch], lambda row: str(row["stratum"]))
        for stratum in strata:
            own = rows.pop(stratum["stratum"], [])
            yield from _ranked(stored, batch, stratum, own)
        if rows:
            yield f"{batch}: rows of strata that the design lacks: {sorted(rows)[:3]}"
        ids = [row["prediction_id"] for row in held[batch]]
        if len(set(ids)) < len(ids):
            yield f"{batch}: a row was drawn twice"


def _ranked(stored: Stored, batch: str, stratum: Row, rows: Sequence[Row]) -> Iterator[str]:
    name = f"{batch}, {stratum['stratum']}"
    by_hash = sorted(rows, key=lambda row: draw(stored.seed, batch, row["key"]))
    ranks = [row["rank"] for row in by_hash]
    if ranks != list(range(1, stratum["allocated"] + 1)):
        yield f"{name}: {len(ranks)} rows drawn, {stratum['allocated']} allocated, or in other order"


def probabilities_are_as_designed(stored: Stored) -> Iterator[str]:
    """Yield drawn rows whose probability is not that of their draw."""
    of_designs = designs(stored)
    for key, rows in samples(stored).items():
        strata = {row["stratum"]: row for row in of_designs[key]}
        for row in rows:
            stratum = strata[row["stratum"]]
            wanted = stratum["allocated"] / stratum["size"]
            if (row["inclusion_probability"], row["stratum_size"]) != (wanted, stratum["size"]):
                yield f"{key}, {row['key']}: drawn by {row['inclusion_probability']}, not {wanted}"


def class_draws_are_by_probability(stored: Stored) -> Iterator[str]:
    """Yield strata of a draw for a class that hold both sides of it, or that overlap in its probability."""
    held = current(stored)
    for batch, strata in newest(stored).items():
        if strata[0]["goal"] is None or strata[0]["reason"] in _LATER or len(strata) == 1:
            continue
        class_ = json.loads(strata[0]["goal"])["class"]
        by_stratum = grouped(held[batch], lambda row: str(row["stratum"]))
        spans: dict[bool, list[tuple[float, float, str]]] = {True: [], False: []}
        for name, rows in by_stratum.items():
            sides = {row["label"] == class_ for row in rows}
            chances = [dict(row["scores"])[class_] for row in rows]
            if len(sides) > 1:
                yield f"{batch}, {name}: rows predicted as {class_}, and others"
                continue
            spans[sides.pop()].append((min(chances), max(chances), name))
        for side in spans.values():
            for (_, high, one), (low, _, other) in itertools.pairwise(sorted(side)):
                if low < high - _GRID:
                    yield f"{batch}: {one} and {other} overlap in the probability of {class_}"


def drawn_rows_are_as_predicted(stored: Stored, batches: Collection[str]) -> Iterator[str]:
    """Yield drawn rows that keep another prediction or cohort than is published.

    Args:
        stored: the store.
        batches: whose draws are of now.

    Yields:
        A sentence for each row.
    """
    predicted = {row["prediction_id"]: row for row in stored.rows("predictions")}
    for batch, rows in current(stored).items():
        if batch not in batches:
            continue
        for row in rows:
            now = predicted.get(row["prediction_id"])
            if now and _kept(row) != _kept(now):
                yield f"{batch}, {row['key']}: drawn as {_kept(row)}, published as {_kept(now)}"


def _kept(row: Row) -> tuple[object, ...]:
    cohorts = {name: value for name, value in row["cohorts"] or () if name != SEEN}
    return *named(row, "version", "label", "value", "score"), cohorts


def draws_are_of_the_whole_batch(stored: Stored) -> Iterator[str]:
    """Yield draws from what is published now that leave out rows, or that take larger hashes."""
    predictions = grouped(stored.rows("predictions"), lambda row: str(row["batch"]))
    populations = grouped(
        (row for row in stored.rows("populations") if row["purpose"] == VERIFY),
        lambda row: named(row, "batch", "draw_no", "known_at"),
    )
    for batch, strata in newest(stored).items():
        first = strata[0]
        members = populations.get(named(first, "batch", "draw_no", "known_at"), [])
        if len(members) != sum(row["size"] for row in strata):
            yield f"{batch}: {len(members)} rows in its population, the design has another count"
        ids = {int(row["prediction_id"][:16], 16) for row in predictions.get(batch, ())}
        if ids != {row["id_high"] % 2**64 for row in members}:
            continue  # the batch was replaced since
        yield from _smallest(stored, batch, members, predictions[batch])


def _smallest(
    stored: Stored, batch: str, members: Sequence[Row], predictions: Sequence[Row]
) -> Iterator[str]:
    keys = {int(row["prediction_id"][:16], 16): row["key"] for row in predictions}
    for stratum, rows in grouped(members, lambda row: row["stratum"]).items():
        by_hash = sorted(
            rows, key=lambda row: draw(stored.seed, batch, keys[row["id_high"] % 2**64])
        )
        chosen = [row["is_sampled"] for row in by_hash]
        if chosen != sorted(chosen, reverse=True):
            yield f"{batch}, {stratum}: its smallest hashes were not those that were drawn"
