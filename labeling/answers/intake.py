"""Intake of answers: which are new, which were taken back, which do not count.

The table `annotations` is append-only. An answer that changes appends a row
with the same annotation id, an answer that is taken back appends a tombstone;
the row with the latest `known_at` is the state of an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from labeling.answers.answer_values import AnswerState, parse_result
from labeling.questions.tasks import digest_of
from pipelines.columns.relations import records
from pipelines.tables.schemas import ANNOTATIONS, table_of

FILE = "file"
_Asked = tuple[str, str | None, str | None]  # prediction_id, shown_digest, annotator
_FIELDS = [name for name in ANNOTATIONS.names if name not in ("job", "purpose", "known_at")]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one person, as one source has it.

    `source` is `file`, or `labelstudio:` and the project that it was made in.
    `created` and `updated` are the source's own times, None where it has none.
    """

    annotation_id: str
    prediction_id: str
    shown_digest: str | None  # None only where nobody was asked
    annotator: str | None
    answer: str | None
    state: AnswerState
    created: datetime | None
    updated: datetime | None
    lead_time: float | None  # seconds
    source: str


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of the table `annotations` of one job and purpose.

    `now` is the newest row of each annotation id; `ever` has every answer that
    the id ever had, so that an old file cannot undo a newer one.
    """

    now: Mapping[str, Answer]
    ever: Collection[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Intake:
    """The outcome of one pull: rows to append, and their counts.

    `labels` counts questions that got their first valid answer, `unknown` the
    answers that were refused because their prediction does not exist; the first
    ten of their ids are in `unknown_ids`.
    """

    rows: tuple[Answer, ...]
    labels: int
    skipped: int
    invalid: int
    unknown: int
    stale: int
    outcomes: int
    unknown_ids: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The counts that `recheck pull` prints, by name."""
        names = ("labels", "skipped", "invalid", "unknown", "stale", "outcomes")
        return {"annotations": len(self.rows)} | {name: getattr(self, name) for name in names}


def hold(annotations: pa.Table) -> Held:
    """Return what is held of one job and purpose, from its rows in any order.

    Raises:
        KeyError: a column of `schemas.ANNOTATIONS` is missing.
    """
    rows = records(annotations.sort_by("known_at").select(_FIELDS))
    now = {row["annotation_id"]: Answer(**row) for row in rows}
    return Held(now, {(row["annotation_id"], row["answer"]) for row in rows})


def take(
    answers: Iterable[Answer],
    held: Held,
    *,
    drawn: Mapping[str, str],
    asked: Mapping[str, str] = MappingProxyType({}),
    scored: Collection[str] = (),
) -> Intake:
    """Sort answers into those that are new, those that are held already, and those of no prediction.

    Args:
        answers: from `answers_of` or `read_answers`, in their order.
        held: what is held already.
        drawn: the current shown_digest of each prediction that is drawn.
        asked: the last shown_digest of each prediction that was drawn at any time.
        scored: prediction ids that exist; needed only for those that were never drawn.

    Returns:
        The rows to append, and their counts.
    """
    unknown: dict[str, int] = Counter()
    latest: dict[str, Answer] = {}
    for answer in answers:
        if answer.prediction_id in drawn:
            _keep(latest, _asked(answer, drawn))
        elif answer.prediction_id in asked:
            _keep(latest, _asked(answer, asked))
        elif answer.prediction_id in scored:
            _keep(latest, _undrawn(answer))
        else:
            unknown[answer.prediction_id] += 1
    settled = {_question(row) for row in held.now.values() if row.state == "valid"}
    repeated = (_for_new_question(answer, held, settled) for answer in latest.values())
    rows = [answer for answer in latest.values() if _is_news(answer, held)]
    rows += [answer for answer in repeated if answer]
    return _intake(rows, held, drawn, unknown)


def answers_of(
    task: Mapping[str, Any], question: str, allowed: Sequence[str], source: str
) -> Iterator[Answer]:
    """Yield the answers in a task as Label Studio gives it back.

    Label Studio uses task and annotation ids again after a deletion; with the
    time of creation, to the microsecond, they name an answer for good, in a
    pull and in an exported file alike.

    Args:
        task: with its `annotations`.
        question: of the job, for tasks that do not keep their own.
        allowed: the classes that may be right; without any, a number is.
        source: of the answers, see `Answer`.

    Yields:
        One answer per annotation, skips included.
    """
    digest = digest_of(task, question)
    for annotation in task.get("annotations") or ():
        created = as_time(annotation["created_at"])
        skipped = bool(annotation.get("was_cancelled"))
        text, state = parse_result(annotation.get("result"), allowed)
        yield Answer(
            annotation_id=f"ls:{task['id']}:{annotation['id']}:{created:%Y%m%dT%H%M%S%f}",
            prediction_id=str(task["data"].get("prediction_id", "")),
            shown_digest=digest,
            annotator=_person(annotation.get("completed_by")),
            answer=None if skipped else text,
            state="skipped" if skipped else state,
            created=created,
            updated=as_time(annotation["updated_at"]),
            lead_time=annotation.get("lead_time"),
            source=source,
        )


def task_of(answer: Answer) -> int | None:
    """Return the id of the task that was answered, None where the answer came as a table.

    >>> answer = Answer(
    ...     "ls:7:9:20261121T090000000000", "", "", None, None, "valid", None, None, None, ""
    ... )
    >>> task_of(answer)
    7
    """
    kind, *rest = answer.annotation_id.split(":")
    return int(rest[0]) if kind == "ls" else None


def taken_back(answers: Iterable[Answer]) -> list[Answer]:
    """Return tombstones of the answers that are not tombstones yet."""
    return [replace(answer, state="deleted") for answer in answers if answer.state != "deleted"]


def to_table(answers: Sequence[Answer], *, job: str, purpose: str, known_at: datetime) -> pa.Table:
    """Return rows for the table `annotations`.

    Args:
        answers: one per row (n,).
        job: its name.
        purpose: `verify` or `train`.
        known_at: when they became known.

    Returns:
        A table of n rows.
    """
    common = {"job": job, "purpose": purpose, "known_at": known_at}
    return table_of(ANNOTATIONS, [common | asdict(answer) for answer in answers])


def as_time(value: object) -> datetime:
    """Return a time with its zone; text is ISO 8601, and UTC where it names no zone.

    Raises:
        ValueError: it is no time.

    >>> as_time("2026-11-21T09:00:00Z") == as_time("2026-11-21 10:00:00+01:00")
    True
    """
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _keep(latest: dict[str, Answer], answer: Answer) -> None:
    """Let the last line of a file count, but for a line that is no answer after one that is."""
    earlier = latest.get(answer.annotation_id)
    if earlier is None or not _is_slip(answer, earlier):
        latest[answer.annotation_id] = answer


def _is_slip(answer: Answer, earlier: Answer) -> bool:
    """Tell whether an invalid answer of a file would replace a valid one: a typo takes nothing back."""
    return answer.source == FILE and answer.state == "invalid" and earlier.state == "valid"


def _asked(answer: Answer, drawn: Mapping[str, str]) -> Answer:
    if answer.shown_digest is None:  # a table of answers does not say what was shown
        return replace(answer, shown_digest=drawn[answer.prediction_id])
    return answer


def _undrawn(answer: Answer) -> Answer:
    """Make a valid answer of a file an outcome; in Label Studio, a later draw left the question out."""
    came_unasked = answer.source == FILE and answer.state == "valid"
    return replace(answer, state="outcome") if came_unasked else answer


def _is_news(answer: Answer, held: Held) -> bool:
    earlier = held.now.get(answer.annotation_id)
    if earlier is None:
        return True
    if answer.source != FILE:
        return answer != earlier
    if (answer.annotation_id, answer.answer) in held.ever:
        # drawn meanwhile, or replaced by what was no answer
        return earlier.state in ("outcome", "invalid") and answer.state == "valid"
    if _is_slip(answer, earlier):
        return False
    # a correction counts by the order in which it came, unless its own time says otherwise
    return answer.updated is None or earlier.updated is None or answer.updated >= earlier.updated


def _for_new_question(answer: Answer, held: Held, settled: Collection[_Asked]) -> Answer | None:
    """Return a row of a file that was read before as an answer to the question that is asked now.

    An answer file has no task ids, so its answers apply to the current
    question, unless the same person has answered that question since. The
    answer to the earlier question stays: it may be asked again.
    """
    known = held.now.get(answer.annotation_id)
    if known is None or answer.source != FILE or known.shown_digest == answer.shown_digest:
        return None
    is_unchanged = (known.state, known.answer) == ("valid", answer.answer)
    if answer.shown_digest is None or not is_unchanged or _question(answer) in settled:
        return None
    anew = replace(answer, annotation_id=f"{answer.annotation_id}:{answer.shown_digest}")
    return None if anew.annotation_id in held.now else anew


def _question(answer: Answer) -> _Asked:
    """Return the question and the person, without the answer."""
    return answer.prediction_id, answer.shown_digest, answer.annotator


def _intake(
    rows: Sequence[Answer], held: Held, drawn: Mapping[str, str], unknown: Mapping[str, int]
) -> Intake:
    states = Counter(answer.state for answer in rows)
    after = dict(held.now) | {answer.annotation_id: answer for answer in rows}
    return Intake(
        rows=tuple(rows),
        labels=len(_answered(after.values(), drawn) - _answered(held.now.values(), drawn)),
        skipped=states["skipped"],
        invalid=states["invalid"],
        unknown=sum(unknown.values()),
        stale=sum(answer.state == "valid" and _is_stale(answer, drawn) for answer in rows),
        outcomes=states["outcome"],
        unknown_ids=tuple(unknown)[:10],
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


def _person(completed_by: object) -> str | None:
    """Return a person's id; some replies of Label Studio have a record of the person instead."""
    identity = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return None if identity is None else str(identity)
