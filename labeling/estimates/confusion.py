"""The confusion matrix: how many rows predicted as each class have each answer, by the design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labeling.estimates.evidence.arrays import Evidence, Parts
from labeling.estimates.evidence.people import mean_over_people
from labeling.estimates.row_sets import View, row_set
from labeling.estimates.window_views import covered_batches
from pipelines.columns.buffers import Floats


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """The rows predicted as one class, in batches that have answers.

    Attributes:
        label: the class.
        rows: how many there are, known.
        answered: how many of the drawn ones have an answer.
        shares: of each answer that people gave, by answer; of the others it is
            0. None where no drawn row was answered.
    """

    label: str
    rows: int
    answered: int
    shares: Mapping[str, float] | None


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
    known, made = set(answers), set(predicted)
    names = (*answers, *(label for label in predicted if label not in known))
    shares = _Shares(whole, names)
    rows = tuple(_predicted(whole, label, shares) for label in names if label in made)
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


class _Shares:
    """The shares of people who gave an answer, by drawn row, of the answers that somebody gave."""

    def __init__(self, evidence: Evidence, names: Sequence[str]) -> None:
        answers, codes = evidence.answers, {name: code for code, name in enumerate(evidence.labels)}
        self._names = {codes[name]: name for name in names if name in codes}
        self._predicted = evidence.drawn.label[answers.row]
        self._given, self._evidence = answers.label, evidence
        self._of: dict[int, Floats] = {}

    def within(self, label: int) -> Iterator[tuple[str, Floats]]:
        """Yield the answers to rows predicted as a class, each with its share by drawn row: (S,)."""
        for code in np.unique(self._given[self._predicted == label]).tolist():
            if code in self._names:
                if code not in self._of:
                    self._of[code] = mean_over_people(self._evidence, self._given == code)
                yield self._names[code], self._of[code]


def _predicted(evidence: Evidence, label: str, shares: _Shares) -> ConfusionRow:
    """Estimate one row of the matrix."""
    code = evidence.labels.index(label)
    part, row = evidence.parts.label == code, evidence.drawn.label == code
    batches = len(evidence.batches)
    covered = covered_batches(evidence, ["all"] * batches)
    view = View(evidence, np.zeros(batches, np.int64), 1, covered)
    is_right = mean_over_people(evidence, evidence.answers.label == code)
    cells = row_set(evidence, part, row, is_right)
    answered = int(cells.strata(view).answered.sum())
    values = {
        name: float(row_set(evidence, part, row, of_answer).strata(view).value[0])
        for name, of_answer in (shares.within(code) if answered else ())
    }
    return ConfusionRow(label, int(cells.covered(view)[0]), answered, values if answered else None)
