"""The probabilities of classes of drawn rows, by class of the answer set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import ClassScores, Evidence
from pipelines.columns.buffers import Bools, Floats, Int64s

WITHOUT_PROBABILITIES = "rows of it were drawn without the probability of every class"
WITHOUT_SCORE = "rows of it were drawn without a score"
_WHOLE = 0.01  # by how much the probabilities of all classes may add up to other than 1


@dataclass(frozen=True, slots=True)
class RowScores:
    """The probabilities of the answer set's classes for each drawn row.

    Attributes:
        values: (S, K), NaN where one is not known.
        is_whole: whether all of a row are known, and add up to 1 (S,).
    """

    values: Floats
    is_whole: Bools


def class_places(facts: Evidence, classes: Sequence[str]) -> Int64s:
    """Return the place of each label code in the answer set: (L + 1,), K for one that is not in it.

    The last entry is that of no label, whose code is -1.
    """
    codes = {label: code for code, label in enumerate(facts.labels)}
    places = np.full(len(facts.labels) + 1, len(classes))
    for place, name in enumerate(classes):
        if name in codes:
            places[codes[name]] = place
    return places


def row_scores(facts: Evidence, classes: Sequence[str]) -> RowScores:
    """Return the probabilities of classes.

    Where those that were kept add up to 1, a class without one has 0.

    Args:
        facts: what was drawn.
        classes: the answer set.

    Returns:
        The probabilities.
    """
    scores = facts.drawn.scores or ClassScores([], np.empty((len(facts.drawn.label), 0)))
    place = {name: code for code, name in enumerate(scores.names)}
    total = np.nansum(scores.values, axis=1)
    is_whole = np.abs(total - 1) <= _WHOLE
    nothing = np.full(len(total), np.nan)
    columns = [scores.values[:, place[name]] if name in place else nothing for name in classes]
    values = np.stack(columns, axis=1)
    values = np.where(np.isnan(values) & is_whole[:, None], 0.0, values)
    of_answers = np.nansum(values, axis=1)
    return RowScores(values, is_whole & (np.abs(of_answers - 1) <= _WHOLE))
