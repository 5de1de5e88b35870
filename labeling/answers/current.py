"""Current answers, and the label of each question: from what people did to what counts.

A question is a prediction together with the digest of what was shown. An
annotation that was changed is a later row of the same id, one that was deleted
a tombstone; a person's later answer to the same question replaces the earlier
one. Nothing here depends on the order of the rows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import (
    Floats,
    Int64s,
    booleans,
    dictionary_codes,
    float_array,
    int_array,
    integers,
    texts,
)
from pipelines.columns.relations import (
    column,
    group_codes,
    last_of_each,
    microseconds,
    newest,
    places,
    where_in,
)
from pipelines.columns.spelling import canonical_text

VALID = "valid"  # counts
OUTCOME = "outcome"  # came by itself, for a row that nobody drew
STALE = "stale"  # was given to another row than the one that is shown now
DELETED = "deleted"

LABELS = pa.schema(
    [
        pa.field("prediction_id", pa.string()),
        pa.field("shown_digest", pa.string()),
        pa.field("label", pa.string()),  # null where the answers tie
        pa.field("n_answers", pa.int64()),  # people
        pa.field("state", pa.string()),  # answered | tied | stale | outcome
        pa.field("purpose", pa.string()),  # verify | train
    ]
)

_QUESTION = ("purpose", "prediction_id", "shown_digest")


def standing(annotations: pa.Table) -> pa.Table:
    """Return the newest state of each annotation, without those that were deleted.

    Args:
        annotations: in the columns of `schemas.ANNOTATIONS`, any order; the
            same row twice is one.
    """
    order = [microseconds(annotations, "known_at"), microseconds(annotations, "updated")]
    order += [_ranks(annotations, name) for name in ("state", "answer")]
    last = annotations.take(last_of_each(group_codes(annotations, ["annotation_id"]), order))
    return last.filter(pc.invert(pc.is_in(last.column("state"), value_set=texts([DELETED]))))


def current_answers(annotations: pa.Table, samples: pa.Table) -> pa.Table:
    """Return each person's current answer to each question: one row per person.

    Args:
        annotations: in the columns of `schemas.ANNOTATIONS`.
        samples: in those of `schemas.SAMPLES`; a prediction's newest draw says
            what is shown now.

    Returns:
        Annotations whose `state` is `valid` (counts), `stale` (given to
        another row than is shown now; kept, not counted) or `outcome` (nobody
        drew the row). Of two answers of one person to one question the later
        counts, by `updated` (else `created`, else `known_at`), then by
        annotation_id; skips and answers outside the schema replace none. People
        without a name count as one.
    """
    answers = standing(annotations)
    answers = where_in(answers, "state", VALID, OUTCOME)
    answers = answers.filter(pc.is_valid(answers.column("answer")))
    order = [_moments(answers), _ranks(answers, "annotation_id")]
    last = answers.take(last_of_each(group_codes(answers, [*_QUESTION, "annotator"]), order))
    place = last.schema.get_field_index("state")
    return last.set_column(place, "state", _states(last, newest(samples, _QUESTION[:2])))


def resolve(annotations: pa.Table, samples: pa.Table, *, numbers: bool) -> pa.Table:
    """Return the label of each question that has an answer.

    The label is the majority of people's answers, null where it is a tie; of
    numbers it is the median. It is for display and for training: estimates
    average over people instead, because dropping ties removes the hard rows
    (measured: .921 where .899 of all rows were right).

    Args:
        annotations: in the columns of `schemas.ANNOTATIONS`.
        samples: in those of `schemas.SAMPLES`.
        numbers: whether answers are numbers.

    Returns:
        One row per question (Q,), in the columns `LABELS`, sorted by question.
    """
    answers = current_answers(annotations, samples)
    question = group_codes(answers, _QUESTION)
    first = last_of_each(question, [])
    heads = answers.take(first)
    label = (_medians if numbers else _majorities)(question, answers)
    counted = pc.is_in(heads.column("state"), value_set=texts([VALID]))
    answered, tied = texts(["answered", "tied"])
    decided = pc.if_else(pc.is_valid(label), answered, tied)
    columns = {
        "prediction_id": heads.column("prediction_id"),
        "shown_digest": heads.column("shown_digest"),
        "label": label,
        "n_answers": int_array(np.bincount(question, minlength=len(heads))),
        "state": pc.if_else(counted, decided, heads.column("state")),
        "purpose": heads.column("purpose"),
    }
    table = pa.table(columns).cast(LABELS)
    return table.sort_by([(name, "ascending") for name in _QUESTION])


def numbers_of(answers: pa.Array) -> Floats:
    """Read texts as numbers: (n,), NaN for what is none."""
    codes, values = dictionary_codes(answers)
    return np.array([*map(_number, values), np.nan])[codes]  # code -1 reads the last


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _states(answers: pa.Table, drawn: pa.Table) -> pa.Array:
    """Compare the question of each answer with what the prediction shows now."""
    is_drawn = places(answers, drawn, _QUESTION[:2]) >= 0
    is_shown = places(answers, drawn, _QUESTION) >= 0
    came = pc.is_in(column(answers, "state"), value_set=texts([OUTCOME]))
    by_itself = ~is_drawn | booleans(came)
    state = np.where(by_itself, 2, np.where(is_shown, 0, 1))
    return texts([VALID, STALE, OUTCOME]).take(int_array(state))


def _majorities(question: Int64s, answers: pa.Table) -> pa.Array:
    """Return the most frequent answer to each question, null on a tie: (Q,)."""
    codes, values = dictionary_codes(column(answers, "answer"))
    many = len(values) + 1
    pairs, votes = np.unique(question * many + codes, return_counts=True)
    asked = pairs // many
    order = np.lexsort([-votes, asked])
    asked, votes, code = asked[order], votes[order], (pairs % many)[order]
    leads = np.diff(asked, prepend=-1) > 0
    ties = np.append(~leads[1:] & (votes[1:] == votes[:-1]), np.zeros(min(len(votes), 1), np.bool_))
    label = code[leads]
    return texts(values).take(int_array(label, mask=ties[leads]))


def _medians(question: Int64s, answers: pa.Table) -> pa.Array:
    """Return the median of the answers to each question as text: (Q,)."""
    numbers = numbers_of(column(answers, "answer"))
    values = numbers[np.lexsort([numbers, question])]
    count = np.bincount(question)
    start = np.cumsum(count) - count
    middle = (values[start + (count - 1) // 2] + values[start + count // 2]) / 2
    return canonical_text(float_array(middle))


def _moments(answers: pa.Table) -> Int64s:
    """Return when each answer was changed last, as far as that is known: (n,)."""
    when = [answers.column(name) for name in ("updated", "created", "known_at")]
    return integers(pc.coalesce(*when).combine_chunks())


def _ranks(table: pa.Table, name: str) -> Int64s:
    """Rank each row's text among the distinct ones, -1 for null: (n,)."""
    codes, values = dictionary_codes(column(table, name))
    ranks = np.empty(len(values) + 1, dtype=np.int64)
    ranks[sorted(range(len(values)), key=values.__getitem__)] = np.arange(len(values))
    ranks[-1] = -1
    return ranks[codes]
