"""What an estimate rests on: designs, drawn rows and answers as arrays.

Texts are codes: a label's, a domain's (a cohort with its value, or all rows), a
batch's and a stratum's. Dimensions are named alike everywhere: B batches, D
strata, P parts, S drawn rows, M memberships, A answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from labeling.estimates.merging import Neighbours
from pipelines.columns.buffers import Bools, Floats, Int64s


@dataclass(frozen=True, slots=True)
class Designed:
    """The strata of all batches as arrays (D,)."""

    batch: Int64s
    place: Int64s  # position in the order of (batch, label, name)
    size: Floats  # rows
    weight: Floats  # the design weight of its drawn rows: how many rows each stands for
    near: Neighbours  # by place
    wanted: Floats | None = None  # what a draw for a class allocates to; NaN in other draws


@dataclass(frozen=True, slots=True)
class Parts:
    """Known numbers of rows as arrays (P,): a label's within a domain within a stratum."""

    stratum: Int64s
    domain: Int64s
    label: Int64s
    rows: Floats


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The probability of each of K classes for each drawn row, by the names of the classes.

    Attributes:
        names: of the classes (K,), sorted.
        values: the probabilities (S, K), NaN where the row has none of the class.
    """

    names: list[str]
    values: Floats


@dataclass(frozen=True, slots=True)
class SampledRows:
    """Drawn rows as arrays (S,), and which domains they lie in as pairs (M,)."""

    stratum: Int64s
    label: Int64s
    value: Floats  # predicted number, NaN for a class
    score: Floats  # probability of the label, NaN where the model gave none
    member: Int64s  # (M,) the drawn row
    domain: Int64s  # (M,) a domain that it lies in
    scores: ClassScores | None = None  # None where they were not asked for


@dataclass(frozen=True, slots=True)
class Answers:
    """What people answered as arrays (A,).

    Attributes:
        row: the drawn row.
        label: the code of the answer, -1 where it is not a known label.
        number: the answer as a number, NaN where it is none.
        person: a salted code of who answered, the same in every batch; -1
            where nobody knows. It cannot be turned back into a name without
            the job's seed.
    """

    row: Int64s
    label: Int64s
    number: Floats
    person: Int64s


@dataclass(frozen=True, slots=True)
class Evidence:
    """Designs, samples and answers, with codes in place of texts.

    Attributes:
        batches: names, in order.
        versions: of the model, by batch.
        known_at: when the last of a batch's facts became known, by batch, in
            microseconds since 1970.
        has_answers: whether any drawn row of it was answered, by batch.
        just_begun: whether fewer than 8 of its drawn rows were answered, and some
            are undecided: neither answered nor skipped nor retracted.
        labels: the texts of label codes.
        domains: the texts of domain codes, `cohort=value`; None, all rows, first.
        designed: the strata.
        parts: the known numbers of rows.
        drawn: the rows that people were asked about.
        answers: what they answered.
        asked_class: the code of the class that the draw of each batch asks more
            about (B,), -1 where of none; None where no draw does.
    """

    batches: list[str]
    versions: list[str | None]
    known_at: Int64s
    has_answers: Bools
    just_begun: Bools
    labels: list[str]
    domains: list[str | None]
    designed: Designed
    parts: Parts
    drawn: SampledRows
    answers: Answers
    asked_class: Int64s | None = None
