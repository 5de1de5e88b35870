"""Evidence from the tables of a job: which draws and answers count, as known at a time.

Of each batch the newest series of draws counts; of each stratum and of each
drawn prediction, its newest draw. So a top-up raises `allocated` of its series.
A redraw, and the draw that is carried over when a batch's predictions are
replaced, begin another series: it repeats the rows that are still there with
their new labels, and knows nothing of those that are gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from labeling.answers.current import VALID, current_answers
from labeling.estimates.evidence import coding
from labeling.estimates.evidence.arrays import Evidence
from pipelines.columns.buffers import Bools, Int64s, bool_array, integers
from pipelines.columns.relations import column, known_by, newest, places, where_in
from pipelines.tables.purposes import VERIFY

SETTLED = 8  # answers from which on a wider window covers a batch


@dataclass(frozen=True, slots=True)
class _Counting:
    """The rows of the tables that count."""

    heads: pa.Table  # (B,) the newest design of each batch
    strata: pa.Table  # (D,)
    rows: pa.Table  # (S,)
    answers: pa.Table  # (A,)
    decided: Bools  # (S,) whether somebody answered or skipped the question, be it taken back since
    known_at: Int64s  # (B,)


def evidence(
    designs: pa.Table,
    samples: pa.Table,
    annotations: pa.Table,
    as_of: datetime | None,
    *,
    seed: str,
) -> Evidence:
    """Gather what is known of one job, as known at a time.

    Args:
        designs: in the columns of `schemas.DESIGNS`, any order.
        samples: in those of `schemas.SAMPLES`.
        annotations: in those of `schemas.ANNOTATIONS`.
        as_of: only what was known then counts, that moment included; all without it.
        seed: of the job; it salts the codes of people.

    Returns:
        The evidence, in an order that does not depend on that of the rows.
    """
    designs, samples, annotations = (
        known_by(where_in(table, "purpose", VERIFY), as_of)
        for table in (designs, samples, annotations)
    )
    heads = newest(designs, ["batch"]).sort_by("batch")
    strata = newest(_matching(designs, heads, ["batch", "series"]), coding.STRATUM)
    strata = strata.sort_by([(name, "ascending") for name in coding.STRATUM])
    rows = newest(_matching(samples, heads, ["batch", "series"]), ["prediction_id"])
    rows = _matching(rows, strata, coding.STRATUM).sort_by("prediction_id")
    counting = _Counting(
        heads=heads,
        strata=strata,
        rows=rows,
        answers=_answers(annotations, rows),
        decided=places(rows, annotations, ["prediction_id", "shown_digest"]) >= 0,
        known_at=_known_at(heads, designs, samples, annotations),
    )
    return _coded(counting, seed)


def _coded(counting: _Counting, seed: str) -> Evidence:
    heads, strata, rows = counting.heads, counting.strata, counting.rows
    domains = [json.loads(text or "{}") for text in column(strata, "domains").to_pylist()]
    labels = coding.label_codes(rows, counting.answers, domains)
    names = coding.domain_names(domains)
    domain_codes = {"": 0} | {name: place for place, name in enumerate(names, 1)}
    parts = coding.parts(strata, domains, domain_codes, labels)
    designed = coding.designed(strata, heads, parts)
    drawn = coding.drawn(rows, strata, domain_codes, labels)
    answers = coding.answers(counting.answers, rows, labels, seed)
    answered = np.zeros(rows.num_rows, dtype=np.bool_)
    answered[answers.row] = True
    batch, batches = designed.batch[drawn.stratum], heads.num_rows
    many = np.bincount(batch[answered], minlength=batches)
    undecided = np.bincount(batch[~(answered | counting.decided)], minlength=batches)
    return Evidence(
        batches=column(heads, "batch").to_pylist(),
        versions=column(heads, "version").to_pylist(),
        known_at=counting.known_at,
        has_answers=many > 0,
        just_begun=(many > 0) & (many < SETTLED) & (undecided > 0),
        labels=list(labels),
        domains=[None, *names],
        designed=designed,
        parts=parts,
        drawn=drawn,
        answers=answers,
        asked_class=coding.asked_classes(heads, labels),
    )


def _matching(rows: pa.Table, among: pa.Table, by: Sequence[str]) -> pa.Table:
    """Keep the rows whose key another table has."""
    return rows.filter(bool_array(places(rows, among, by) >= 0))


def _answers(annotations: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the answers that count, one per person and drawn row, in a fixed order."""
    valid = where_in(current_answers(annotations, rows), "state", VALID)
    return valid.sort_by([("prediction_id", "ascending"), ("annotator", "ascending")])


def _known_at(
    heads: pa.Table, designs: pa.Table, samples: pa.Table, annotations: pa.Table
) -> Int64s:
    """Return when the last fact of each batch became known, in microseconds: (B,)."""
    asked = newest(samples, ["prediction_id"])
    row = places(annotations, asked, ["prediction_id"])
    answered = np.append(places(asked, heads, ["batch"]), -1)[row]
    last = np.full(heads.num_rows + 1, np.iinfo(np.int64).min)  # one more for no batch
    for table, batch in (
        (designs, places(designs, heads, ["batch"])),
        (samples, places(samples, heads, ["batch"])),
        (annotations, answered),
    ):
        np.maximum.at(last, batch, integers(column(table, "known_at")))
    return last[:-1]
