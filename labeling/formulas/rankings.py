"""How well a score ranks a class: ROC AUC and average precision, from weighted answers.

Both are as scikit-learn defines them. Of a row that several people call
differently, a part is of the class and a part is not.

Sources: Hanley and McNeil, Radiology 143 (1982); DeLong, DeLong and
Clarke-Pearson, Biometrics 44 (1988), on the variance of an AUC; Deville, Survey
Methodol. 25 (1999), on the influence of a weighted row on a statistic; Boyd, Eng
and Page, ECML (2013), on average precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.formulas.quantiles import running_sums
from pipelines.columns.buffers import Bools, Floats, Int64s


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows of G groups, sorted by group and then by score, as arrays (A,).

    Attributes:
        order: where each row stands in the input.
        of_class: the rows of the class that it stands for.
        other: the rows of other classes.
        group: from 0 to groups - 1.
        first: where the rows with its score begin.
        last: where they end.
        start: where its group begins.
        count: the rows of each group (G,).
        groups: G.
    """

    order: Int64s
    of_class: Floats
    other: Floats
    group: Int64s
    first: Int64s
    last: Int64s
    start: Int64s
    count: Int64s
    groups: int

    def total(self, values: Floats) -> Floats:
        """Add up a quantity of the rows (A,) by group: (G,)."""
        return np.bincount(self.group, values, self.groups).astype(np.float64)

    def below(self, values: Floats) -> Floats:
        """Add up what lies below each row's score in its group: (A,)."""
        return self._before(running_sums(values, self.count), self.first)

    def tied(self, values: Floats) -> Floats:
        """Add up what has each row's score in its group: (A,)."""
        sums = running_sums(values, self.count)
        return sums[self.last - 1] - self._before(sums, self.first)

    def _before(self, sums: Floats, place: Int64s) -> Floats:
        """Return the sums of the group's rows before a place: (A,)."""
        return np.where(place > self.start, sums[place - 1], 0.0)

    @property
    def is_alone(self) -> Bools:
        """Rows whose score no other row of the group has: (A,)."""
        return self.last - self.first == 1


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic of G groups, and how it changes with each row.

    Attributes:
        value: (G,), NaN where it is not defined.
        influence: of each row on it, times the rows of the group (A,), in the
            order of the input; the mean of a group's, weighted, is 0.
        rank: how well each row ranks, were it of the class (A,), within [0, 1]:
            the statistic is the mean over the rows of the class.
        other_rank: how well it ranks, were it not: the share of the class above it.
    """

    value: Floats
    influence: Floats
    rank: Floats
    other_rank: Floats


def ranked(score: Floats, share: Floats, weight: Floats, group: Int64s, groups: int) -> Ranked:
    """Sort rows by their scores.

    Args:
        score: of the class (A,).
        share: the share of people who call the row the class (A,).
        weight: the rows that each stands for (A,).
        group: from 0 to groups - 1 (A,).
        groups: G.

    Returns:
        The rows.
    """
    order = np.lexsort((score, group))
    score, share, weight, group = (part[order] for part in (score, share, weight, group))
    changes = np.ones(len(order), np.bool_)
    changes[1:] = (score[1:] != score[:-1]) | (group[1:] != group[:-1])
    begins = np.flatnonzero(changes)
    block = np.cumsum(changes) - 1
    ends = np.append(begins[1:], len(order))
    many = np.bincount(group, minlength=groups)
    start = (np.cumsum(many) - many)[group]
    return Ranked(
        order,
        weight * share,
        weight * (1 - share),
        group,
        begins[block],
        ends[block],
        start,
        many,
        groups,
    )


def roc_auc(of: Ranked) -> Statistic:
    """Return the chance that a row of the class scores above another row, ties counting half."""
    inside, other = of.total(of.of_class), of.total(of.other)
    below, above = _below(of), _above(of)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(other > 0, of.total(of.of_class * below) / inside, np.nan)
    away, whole = value[of.group], (inside + other)[of.group]
    slope = _part(of.of_class, of, below - away, inside) + _part(of.other, of, above - away, other)
    return _statistic(of, value, whole * slope, below)


def average_precision(of: Ranked) -> Statistic:
    """Return the mean precision at the scores of the class's rows, from the highest score down.

    A row stands for others with about its score. Half of them lie above it, so
    that it counts half among the rows from its score on, unless its score is
    shared. Else few answers would read too high.
    """
    weight = of.of_class + of.other
    own = np.where(of.is_alone, np.maximum(weight - 1, 0) / 2, 0.0)
    inside, rows = of.total(of.of_class), of.total(weight)
    upto, called = (of.total(part)[of.group] - of.below(part) for part in (weight, of.of_class))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = of.of_class / weight
        precision = np.nan_to_num((called - own * share) / (upto - own))
        value = of.total(of.of_class * precision) / inside
        part = np.nan_to_num(of.of_class / inside[of.group])
        gained, lost = (
            of.below(one) + of.tied(one)
            for one in (part / (upto - own), part * precision / (upto - own))
        )
        slope = share * ((precision - value[of.group]) / inside[of.group] + gained) - lost
    return _statistic(of, value, rows[of.group] * slope, precision)


def _part(rows: Floats, of: Ranked, away: Floats, whole: Floats) -> Floats:
    """Return what a row adds by its part in or out of the class: (A,)."""
    share = rows / (of.of_class + of.other)
    return np.nan_to_num(share * away / whole[of.group])


def _below(of: Ranked) -> Floats:
    """Return the share of other classes' rows that score below each row: (A,), ties counting half."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (of.below(of.other) + of.tied(of.other) / 2) / of.total(of.other)[of.group]
    return np.nan_to_num(share)


def _above(of: Ranked) -> Floats:
    """Return the share of the class's rows that score above each row: (A,), ties counting half."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (of.below(of.of_class) + of.tied(of.of_class) / 2) / of.total(of.of_class)[of.group]
    return np.nan_to_num(1 - share)


def _statistic(of: Ranked, value: Floats, influence: Floats, rank: Floats) -> Statistic:
    """Return a statistic, its rows in the order of the input."""
    parts = np.nan_to_num(np.stack([influence, rank, _above(of)]))
    sorted_back = np.empty_like(parts)
    sorted_back[:, of.order] = parts
    return Statistic(value, *sorted_back)
