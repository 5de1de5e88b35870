"""Designs, samples and answers as arrays: all that an estimate rests on.

Of each batch the newest series of draws counts; of each stratum and of each
drawn prediction, its newest draw. So a top-up raises `allocated` of its series.
A redraw, and the draw that is carried over when a batch's predictions are
replaced, begin another one: it repeats the rows that are still there with
their new labels, and knows nothing of those that are gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from labeling.answers.current import VALID, current_answers, numbers_of
from labeling.estimates.merging import Neighbours
from pipelines.columns.buffers import (
    Bools,
    Floats,
    Int64s,
    bool_array,
    dictionary_codes,
    floats,
    integers,
)
from pipelines.columns.relations import column, known_by, newest, places, where_in
from pipelines.tables.purposes import VERIFY

Codes = Mapping[str, int]
Domains = Mapping[str, Mapping[str, int]]  # of one stratum: {"cohort=value": {"label": rows}}

_STRATUM = ("batch", "stratum")


@dataclass(frozen=True, slots=True)
class Designed:
    """The strata of all batches as arrays (D,)."""

    batch: Int64s
    place: Int64s  # position in the order of (label, batch, name)
    weight: Floats  # the design weight of its drawn rows: how many rows each stands for
    near: Neighbours  # by place


@dataclass(frozen=True, slots=True)
class Parts:
    """Known numbers of rows as arrays (P,): a label's within a domain within a stratum."""

    stratum: Int64s
    domain: Int64s
    label: Int64s
    rows: Floats


@dataclass(frozen=True, slots=True)
class Drawn:
    """Drawn rows as arrays (S,), and which domains they lie in as pairs (M,)."""

    stratum: Int64s
    label: Int64s
    value: Floats  # predicted number, NaN for a class
    score: Floats  # probability of the label, NaN where the model gave none
    member: Int64s
    domain: Int64s


@dataclass(frozen=True, slots=True)
class Answers:
    """What people said as arrays (A,): the drawn row, and a label's code or a number."""

    row: Int64s
    label: Int64s
    number: Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """Designs, samples and answers, with codes in place of texts.

    Attributes:
        batches: names, in order.
        versions: of the model, by batch.
        known_at: when the last of a batch's facts became known, by batch, in
            microseconds since 1970.
        has_answers: whether any drawn row of it was answered, by batch.
        labels: the texts of label codes.
        domains: the texts of domain codes, `cohort=value`; None, all rows, first.
    """

    batches: list[str]
    versions: list[str | None]
    known_at: Int64s
    has_answers: Bools
    labels: list[str]
    domains: list[str | None]
    designed: Designed
    parts: Parts
    drawn: Drawn
    answers: Answers


def evidence(
    designs: pa.Table, samples: pa.Table, annotations: pa.Table, as_of: datetime | None
) -> Evidence:
    """Read the tables of one job, in the columns of `pipelines.tables.schemas`, as known at a time."""
    designs, samples, annotations = (
        known_by(where_in(table, "purpose", VERIFY), as_of)
        for table in (designs, samples, annotations)
    )
    heads = newest(designs, ["batch"]).sort_by("batch")
    strata = newest(_matching(designs, heads, ["batch", "series"]), _STRATUM)
    strata = strata.sort_by([(name, "ascending") for name in _STRATUM])
    rows = newest(_matching(samples, heads, ["batch", "series"]), ["prediction_id"])
    rows = _matching(rows, strata, _STRATUM).sort_by("prediction_id")
    latest = _known_at(heads, designs, samples, annotations)
    return _coded_evidence(heads, strata, rows, _given(annotations, rows), latest)


def _coded_evidence(
    heads: pa.Table, strata: pa.Table, rows: pa.Table, given: pa.Table, known_at: Int64s
) -> Evidence:
    domains = [json.loads(text or "{}") for text in column(strata, "domains").to_pylist()]
    labels = _sorted_texts(rows, given, domains)
    names = sorted({name for stratum in domains for name in stratum if name})
    domain_codes = {"": 0} | {name: place for place, name in enumerate(names, 1)}
    parts = _parts(strata, domains, domain_codes, labels)
    designed = _designed(strata, heads, parts)
    drawn = _drawn(rows, strata, domain_codes, labels)
    answers = _answers(given, rows, labels)
    has_answers = np.zeros(heads.num_rows, dtype=np.bool_)
    has_answers[designed.batch[drawn.stratum[answers.row]]] = True
    return Evidence(
        batches=column(heads, "batch").to_pylist(),
        versions=column(heads, "version").to_pylist(),
        known_at=known_at,
        has_answers=has_answers,
        labels=list(labels),
        domains=[None, *names],
        designed=designed,
        parts=parts,
        drawn=drawn,
        answers=answers,
    )


def _matching(rows: pa.Table, among: pa.Table, by: Sequence[str]) -> pa.Table:
    """Keep the rows whose key another table has."""
    return rows.filter(bool_array(places(rows, among, by) >= 0))


def _given(annotations: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the answers that count, one per person and drawn row, in a fixed order."""
    answers = where_in(current_answers(annotations, rows), "state", VALID)
    return answers.sort_by([("prediction_id", "ascending"), ("annotator", "ascending")])


def _sorted_texts(rows: pa.Table, given: pa.Table, domains: Sequence[Domains]) -> Codes:
    found = {label for stratum in domains for counts in stratum.values() for label in counts}
    for table, name in ((rows, "label"), (given, "answer")):
        found.update(dictionary_codes(column(table, name))[1])
    return {text: place for place, text in enumerate(sorted(found))}


def _parts(
    strata: pa.Table, domains: Sequence[Domains], domain_codes: Codes, labels: Codes
) -> Parts:
    """Read the known numbers of rows; a stratum that counts none is whole, of no label."""
    sizes = integers(column(strata, "size")).tolist()
    found = [
        (stratum, domain_codes[domain], labels.get(label, -1), rows)
        for stratum, counted in enumerate(domains)
        for domain, counts in (counted or {"": {"": sizes[stratum]}}).items()
        for label, rows in counts.items()
        if rows > 0
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 4)
    return Parts(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.float64))


def _designed(strata: pa.Table, heads: pa.Table, parts: Parts) -> Designed:
    """Order the strata, and weight the drawn rows of each."""
    size, allocated = (integers(column(strata, name)) for name in ("size", "allocated"))
    batch = places(strata, heads, ["batch"])
    label = _only_label(parts, strata.num_rows)
    order = np.lexsort([np.arange(strata.num_rows), batch, label])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    weight = size / np.maximum(allocated, 1)
    return Designed(batch, place, weight, Neighbours(label[order], batch[order]))


def _only_label(parts: Parts, strata: int) -> Int64s:
    """Return the label that all rows of a stratum were given, -1 where they are several: (D,)."""
    whole = parts.domain == 0
    stratum, label = parts.stratum[whole], parts.label[whole]
    lowest, highest = np.full(strata, np.iinfo(np.int64).max), np.full(strata, -1)
    np.minimum.at(lowest, stratum, label)
    np.maximum.at(highest, stratum, label)
    return np.where(lowest == highest, lowest, -1)


def _drawn(rows: pa.Table, strata: pa.Table, domain_codes: Codes, labels: Codes) -> Drawn:
    member, domain = _members(column(rows, "cohorts"), domain_codes)
    everyone = np.arange(rows.num_rows)
    return Drawn(
        stratum=places(rows, strata, _STRATUM),
        label=_coded(column(rows, "label"), labels),
        value=floats(column(rows, "value")),
        score=floats(column(rows, "score")),
        member=np.concatenate([everyone, member]),
        domain=np.concatenate([np.zeros_like(everyone), domain]),
    )


def _members(cohorts: pa.MapArray, domain_codes: Codes) -> tuple[Int64s, Int64s]:
    """Return the pairs (row, domain) of a column of cohorts, of domains that are counted."""
    start = integers(cohorts.offsets)
    row = np.repeat(np.arange(len(cohorts)), np.diff(start))
    name, names = dictionary_codes(cohorts.keys)
    value, values = dictionary_codes(cohorts.items)
    codes = np.full((len(names) + 1, len(values) + 1), -1, dtype=np.int64)  # last for null
    for i, cohort in enumerate(names):
        for j, text in enumerate(values):
            codes[i, j] = domain_codes.get(f"{cohort}={text}", -1)
    domain = codes[name, value]
    return row[domain >= 0], domain[domain >= 0]


def _answers(given: pa.Table, rows: pa.Table, labels: Codes) -> Answers:
    answer = column(given, "answer")
    return Answers(
        row=places(given, rows, ["prediction_id", "shown_digest"]),
        label=_coded(answer, labels),
        number=numbers_of(answer),
    )


def _coded(texts: pa.Array, labels: Codes) -> Int64s:
    """Return the code of each text among the labels: (n,), -1 for null."""
    codes, values = dictionary_codes(texts)
    return np.array([*(labels[text] for text in values), -1], dtype=np.int64)[codes]


def _known_at(
    heads: pa.Table, designs: pa.Table, samples: pa.Table, annotations: pa.Table
) -> Int64s:
    """Return when the last fact of each batch became known, in microseconds: (B,)."""
    batch_of = places(samples, heads, ["batch"])
    asked = newest(samples, ["prediction_id"])
    row = places(annotations, asked, ["prediction_id"])
    answered = np.append(places(asked, heads, ["batch"]), -1)[row]
    last = np.full(heads.num_rows + 1, np.iinfo(np.int64).min)  # one more for no batch
    for table, batch in (
        (designs, places(designs, heads, ["batch"])),
        (samples, batch_of),
        (annotations, answered),
    ):
        np.maximum.at(last, batch, integers(column(table, "known_at")))
    return last[:-1]
