"""Codes in place of texts: strata, drawn rows and answers of tables as arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from labeling.answers.current import numbers_of
from labeling.estimates.evidence.arrays import (
    Answers,
    ClassScores,
    Designed,
    Parts,
    SampledRows,
)
from labeling.estimates.merging import Neighbours
from pipelines.columns.buffers import Int64s, dictionary_codes, floats, integers
from pipelines.columns.buffers import texts as text_array
from pipelines.columns.relations import column, places
from pipelines.identity.keyed_hash import hashes, subkey

Codes = Mapping[str, int]
Domains = Mapping[str, Mapping[str, int]]  # of one stratum: {"cohort=value": {"label": rows}}

STRATUM = ("batch", "stratum")
_POSITIVE = np.uint64(2**63 - 1)  # the bits that an int64 has beside its sign


def label_codes(rows: pa.Table, answers: pa.Table, domains: Sequence[Domains]) -> Codes:
    """Number all labels that occur, in the order of their texts.

    Args:
        rows: drawn ones, with the column `label`.
        answers: with the column `answer`.
        domains: of each stratum; they name labels that nobody drew, too.

    Returns:
        The code of each label, from 0.
    """
    labels = {label for stratum in domains for counts in stratum.values() for label in counts}
    for table, name in ((rows, "label"), (answers, "answer")):
        labels.update(dictionary_codes(column(table, name))[1])
    return {label: place for place, label in enumerate(sorted(labels))}


def domain_names(domains: Sequence[Domains]) -> list[str]:
    """Return all domains that strata count, sorted, without the one of all rows."""
    return sorted({name for stratum in domains for name in stratum if name})


def parts(
    strata: pa.Table, domains: Sequence[Domains], domain_codes: Codes, labels: Codes
) -> Parts:
    """Return the known numbers of rows.

    Args:
        strata: the designs that count (D,).
        domains: of each stratum; one that counts none is whole, of no label.
        domain_codes: by name; the empty name is all rows.
        labels: the code of each label.

    Returns:
        The parts that have rows (P,); their label is -1 where it is not known.
    """
    sizes = integers(column(strata, "size")).tolist()
    cells = [
        (stratum, domain_codes[domain], labels.get(label, -1), rows)
        for stratum, counted in enumerate(domains)
        for domain, counts in (counted or {"": {"": sizes[stratum]}}).items()
        for label, rows in counts.items()
        if rows > 0
    ]
    table = np.array(cells, dtype=np.int64).reshape(-1, 4)
    return Parts(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.float64))


def designed(strata: pa.Table, heads: pa.Table, known: Parts) -> Designed:
    """Order the strata, and weight the drawn rows of each.

    Args:
        strata: the designs that count (D,).
        heads: one design of each batch (B,).
        known: the known numbers of rows.

    Returns:
        The strata. A drawn row stands for size / allocated rows.
    """
    size, allocated = (integers(column(strata, name)) for name in ("size", "allocated"))
    batch = places(strata, heads, ["batch"])
    label = _only_label(known, strata.num_rows)
    order = np.lexsort([np.arange(strata.num_rows), label, batch])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    weight = size / np.maximum(allocated, 1)
    near = Neighbours(label[order], batch[order])
    wanted = floats(column(strata, "wanted")) if "wanted" in strata.column_names else None
    return Designed(batch, place, size.astype(np.float64), weight, near, wanted)


def drawn(rows: pa.Table, strata: pa.Table, domain_codes: Codes, labels: Codes) -> SampledRows:
    """Return the drawn rows, each a member of the domain of all rows and of its cohorts'.

    Args:
        rows: the samples that count (S,).
        strata: the designs that count (D,).
        domain_codes: by name.
        labels: the code of each label.

    Returns:
        The rows, in their order.
    """
    member, domain = _members(column(rows, "cohorts"), domain_codes)
    everyone = np.arange(rows.num_rows)
    return SampledRows(
        stratum=places(rows, strata, STRATUM),
        label=_coded(column(rows, "label"), labels),
        value=floats(column(rows, "value")),
        score=floats(column(rows, "score")),
        member=np.concatenate([everyone, member]),
        domain=np.concatenate([np.zeros_like(everyone), domain]),
        scores=class_scores(rows),
    )


def class_scores(rows: pa.Table) -> ClassScores | None:
    """Return the probabilities of classes of drawn rows; None where the table lacks the column."""
    if "scores" not in rows.column_names:
        return None
    kept = column(rows, "scores")
    start = integers(kept.offsets)
    code, names = dictionary_codes(kept.keys)
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    place = np.argsort(order)
    values = np.full((rows.num_rows, len(names)), np.nan)
    row = np.repeat(np.arange(rows.num_rows), np.diff(start))
    values[row, place[code]] = floats(kept.items)
    return ClassScores([names[k] for k in order.tolist()], values)


def answers(valid: pa.Table, rows: pa.Table, labels: Codes, seed: str) -> Answers:
    """Return the answers.

    Args:
        valid: the annotations that count (A,).
        rows: the drawn rows (S,).
        labels: the code of each label.
        seed: of the job; it salts the codes of people.

    Returns:
        The answers, in their order.
    """
    answer = column(valid, "answer")
    return Answers(
        row=places(valid, rows, ["prediction_id", "shown_digest"]),
        label=_coded(answer, labels),
        number=numbers_of(answer),
        person=person_codes(column(valid, "annotator"), seed),
    )


def asked_classes(heads: pa.Table, labels: Codes) -> Int64s | None:
    """Return the class that the draw of each batch asks more about: (B,).

    Args:
        heads: one design of each batch (B,).
        labels: the code of each label.

    Returns:
        Codes, -1 where a draw asks about all alike, or nobody said or was predicted
        the class; None where no draw asks more about one.
    """
    goals = column(heads, "goal").to_pylist() if "goal" in heads.column_names else []
    if not any(goals):
        return None
    names = [json.loads(goal)["class"] if goal else None for goal in goals]
    return np.array([labels.get(name, -1) if name else -1 for name in names], np.int64)


def person_codes(annotators: pa.Array, seed: str) -> Int64s:
    """Return a salted code of each annotator: (n,), -1 for null.

    The same person has the same code in every table of a job, and another one
    under another seed: 63 bits of H128.
    """
    codes, names = dictionary_codes(annotators)
    salted = hashes(subkey(seed, "annotator"), text_array(names))[:, 0] & _POSITIVE
    return np.append(salted.astype(np.int64), -1)[codes]  # code -1 reads the last


def _only_label(known: Parts, strata: int) -> Int64s:
    """Return the label that all rows of a stratum were predicted as, -1 where they are several: (D,)."""
    whole = known.domain == 0
    stratum, label = known.stratum[whole], known.label[whole]
    lowest, highest = np.full(strata, np.iinfo(np.int64).max), np.full(strata, -1)
    np.minimum.at(lowest, stratum, label)
    np.maximum.at(highest, stratum, label)
    return np.where(lowest == highest, lowest, -1)


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


def _coded(column_of_texts: pa.Array, labels: Codes) -> Int64s:
    """Return the code of each text among the labels: (n,), -1 for null."""
    codes, values = dictionary_codes(column_of_texts)
    return np.array([*(labels[text] for text in values), -1], dtype=np.int64)[codes]
