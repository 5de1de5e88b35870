"""Columns that a new job shows to nobody: whoever sees one knows what was predicted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions.new_job.column_kinds import Column
from functions.new_job.first_rows import FirstValues
from functions.new_job.shown_choice import MOST_SHOWN, told_of
from functions.new_job.task import TaskChoice
from labeling.questions.revealing import (
    Revealing,
    numbers_of,
    revealing_columns,
    revealing_copies,
    revealing_texts,
    separating_columns,
    telling_each_class,
)
from pipelines.columns.buffers import (
    bool_array,
    booleans,
    dictionary_codes,
    int_array,
    is_text,
    texts,
)
from pipelines.columns.spelling import canonical_text
from pipelines.columns.utf8 import readable

_PARTS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_SCORES = frozenset(
    [
        "p",
        "prob",
        "probs",
        "proba",
        "probability",
        "score",
        "scores",
        "confidence",
        "conf",
        "certainty",
        "logit",
        "softmax",
    ]
)
_MODEL = frozenset(
    [
        "model",
        "version",
        "checkpoint",
        "prediction",
        "predictor",
        "classifier",
        "pipeline",
        "prompt",
        "llm",
        "id",
        "name",
    ]
)
_BELOW = 0.9  # share of a class's rows whose score is below a half, where it is of the other class
_EACH = "it tells each predicted class, also the rare ones"
_LEAST = 20  # rows of each class that are needed to say so


@dataclass(frozen=True, slots=True)
class Sighted:
    """What the first rows say of columns that people could see."""

    hidden: Mapping[str, str]  # why each is shown to nobody
    warnings: Sequence[str]  # of columns that are shown
    weights: Mapping[str, float] = field(default_factory=dict)  # how much each tells


class PredictedRows:
    """The first rows of new data, with the class or number that each holds or was predicted."""

    def __init__(self, first: Sequence[FirstValues], label: str, choice: TaskChoice) -> None:
        """Take the first values of all columns.

        Args:
            first: of each column, (n,) each.
            label: the column with the class or number.
            choice: classes, with their other spellings, or numbers.
        """
        columns = {one.name: _text(one.values) for one in first}
        self._task = choice.task
        labels = columns[label]
        if labels is not None and choice.task == "classification":
            labels = _classes(canonical_text(labels), choice)
        is_there = booleans(pc.is_valid(labels)) if labels is not None else np.zeros(0, np.bool_)
        self._labels = labels.filter(bool_array(is_there)) if labels is not None else None
        self._columns = {
            name: column.filter(bool_array(is_there))
            for name, column in columns.items()
            if column is not None and labels is not None
        }

    def sight_of(self, columns: Sequence[Column], *, are_predictions: bool) -> Sighted:
        """Find what some columns tell of the predictions, or of the target of a model to be fitted.

        Args:
            columns: those that people could see.
            are_predictions: whether another system predicted the class or number of each row.

        Returns:
            The columns to hide, and what is only warned of.
        """
        names = [column.name for column in columns if column.kind != "image"]
        if not are_predictions:
            return self.of_target(names)
        return self.of_predictions(names, [c.name for c in columns if c.kind == "text"])

    def of_predictions(self, names: Sequence[str], texts: Sequence[str]) -> Sighted:
        """Find what tells the predictions that another system made.

        Args:
            names: of the columns that people could see.
            texts: those of them that are long texts.

        Returns:
            The columns to hide, and what is only warned of.
        """
        columns = self._some(names)
        hidden = {name: _why(one) for name, one in self._told(columns).items()}
        if self._labels is not None and self._task == "classification":
            rare = telling_each_class(columns, self._labels)
            hidden |= {one.column: _EACH for one in rare if one.column not in hidden}
        hidden |= {name: why for name in names if (why := self._looks_like(name))}
        warnings = [
            f"warning: text {one.column!r} holds the words of the predicted class in {one.share:.0%} of the rows, "
            "far more often than by chance: does it quote the prediction?"
            for one in self._texts(texts)
            if one.column not in hidden
        ]
        return Sighted(hidden, warnings, self._weights(names))

    def of_target(self, names: Sequence[str]) -> Sighted:
        """Warn of features that tell the truth itself: a model would learn nothing else."""
        telling = self._told(self._some(names)).values()
        return Sighted(
            {},
            [
                f"warning: column {one.column!r} tells the target in {one.share:.1%} of the rows: "
                f"if it is known only afterwards, pass --known-after {shlex.quote(one.column)}"
                for one in telling
            ],
            self._weights(names),
        )

    def class_of_score(self, score: str) -> str | None:
        """Return the class whose probability a column holds in every row; None where it is the label's own.

        Only of two classes can that be told: the scores of one lie below a half.
        """
        labels, column = self._labels, self._columns.get(score)
        numbers = None if column is None else numbers_of(column)
        if self._task != "classification" or labels is None or numbers is None:
            return None
        words = sorted(set(labels.to_pylist()))
        if len(words) != 2 or not separating_columns({score: column}, labels):
            return None
        for other, word in (words, words[::-1]):
            scores_of_other = numbers[booleans(pc.equal(labels, other))]
            is_low = scores_of_other < 0.5
            if len(is_low) >= _LEAST and float(is_low.mean()) >= _BELOW:
                return word
        return None

    def _weights(self, names: Sequence[str]) -> dict[str, float]:
        if self._labels is None or len(names) <= MOST_SHOWN:
            return {}
        numbers = numbers_of(self._labels) if self._task == "regression" else None
        return told_of(self._some(names), self._labels if numbers is None else pa.array(numbers))

    def _some(self, names: Sequence[str]) -> dict[str, pa.Array]:
        return {name: self._columns[name] for name in names if name in self._columns}

    def _told(self, columns: Mapping[str, pa.Array]) -> dict[str, Revealing]:
        if self._labels is None:
            return {}
        if self._task == "classification":
            found = revealing_columns(columns, self._labels)
        else:
            predicted = numbers_of(self._labels)
            found = [] if predicted is None else revealing_copies(columns, predicted)
        return {one.column: one for one in found}

    def _texts(self, names: Sequence[str]) -> list[Revealing]:
        if self._labels is None or self._task != "classification":
            return []
        return revealing_texts(self._some(names), self._labels)

    def _looks_like(self, name: str) -> str | None:
        """Tell by its name and values that a column is about the prediction; None where it does not."""
        words = {part.lower() for part in _PARTS.split(name) if part}
        if words <= _MODEL and words & {"version", "checkpoint"}:
            return "it looks like the version of the model"
        column, labels = self._columns.get(name), self._labels
        numbers = None if column is None else numbers_of(column)
        if numbers is None or labels is None or not np.isfinite(numbers).any():
            return None
        is_share = bool(np.nanmin(numbers) >= 0 and np.nanmax(numbers) <= 1)
        is_fraction = is_share and bool((np.nan_to_num(numbers) % 1 != 0).any())
        classes = {str(word).lower() for word in pc.unique(labels.slice(0, 1_000)).to_pylist()}
        is_named = bool(words & _SCORES) or name.lower() in classes
        is_separating = self._task == "classification" and bool(
            separating_columns({name: column}, labels)
        )
        if (is_fraction and (is_named or is_separating)) or (is_named and is_separating):
            return "it looks like a probability of the prediction"
        return None


def _classes(labels: pa.Array, choice: TaskChoice) -> pa.Array:
    """Return the class of each text, null where it is none."""
    codes, words = dictionary_codes(labels)
    classes = [choice.stands_for.get(word, word) for word in words]
    answers = [name if name in choice.answers else None for name in classes]
    return texts(answers).take(int_array(codes, codes < 0))


def _why(one: Revealing) -> str:
    return f"it tells the prediction in {one.share:.1%} of the rows"


def _text(column: pa.Array) -> pa.Array | None:
    """Return a column as text, numbers as such; None for types that are neither."""
    if is_text(column.type):
        return readable(column)
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return column
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, pictures
        return None
