"""Reasons why rows cannot train, counted: the error of a fit with too few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipelines.errors import BatchUnknown, EstimatorRefused, RecheckError
from pipelines.input.faults import Faults
from pipelines.input.fragments import Split
from pipelines.job.rules import ReadingRules
from pipelines.training.rows import Reader

_SHOWN = 3  # targets that are no answer
Answers = Mapping[str, str]  # prediction id -> label


def too_few(
    reader: Reader, splits: Sequence[Split], batches: Sequence[str], usable: int
) -> RecheckError:
    """Explain why too few rows can train; all rows are read once more to count the reasons.

    Args:
        reader: of the training rows.
        splits: of the files of the fit.
        batches: of the fit.
        usable: how many rows can train.

    Returns:
        The error to raise: its problem counts the rows by reason, its fix says what helps.
    """
    count = _Count(reader.rules, reader.answers)
    for split in splits:
        for one in reader.examine(split):
            count.add(one.targets.to_pylist(), one.faults)
    if not count.rows:
        return BatchUnknown(
            f"no row belongs to {', '.join(map(repr, batches)) or 'any batch'}",
            fix="`recheck status` lists the batches; check data.path and batches.by",
        )
    told = list(count.told(usable))
    return EstimatorRefused(
        f"only {usable} of {count.rows} rows can train: "
        + ("; ".join(problem for problem, _ in told) or "there are no more"),
        fix=", or ".join(dict.fromkeys([fix for _, fix in told])) or "give more batches",
    )


@dataclass
class _Count:
    """Rows by the first reason that keeps each from training."""

    rules: ReadingRules
    answers: Answers | None
    rows: int = 0
    missing: int = 0  # no target
    strange: Counter[str] = field(default_factory=Counter)  # targets that are no answer
    bad: Counter[tuple[str, str]] = field(default_factory=Counter)  # reason, column

    def add(self, targets: list[str | None], faults: Faults) -> None:
        """Count rows with their targets (n,) and their faults."""
        self.rows += len(targets)
        for row, target in enumerate(targets):
            if target is None:
                self.missing += 1
            elif not self._is_answer(target):
                self.strange[target] += 1
            elif row in faults.reasons:
                self.bad[faults.reasons[row]] += 1

    def _is_answer(self, target: str) -> bool:
        if self.rules.task == "classification":
            return target in self.rules.target.answers
        try:
            return bool(np.isfinite(float(target)))
        except ValueError:
            return False

    def told(self, usable: int) -> Iterator[tuple[str, str]]:
        """Yield (problem, fix) for each reason, with its count; `usable` rows have none."""
        column = self.rules.target.column
        if self.missing and self.answers is not None:
            yield (
                f"{self.missing} have no answer",
                "let more people answer, then run `recheck pull …`",
            )
        elif self.missing:
            yield (
                f"{self.missing} have no value in column {column!r}",
                "name batches whose truth is known (--batch)",
            )
        if self.strange:
            words = ", ".join(repr(word) for word, _ in self.strange.most_common(_SHOWN))
            more = ", …" if len(self.strange) > _SHOWN else ""
            wanted = "one of target.answers" if self.rules.task == "classification" else "a number"
            yield (
                f"{self.strange.total()} have a target that is not {wanted} ({words}{more})",
                "correct target.column or target.answers in the job file",
            )
        for (reason, name), count in self.bad.most_common():
            yield (
                f"{count} have {reason!r} in column {name!r}",
                "mend the data, or take that column out of the job file",
            )
        known = self.missing + self.strange.total() + self.bad.total()
        if others := self.rows - usable - known:  # of a function of the user's, or in a picture
            yield f"{others} have a feature that cannot be used", "mend the data, or the features"
