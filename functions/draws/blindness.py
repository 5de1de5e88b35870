"""Whether people are blind: shown columns are held against what was predicted.

A column that tells the prediction is refused, unless the job file allows it. A
feature of the job's own model may tell it by right, and a text may hold the
label's words: of those is only warned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from functions.draws.predictions import BatchPredictions
from functions.draws.rows_shown import IDS, shown_columns
from labeling.questions.revealing import (
    SHARE,
    Revealing,
    revealing_columns,
    revealing_copies,
    revealing_texts,
    telling_each_class,
)
from labeling.questions.shown import values_in
from pipelines.columns.buffers import float_array, floats, int_array, integers, texts
from pipelines.errors import JobInvalid
from pipelines.job.job_file import Job

MOST = 20_000  # rows of a batch that are looked at
ALL = 1.0  # share of drawn rows that a column must tell: of few, 99 % may agree by chance


@dataclass(frozen=True, slots=True)
class Sight:
    """What people could read off the columns that they see."""

    refused: Sequence[Revealing] = ()
    features: Sequence[Revealing] = ()  # of the job's own model, that tell the prediction
    rare: Sequence[Revealing] = ()  # that tell each class, one of which has most of the rows
    texts: Sequence[Revealing] = ()  # that hold the words of their label

    def require_blind(self, where: str) -> None:
        """Refuse columns that tell the prediction.

        Args:
            where: the rows that were looked at, in words.

        Raises:
            JobInvalid: there is such a column.
        """
        if not self.refused:
            return
        names = [repr(one.column) for one in self.refused]
        they = "it" if len(names) == 1 else "them"
        raise JobInvalid(
            f"labeling.show would tell people the prediction: {_told(self.refused)} of {where}",
            fix=f"take {they} out of labeling.show, or add {they} to labeling.allow_revealing: {', '.join(names)}",
        )

    @property
    def warnings(self) -> list[str]:
        """What people may read off features and texts, in words."""
        found = []
        if self.features:
            found.append(
                f"warning: {_told(self.features)}: as a feature of the model it may, but whoever sees it "
                "can guess what the model says; is it known only after the prediction?"
            )
        if self.rare:
            found.append(
                f"warning: {', '.join(repr(one.column) for one in self.rare)} of labeling.show tells each "
                "predicted class, also the rare ones: whoever sees it is not blind; take it out, or list it in "
                "labeling.allow_revealing"
            )
        if self.texts:
            parts = ", ".join(
                f"{one.column!r} in {one.share:.0%} of the rows" for one in self.texts
            )
            found.append(
                f"warning: a text holds the words of the predicted class: {parts}, far more often than by "
                "chance; does it quote the prediction?"
            )
        return found


def looked_at(rows: BatchPredictions) -> npt.NDArray[np.uint64]:
    """Return which rows of a batch are held against their predictions: those with the smallest hashes.

    Returns:
        The first 64 bits of their prediction ids, ascending.
    """
    first = np.argsort(rows.population.draws[:, 0], kind="stable")[:MOST]
    return np.sort(rows.population.ids[first, 0])


def sight_of_batch(job: Job, rows: BatchPredictions, beside: pa.Table) -> Sight:
    """Hold the shown columns of a batch against its predictions.

    Args:
        job: the job file.
        rows: the predictions.
        beside: the rows of `looked_at` as `DrawnRows.beside` has them.

    Returns:
        What people could read off them.
    """
    order = np.argsort(rows.population.ids[:, 0], kind="stable")
    ids = integers(beside[IDS].combine_chunks()).view(np.uint64)
    places = order[np.searchsorted(rows.population.ids[order, 0], ids)]
    columns = {name: beside[name].combine_chunks() for name in beside.column_names if name != IDS}
    predicted = rows.table.select(["label", "value"]).take(int_array(places)).combine_chunks()
    return _sight(job, columns, predicted, SHARE)


def sight_of_drawn(job: Job, rows: Sequence[Mapping[str, Any]]) -> Sight:
    """Hold drawn rows, as people see them, against their predictions.

    Args:
        job: the job file.
        rows: of `samples`, with `shown`, `label` and `value`.

    Returns:
        What people could read off them; a column must tell every row.
    """
    shown = shown_columns(job)
    seen = [values_in(json.loads(row["shown"]), shown) for row in rows]
    columns = {
        one.name: texts(row.get(one.name) for row in seen) for one in shown if one.kind != "image"
    }
    values = np.array([row["value"] for row in rows], np.float64)  # None is NaN
    predicted = pa.table(
        {
            "label": texts(row["label"] for row in rows),
            "value": float_array(values, np.isnan(values)),
        }
    )
    return _sight(job, columns, predicted, ALL)


def _sight(job: Job, columns: Mapping[str, pa.Array], predicted: pa.Table, share: float) -> Sight:
    watched = {
        name: column for name, column in columns.items() if name not in job.labeling.allow_revealing
    }
    if job.task == "regression":
        values = floats(predicted["value"].combine_chunks())
        found, rare, words = revealing_copies(watched, values), list[Revealing](), list[Revealing]()
    else:
        labels = predicted["label"].combine_chunks()
        found = revealing_columns(watched, labels, share)
        others = {name: one for name, one in watched.items() if not _is_feature(job, name)}
        told = {one.column for one in found}
        rare = [one for one in telling_each_class(others, labels) if one.column not in told]
        kinds = {one.name: one.kind for one in shown_columns(job)}
        long = {name: column for name, column in watched.items() if kinds[name] == "text"}
        words = revealing_texts(long, labels)
    own = [one for one in found if _is_feature(job, one.column)]
    return Sight([one for one in found if one not in own], own, rare, words)


def _is_feature(job: Job, name: str) -> bool:
    """Tell whether the job's own model may learn from a column."""
    if job.model is None or name in job.features.known_after:
        return False
    return name in job.features.columns or job.features.function is not None


def _told(found: Sequence[Revealing]) -> str:
    return ", ".join(f"{one.column!r} tells it in {one.share:.1%}" for one in found)
