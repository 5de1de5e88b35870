"""The class that draws ask more about: which groups rest on such draws, and its two sides.

Rows predicted as the class are one side, the others the other. Where every draw of a
window asks for the class, its strata part likely rows of it from unlikely ones, and
the shares of both sides have the limits of `class_shares`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.row_sets import RowSet, View, class_sides
from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.intervals import Intervals
from labeling.formulas.shares import class_shares, shares, stray_share
from pipelines.columns.buffers import Bools, Floats

Sides = tuple[int, RowSet | None, RowSet | None]  # code of the class; predicted as it; the others


def groups_asking(view: View, code: int) -> Bools:
    """Tell which groups rest on draws alone that ask more about a class: (G,).

    Args:
        view: with the batches of each window.
        code: of the class.

    Returns:
        True for all rows of a window where every batch that it covers was drawn so.
        False for every cohort, because it has few of the answers of each stratum.
    """
    asked, domains = view.evidence.asked_class, len(view.evidence.domains)
    if asked is None or code < 0:
        return np.zeros(view.groups, np.bool_)
    counts = (view.window >= 0) & view.covered
    every = np.bincount(view.window[counts], minlength=view.windows)
    so = np.bincount(view.window[counts & (asked == code)], minlength=view.windows)
    nothing = np.zeros((domains - 1) * view.windows, np.bool_)
    return np.concatenate([(every > 0) & (every == so), nothing])


def shares_asked(
    of: AnsweredStrata, view: View, code: int, stray: Floats | None = None
) -> Intervals:
    """Return shares, by `class_shares` where every draw asks more about the class.

    Args:
        of: the answered strata of one side.
        view: with the batches of each window.
        code: of the class.
        stray: of the rows predicted as another, the share that may be of the class
            though nothing tells it (G,); None for those predicted as it.

    Returns:
        The intervals (G,).
    """
    asked = groups_asking(view, code)
    return shares(of).where(~asked, class_shares(of, stray)) if asked.any() else shares(of)


def asked_sides(evidence: Evidence, is_right: Floats) -> Sides:
    """Return the class that draws ask more about, and both sides of it.

    Args:
        evidence: what was designed, drawn and answered.
        is_right: whether each drawn row's prediction is right (S,).

    Returns:
        Its code and its sides; -1 and no sides unless draws ask about one class.
    """
    asked = [] if evidence.asked_class is None else np.unique(evidence.asked_class).tolist()
    codes = [code for code in asked if code >= 0]
    if len(codes) != 1:
        return -1, None, None
    return codes[0], *class_sides(evidence, codes[0], is_right)


def sum_if_asked(share: Intervals, sides: Sequence[RowSet], view: View, code: int) -> Intervals:
    """Return a share of all rows, with limits from its two sides where every draw asks for the class.

    Args:
        share: of all rows (G,).
        sides: the rows predicted as the class, and the others.
        view: one way to put batches into windows.
        code: of the class.

    Returns:
        The intervals around the same value, by MOVER: squared distances add up (G,).

    Source: Zou and Donner, Stat. Med. 27 (2008), on sums of estimates.
    """
    value, rows = share.value, [side.covered(view) for side in sides]
    every = np.maximum(rows[0] + rows[1], 1)
    parts = [
        class_shares(side.strata(view), stray).times(of / every)
        for side, of, stray in zip(sides, rows, (None, stray_share(*rows)), strict=True)
    ]
    below = np.sqrt(sum((part.value - part.low) ** 2 for part in parts))
    above = np.sqrt(sum((part.high - part.value) ** 2 for part in parts))
    low, high = np.clip(value - below, 0, 1), np.clip(value + above, 0, 1)
    summed = Intervals(value, np.where(np.isnan(low), 0, low), np.where(np.isnan(high), 1, high))
    return share.where(~groups_asking(view, code), summed)
