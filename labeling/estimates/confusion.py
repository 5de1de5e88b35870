"""The confusion matrix: how many rows predicted as each class have each answer, by the design."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labeling.estimates.evidence.arrays import Evidence, Parts
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.row_sets import RowSet, View, row_set
from labeling.estimates.window_views import covered_batches
from pipelines.columns.buffers import Floats


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """The rows predicted as one class, in batches that have answers.

    Attributes:
        label: the class.
        rows: how many there are, known.
        answered: how many of the drawn ones have an answer.
        shares: of each answer (K,), in the order of `Confusion.answers`; None
            where none of them was answered.
    """

    label: str
    rows: int
    answered: int
    shares: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Predictions by answer; a row's share of right ones is the class's precision."""

    answers: tuple[str, ...]
    predicted: tuple[ConfusionRow, ...]

    @property
    def rows(self) -> int:
        """Rows in all, of batches that have answers."""
        return sum(one.rows for one in self.predicted)


def confusion(evidence: Evidence, answers: Sequence[str]) -> Confusion:
    """Estimate the confusion matrix of all batches together.

    Args:
        evidence: what was designed, drawn and answered.
        answers: the answer set; predicted labels outside it are added.

    Returns:
        The matrix.

    Within the rows predicted as a class, the share of each answer is estimated
    as its precision is: by stratum, weighted by the strata's sizes. The rows
    predicted as each class are known, so that a cell's share of all rows is
    its share within the class times the class's share.
    """
    whole = undivided(evidence)
    predicted = [evidence.labels[code] for code in np.unique(whole.parts.label) if code >= 0]
    names = (*answers, *(label for label in predicted if label not in answers))
    shares = [_shares_of(whole, name) for name in names]
    rows = tuple(_predicted(whole, label, shares) for label in names if label in predicted)
    return Confusion(names, tuple(row for row in rows if row.rows))


def undivided(evidence: Evidence) -> Evidence:
    """Leave cohorts out, which would only cost time."""
    parts, drawn = evidence.parts, evidence.drawn
    of_part, of_row = parts.domain == 0, drawn.domain == 0
    return replace(
        evidence,
        domains=[None],
        parts=Parts(
            *(part[of_part] for part in (parts.stratum, parts.domain, parts.label, parts.rows))
        ),
        drawn=replace(drawn, member=drawn.member[of_row], domain=drawn.domain[of_row]),
    )


def _shares_of(evidence: Evidence, name: str) -> Floats:
    """Return the share of people who gave an answer, by drawn row: (S,), NaN without any."""
    return mean_over_people(evidence, evidence.answers.label == _code(evidence, name))


def _predicted(evidence: Evidence, label: str, shares: Sequence[Floats]) -> ConfusionRow:
    """Estimate one row of the matrix."""
    code = _code(evidence, label)
    part, row = evidence.parts.label == code, evidence.drawn.label == code
    batches = len(evidence.batches)
    covered = covered_batches(evidence, ["all"] * batches)
    view = View(evidence, np.zeros(batches, np.int64), 1, covered)
    row_sets = [row_set(evidence, part, row, of_answer) for of_answer in shares]
    strata = row_sets[0].strata(view)
    answered = int(strata.answered.sum())
    return ConfusionRow(
        label=label,
        rows=int(row_sets[0].covered(view)[0]),
        answered=answered,
        shares=tuple(_values(row_sets, view)) if answered else None,
    )


def _values(row_sets: Sequence[RowSet], view: View) -> Iterator[float]:
    for one in row_sets:
        yield float(one.strata(view).value[0])


def _code(evidence: Evidence, label: str) -> int:
    return evidence.labels.index(label) if label in evidence.labels else -2
