"""Intake of answers: the rows that a pull appends to the table `annotations`.

The table is append-only. A changed answer appends a row with the same annotation
id, a deleted answer appends a row with state `deleted`. The current state of an
answer is its row with the latest `known_at`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import MappingProxyType

import pyarrow as pa

from labeling.answers.answer_values import AnswerState
from pipelines.columns.relations import records
from pipelines.tables.schemas import ANNOTATIONS, table_of

FILE = "file"
DELETED: AnswerState = "deleted"
_COUNTED = ("labels", "skipped", "invalid", "unknown", "stale", "outcomes")
_FIRST = 10  # unknown prediction ids, of many
_Asked = tuple[str, str | None, str | None]  # prediction_id, shown_digest, annotator
_FIELDS = [name for name in ANNOTATIONS.names if name not in ("job", "purpose", "known_at")]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one person, as its source has it.

    `source` is `file`, or `labelstudio:` and the project in which the answer was
    given. `created` and `updated` are times of the source, None if it has none.
    """

    annotation_id: str
    prediction_id: str
    shown_digest: str | None  # None only if the prediction was never drawn
    annotator: str | None
    answer: str | None
    state: AnswerState
    created: datetime | None
    updated: datetime | None
    lead_time: float | None  # seconds
    source: str
    reason: str | None = None  # of a skipped one: why the person could not tell


@dataclass(frozen=True, slots=True)
class Held:
    """The answers that the store has, of one job and purpose.

    `now` has the newest row of each annotation id. `ever` has each answer, or
    reason for none, that an annotation id ever had, so that reading an old file
    again cannot undo a correction.
    """

    now: Mapping[str, Answer]
    ever: Collection[tuple[str, str | None]]  # annotation_id, answer or reason


@dataclass(frozen=True, slots=True)
class Intake:
    """The result of one pull: rows to append, and their counts.

    `labels` counts the questions that got their first valid answer. `unknown`
    counts the answers that were refused because their prediction does not
    exist; `unknown_ids` has the first ten prediction ids of those.
    """

    rows: tuple[Answer, ...]
    labels: int
    skipped: int
    invalid: int
    unknown: int
    stale: int
    outcomes: int
    unknown_ids: tuple[str, ...]
    slips: tuple[
        Answer, ...
    ] = ()  # invalid answers that took no valid one back; `invalid` has them

    @property
    def counts(self) -> dict[str, int]:
        """The counts that `recheck pull` prints, by name."""
        return {"annotations": len(self.rows)} | {name: getattr(self, name) for name in _COUNTED}

    def __add__(self, other: Intake) -> Intake:
        """Return the result of two pulls together."""
        return Intake(
            rows=self.rows + other.rows,
            unknown_ids=(self.unknown_ids + other.unknown_ids)[:_FIRST],
            slips=self.slips + other.slips,
            **{name: getattr(self, name) + getattr(other, name) for name in _COUNTED},
        )


def hold(annotations: pa.Table) -> Held:
    """Return the answers that the store has, from all rows of one job and purpose, in any order.

    Raises:
        KeyError: a column of `schemas.ANNOTATIONS` is missing.
    """
    rows = records(annotations.sort_by("known_at").select(_FIELDS))
    now = {row["annotation_id"]: Answer(**row) for row in rows}
    return Held(now, {(row["annotation_id"], row["answer"] or row["reason"]) for row in rows})


def take(
    answers: Iterable[Answer],
    held: Held,
    *,
    drawn: Mapping[str, str],
    asked: Mapping[str, str] = MappingProxyType({}),
    scored: Collection[str] = (),
) -> Intake:
    """Return the rows that new and changed answers append.

    Args:
        answers: from `answers_of` or `read_answers`, in their order.
        held: the answers that the store has.
        drawn: prediction id to shown_digest, of the predictions that are drawn now.
        asked: prediction id to its last shown_digest, of the predictions that
            were ever drawn.
        scored: ids of predictions that exist; needed only for predictions that
            were never drawn.

    Returns:
        The rows to append, and their counts.
    """
    unknown: dict[str, int] = Counter()
    latest: dict[str, Answer] = {}
    slips: list[Answer] = []
    for answer in answers:
        if answer.prediction_id in drawn:
            _keep(latest, _asked(answer, drawn), slips)
        elif answer.prediction_id in asked:
            _keep(latest, _asked(answer, asked), slips)
        elif answer.prediction_id in scored:
            _keep(latest, _undrawn(answer), slips)
        else:
            unknown[answer.prediction_id] += 1
    before = held.now.items()
    slips += [
        latest[name] for name, one in before if name in latest and _is_slip(latest[name], one)
    ]
    settled = {_question(row) for row in held.now.values() if row.state == "valid"}
    repeated = (_for_new_question(answer, held, settled) for answer in latest.values())
    rows = [answer for answer in latest.values() if _is_news(answer, held)]
    rows += [answer for answer in repeated if answer]
    return _intake(rows, held, drawn, unknown, slips)


def taken_back(answers: Iterable[Answer]) -> list[Answer]:
    """Return a row with state `deleted` for each answer that is not deleted yet."""
    return [replace(answer, state=DELETED) for answer in answers if answer.state != DELETED]


def to_table(answers: Sequence[Answer], *, job: str, purpose: str, known_at: datetime) -> pa.Table:
    """Return rows for the table `annotations`.

    Args:
        answers: one per row (n,).
        job: the name of the job.
        purpose: `verify` or `train`.
        known_at: the time of the commit.

    Returns:
        A table of n rows.
    """
    common = {"job": job, "purpose": purpose, "known_at": known_at}
    return table_of(ANNOTATIONS, [common | asdict(answer) for answer in answers])


def _keep(latest: dict[str, Answer], answer: Answer, slips: list[Answer]) -> None:
    """Keep the later of two answers with one id, or note that it is a slip."""
    earlier = latest.get(answer.annotation_id)
    if earlier is not None and _is_slip(answer, earlier):
        slips.append(answer)
    else:
        latest[answer.annotation_id] = answer


def _is_slip(answer: Answer, earlier: Answer) -> bool:
    """Tell whether an invalid answer of a file follows a valid one: a typo takes no answer back."""
    return answer.source == FILE and answer.state == "invalid" and earlier.state == "valid"


def _asked(answer: Answer, drawn: Mapping[str, str]) -> Answer:
    """Return an answer with its question; a table of answers does not say what was shown."""
    if answer.shown_digest is None:
        return replace(answer, shown_digest=drawn[answer.prediction_id])
    return answer


def _undrawn(answer: Answer) -> Answer:
    """Return a valid answer of a file as an outcome, because nobody was asked for it.

    An answer in Label Studio was asked for: a later draw left its question out.
    """
    is_outcome = answer.source == FILE and answer.state == "valid"
    return replace(answer, state="outcome") if is_outcome else answer


def _is_news(answer: Answer, held: Held) -> bool:
    """Tell whether an answer is new, or changes the answer that the store has under its id."""
    earlier = held.now.get(answer.annotation_id)
    if earlier is None:
        return True
    if answer.source != FILE:
        return answer != earlier
    if (answer.annotation_id, answer.answer or answer.reason) in held.ever:
        # the row was drawn since, or an invalid answer came in between
        return earlier.state in ("outcome", "invalid") and answer.state == "valid"
    if _is_slip(answer, earlier):
        return False
    # a correction counts by the order in which it came, unless its own time says otherwise
    return answer.updated is None or earlier.updated is None or answer.updated >= earlier.updated


def _for_new_question(answer: Answer, held: Held, settled: Collection[_Asked]) -> Answer | None:
    """Return the answer to the question asked now, for an answer of a file that was read before.

    An answer file has no task ids, so its answers apply to the current
    question, unless the same person has answered that question since. The
    answer to the earlier question stays, because that question may be asked
    again.
    """
    earlier = held.now.get(answer.annotation_id)
    if earlier is None or answer.source != FILE or earlier.shown_digest == answer.shown_digest:
        return None
    is_unchanged = (earlier.state, earlier.answer) == ("valid", answer.answer)
    if answer.shown_digest is None or not is_unchanged or _question(answer) in settled:
        return None
    repeated = replace(answer, annotation_id=f"{answer.annotation_id}:{answer.shown_digest}")
    return None if repeated.annotation_id in held.now else repeated


def _question(answer: Answer) -> _Asked:
    """Return the question and the person, without the answer."""
    return answer.prediction_id, answer.shown_digest, answer.annotator


def _intake(
    rows: Sequence[Answer],
    held: Held,
    drawn: Mapping[str, str],
    unknown: Mapping[str, int],
    slips: Sequence[Answer],
) -> Intake:
    states = Counter(answer.state for answer in rows)
    after = dict(held.now) | {answer.annotation_id: answer for answer in rows}
    return Intake(
        rows=tuple(rows),
        labels=len(_answered(after.values(), drawn) - _answered(held.now.values(), drawn)),
        skipped=states["skipped"],
        invalid=states["invalid"] + len(slips),
        unknown=sum(unknown.values()),
        stale=sum(answer.state == "valid" and _is_stale(answer, drawn) for answer in rows),
        outcomes=states["outcome"],
        unknown_ids=tuple(unknown)[:_FIRST],
        slips=tuple(slips),
    )


def _answered(answers: Iterable[Answer], drawn: Mapping[str, str]) -> set[str]:
    """Return the predictions whose current question has a valid answer."""
    return {
        answer.prediction_id
        for answer in answers
        if answer.state == "valid" and not _is_stale(answer, drawn)
    }


def _is_stale(answer: Answer, drawn: Mapping[str, str]) -> bool:
    return drawn.get(answer.prediction_id) != answer.shown_digest
