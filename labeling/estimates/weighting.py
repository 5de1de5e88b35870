"""Weights of answers: how many rows each answer of a group stands for.

While people are still answering, some strata have no answers yet. Their rows are
judged by the answers that are nearest: of the same label in the same batch, then of
the same batch. An answer for them counts by its design weight, so that those who have
answered some of the questions in their order have answered a stratified sample.
Answers never stand for rows of another batch, unless theirs has none in the group.

The weights depend on how many answers there are, never on what they say, and they
are such that one more wrong answer never raises a share: a stratum's own answers
take over from the others' in two steps, half a stratum an answer.

Parts of strata (a cohort's, a label's) that hold too few questions are no strata:
in each batch they count together, by design weight. Source: Sarndal, Swensson and
Wretman, Model Assisted Survey Sampling (1992), ch. 7 and 10, on ratio estimates of
domains and on groups of homogeneous response.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.columns.buffers import Bools, Floats, Int64s

ENOUGH = 2  # answers, without which a stratum does not speak for itself


@dataclass(frozen=True, slots=True)
class Levels:
    """What each cell belongs to, as codes (C,): a cell's stratum, label, batch and group."""

    stratum: Int64s
    label: Int64s
    batch: Int64s
    group: Int64s


def levels(group: Int64s, place: Int64s, pooled: Bools, near: tuple[Int64s, Int64s]) -> Levels:
    """Number the strata, labels within batches, batches and groups of cells.

    Args:
        group: of each cell (C,).
        place: its position among the strata (C,).
        pooled: whether it is no stratum of its own (C,).
        near: the label and the batch of each cell (C,).

    Returns:
        The codes.
    """
    label, batch = near
    stratum = np.where(pooled, -1, place)
    return Levels(
        _codes(group, batch, stratum),
        _codes(group, batch, label),
        _codes(group, batch),
        _codes(group),
    )


def answer_weights(of: Levels, size: Floats, design: Floats, answered: Floats) -> Floats:
    """Return the rows that each answer of a cell stands for.

    Args:
        of: what the cells belong to.
        size: rows of each cell (C,).
        design: the design weight of its drawn rows (C,).
        answered: answers in it (C,).

    Returns:
        Weights (C,). Times the answers they add up to a group's rows, if the
        group has an answer.
    """
    weights = np.zeros(len(size))
    left = size.astype(np.float64)  # rows that nothing stands for yet
    for codes, enough in (
        (of.stratum, ENOUGH),
        (of.label, ENOUGH),
        (of.batch, 0),
        (of.group, 0),
    ):
        share, left = _shared(codes, left, design, answered, _needed(codes, size, design, enough))
        weights += share
    return weights


def _needed(codes: Int64s, size: Floats, design: Floats, enough: int) -> Floats:
    """Return the rows that answers must stand for by design, to speak for all: (K,)."""
    highest = np.zeros(_many(codes))
    np.maximum.at(highest, codes, design)
    return np.minimum(enough * highest, np.bincount(codes, size, len(highest)))


def _shared(
    codes: Int64s, rows: Floats, design: Floats, answered: Floats, needed: Floats
) -> tuple[Floats, Floats]:
    """Divide rows (C,) among the answers with the same code; return shares and what is left: (C,)."""
    many = len(needed)
    by_design = np.bincount(codes, design * answered, many)
    top = np.maximum(by_design, needed)
    total = np.bincount(codes, rows, many)
    share = np.divide(total, top, out=np.zeros(many), where=by_design > 0)
    left = 1 - np.divide(by_design, top, out=np.zeros(many), where=top > 0)
    return share[codes] * design, rows * left[codes]


def _codes(*keys: npt.NDArray[np.int64]) -> Int64s:
    """Return a number for each distinct combination of keys: (C,)."""
    codes = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        low = int(key.min(initial=0))
        span = int(key.max(initial=0)) - low + 1
        codes = np.unique(codes * span + (key - low), return_inverse=True)[1].ravel()
    return codes.astype(np.int64)


def _many(codes: Int64s) -> int:
    return int(codes.max(initial=-1)) + 1
