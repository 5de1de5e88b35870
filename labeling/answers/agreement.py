"""Agreement of people: Krippendorff's alpha, and the answers of each person counted.

Alpha is computed here and not by its package (docs/decisions/0020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from labeling.answers.current import VALID, current_answers, latest_annotations, numbers_of
from pipelines.columns.buffers import Floats, Int64s, booleans, dictionary_codes, floats, texts
from pipelines.columns.relations import column, group_codes, where_in


@dataclass(frozen=True, slots=True)
class Annotator:
    """The answers of one person, counted and compared with those of others."""

    name: str | None  # as in the column `annotator`
    answers: int  # current answers that count
    skipped: int
    invalid: int  # not among the allowed answers
    agrees: float | None  # mean share of other people who gave the same answer
    seconds: float | None  # median time per answer


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement over the questions with several answers; its figures are None if there are none."""

    questions: int  # answered by at least one person
    shared: int  # answered by several people
    agree: float | None  # share of shared questions to which all gave the same answer
    alpha: float | None  # Krippendorff's alpha: 1 is perfect agreement, 0 is chance
    annotators: tuple[Annotator, ...]  # by name


def agreement(annotations: pa.Table, samples: pa.Table, *, numbers: bool) -> Agreement:
    """Return how far people's current answers agree.

    Args:
        annotations: in the columns of `schemas.ANNOTATIONS`.
        samples: in the columns of `schemas.SAMPLES`.
        numbers: whether answers are numbers; alpha then depends on how far
            apart they are.

    Returns:
        The agreement of valid answers, over all purposes.
    """
    answers = where_in(current_answers(annotations, samples), "state", VALID)
    question = group_codes(answers, ["purpose", "prediction_id", "shown_digest"])
    texts_given = column(answers, "answer")
    code = np.asarray(dictionary_codes(texts_given)[0], np.int64)
    people = np.bincount(question)
    shared = people > 1
    same = _equals(question, code)
    unanimous = np.bincount(question, same == people[question], len(people)) == people
    return Agreement(
        questions=len(people),
        shared=int(shared.sum()),
        agree=float(unanimous[shared].mean()) if shared.any() else None,
        alpha=alpha_of_numbers(question, numbers_of(texts_given))
        if numbers
        else alpha(question, code),
        annotators=_annotators(latest_annotations(annotations), answers, people[question], same),
    )


def alpha(unit: Int64s, code: Int64s) -> float | None:
    """Return Krippendorff's alpha of classes.

    Args:
        unit: the number of the question of each answer (A,), from 0.
        code: the code of each answer (A,), from 0.

    Returns:
        1 - D_o / D_e, with the disagreement D_o of pairs within questions and
        D_e of all pairs. None if no question has several answers, or if all
        answers are the same.

    Source: Krippendorff, Content Analysis, 4th ed. (2018), ch. 12.

    >>> alpha(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 0, 1]))
    0.44444
    """
    people = np.bincount(unit)[unit] if len(unit) else unit
    unit, code, people = unit[people > 1], code[people > 1], people[people > 1]
    differ = people - _equals(
        unit, code
    )  # how many answers to the same question differ from each answer
    counts = np.bincount(code).astype(np.float64)
    expected = len(code) ** 2 - (counts**2).sum()
    observed = (differ / (people - 1)).sum()
    return _alpha(float(observed), expected / (len(code) - 1)) if len(code) else None


def alpha_of_numbers(unit: Int64s, number: Floats) -> float | None:
    """Return Krippendorff's alpha of numbers (A,), with squared distance as disagreement.

    >>> alpha_of_numbers(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 3.0, 4.0]))
    0.88889
    """
    people = np.bincount(unit)[unit] if len(unit) else unit
    unit, number, people = unit[people > 1], number[people > 1], people[people > 1]
    if not len(number):
        return None
    mean = np.bincount(unit, number)[unit] / people
    observed = ((number - mean) ** 2 * people / (people - 1)).sum()
    return _alpha(float(observed), len(number) * float(np.var(number, ddof=1)))


def _alpha(observed: float, expected: float) -> float | None:
    return float(1 - observed / expected) if expected > 0 else None


def _equals(unit: Int64s, code: Int64s) -> Int64s:
    """Return, for each answer, how many answers to its question are equal to it: (A,), at least 1."""
    many = int(code.max(initial=0)) + 1
    _, which, count = np.unique(unit * many + code, return_inverse=True, return_counts=True)
    return count[which]


def _annotators(
    acts: pa.Table, answers: pa.Table, people: Int64s, same: Int64s
) -> tuple[Annotator, ...]:
    """Return one record per person.

    Args:
        acts: current annotations of all states.
        answers: the answers that count (A).
        people: number of people who answered the same question (A,).
        same: number of people who gave the same answer to it (A,), at least 1.

    Returns:
        The records by name; all unnamed people are one record, the last.
    """
    _, names = dictionary_codes(column(acts, "annotator"))
    seconds = floats(column(answers, "lead_time"))
    annotators = []
    for name in [*sorted(names), None]:
        done = acts.filter(_is_by(acts, name)).column("state").to_pylist()
        if not done:
            continue
        mine = booleans(_is_by(answers, name).combine_chunks())
        others = people[mine] - 1
        annotators.append(
            Annotator(
                name=name,
                answers=int(mine.sum()),
                skipped=done.count("skipped"),
                invalid=done.count("invalid"),
                agrees=_share(same[mine] - 1, others),
                seconds=_median(seconds[mine]),
            )
        )
    return tuple(annotators)


def _is_by(table: pa.Table, name: str | None) -> pa.ChunkedArray:
    annotator = table.column("annotator")
    return pc.is_null(annotator) if name is None else pc.is_in(annotator, value_set=texts([name]))


def _share(agreeing: Int64s, others: Int64s) -> float | None:
    """Return the mean share of other people who agree, over shared questions."""
    shared = others > 0
    return float((agreeing[shared] / others[shared]).mean()) if shared.any() else None


def _median(seconds: Floats) -> float | None:
    measured = seconds[~np.isnan(seconds)]
    return float(np.median(measured)) if len(measured) else None
