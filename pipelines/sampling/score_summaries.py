"""What a draw keeps of the scores of all rows of a batch, sampled or not.

An estimator that corrects a sample by what the model said of the other rows
needs their sums, and estimates never read predictions. So each draw keeps them,
also for estimators that are yet to come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from pipelines.sampling.domain_scores import DomainScores, domain_scores
from pipelines.sampling.population import MISSING, CodedText, Grid
from pipelines.sampling.strata import Strata

LIMIT = 100_000  # bytes of all summaries of a draw
_SHORTEST = 14  # bytes that a domain takes at least: `"a=":[1,0,0],`
_LARGEST = 1e149  # of a number, so that a sum of 2**33 squares is finite


@dataclass(frozen=True, slots=True)
class Summaries:
    """Summaries of H strata as JSON objects by domain; "" is the whole stratum."""

    sums: tuple[str, ...]  # (H,): {"cohort=value": [rows, sum, sum of squares]}
    histograms: tuple[str, ...]  # (H,): {"cohort=value": {"bin": rows}}; {} for numbers
    sums_left_out: int  # domains that had no space, those of fewest rows
    histograms_left_out: int


def summarize(
    strata: Strata, grid: Grid, cohorts: Sequence[CodedText], limit: int = LIMIT
) -> Summaries | None:
    """Summarize the scores of each stratum, whole and by domain.

    Where the texts would be longer than the limit, histograms of the domains of
    fewest rows are left out first, then sums of those. A domain is kept in all
    strata or in none; the sums of whole strata are always kept.

    Args:
        strata: of the n rows.
        grid: their scores, or predicted numbers, which have no histogram.
        cohorts: of the rows; their values are the domains.
        limit: bytes of all texts together.

    Returns:
        The summaries; None where no row has a score, or a number is beyond 1e149.
    """
    present = grid.points != MISSING
    if not present.any() or not _can_be_squared(grid):
        return None
    strata = Strata(strata.names, strata.codes[present])
    grid = Grid(grid.name, grid.points[present], grid.numbers)
    columns = [
        CodedText(one.name, one.codes[present], one.values)
        for one in (CodedText.single("", len(present)), *cohorts)
    ]
    most = limit // _SHORTEST + 1
    found = [scores for column in columns for scores in domain_scores(strata, grid, column, most)]
    domains = [_Domain.of(one) for one in sorted(found, key=lambda one: (-one.rows, one.name))]
    sums, histograms = _that_fit(domains, limit - len("{}{}") * len(strata.names))
    count = sum(_used(column) for column in columns)
    return Summaries(
        _joined([one.sums for one in domains[:sums]], len(strata.names)),
        _joined([one.histograms for one in domains[:histograms]], len(strata.names)),
        count - sums,
        count - histograms,
    )


@dataclass(frozen=True, slots=True)
class _Domain:
    """What one domain adds to the JSON objects of the strata: a member each, by stratum."""

    sums: dict[int, str]
    histograms: dict[int, str]

    @classmethod
    def of(cls, scores: DomainScores) -> _Domain:
        """Write the summaries of a domain."""
        name = _json(scores.name)
        return cls(_members(name, scores.sums), _members(name, scores.histograms))


def _members(name: str, contents: Mapping[int, Any]) -> dict[int, str]:
    return {stratum: f"{name}:{_json(content)}" for stratum, content in contents.items()}


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _joined(domains: Sequence[Mapping[int, str]], strata: int) -> tuple[str, ...]:
    """Make one JSON object per stratum, its members in the order of their text."""
    objects: list[list[str]] = [[] for _ in range(strata)]
    for members in domains:
        for stratum, member in members.items():
            objects[stratum].append(member)
    return tuple("{" + ",".join(sorted(members)) + "}" for members in objects)


def _used(column: CodedText) -> int:
    """Count the values that have rows."""
    return int(np.count_nonzero(np.bincount(column.codes[column.codes != MISSING])))


def _can_be_squared(grid: Grid) -> bool:
    return grid.numbers is None or bool((np.abs(grid.numbers) <= _LARGEST).all())


def _that_fit(domains: Sequence[_Domain], space: int) -> tuple[int, int]:
    """Count the domains, the largest first, that keep their sums and that keep their histograms.

    By importance: the sums of the whole, its histograms, all other sums, all
    other histograms.
    """
    whole, *others = domains
    space -= _size(whole.sums)
    histograms = _prefix([whole.histograms], space)
    space -= _size(whole.histograms) * histograms
    sums = 1 + _prefix([one.sums for one in others], space)
    if histograms and sums == len(domains):
        space -= sum(_size(one.sums) for one in others)
        histograms += _prefix([one.histograms for one in others], space)
    return sums, histograms


def _prefix(parts: Sequence[Mapping[int, str]], space: int) -> int:
    """Count the parts that fit, in their order."""
    return sum(used <= space for used in accumulate(map(_size, parts)))


def _size(members: Mapping[int, str]) -> int:
    """Return the bytes that a domain takes in all strata, each with its comma."""
    return sum(len(member.encode()) + 1 for member in members.values())
