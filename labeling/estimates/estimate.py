"""One estimate: a metric of a cohort in a window, as known at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from labeling.estimates.windows import Period
from labeling.formulas.recall_and_f1 import ClassShares

ESTIMATOR_VERSION = "2"  # raised when a formula changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One metric of one cohort in one window, as known at one time; None stands for unknown."""

    metric: str
    class_: str | None
    value: float | None
    low: float | None
    high: float | None
    stderr: float | None  # (high - low) / 3.92
    value_if_missing_wrong: float | None
    value_if_missing_right: float | None
    cohort: str | None  # column=value; None is all rows
    period: Period
    window: str
    version: str | None  # None where the window holds several
    rows: int
    rows_covered: int  # in batches that have answers enough
    n_asked: int
    n_answered: int
    as_of: datetime  # when the last fact that it rests on became known
    largest: float | None = None  # share of one answer in the sum, for mae and rmse
    reliable: bool = True  # whether the interval of an error may be relied on, see `tails`
    rests_on: ClassShares | None = None  # for recall and f1
    reason: str | None = None  # why there is no value, where answers are not what lacks
    unlisted: float | None = None  # share of the rows covered that are predicted as no answer
    just_begun: bool = False  # its batch has fewer than 8 answers, and questions that are open
    estimator_version: str = ESTIMATOR_VERSION  # which formulas it was computed by

    @property
    def is_partial(self) -> bool:
        """Whether some of the rows are in batches or strata of which nothing is known."""
        return self.rows_covered < self.rows

    @property
    def note(self) -> str | None:
        """What of its rows can be no prediction that people call right, in words; None without any."""
        if self.unlisted is None:
            return None
        return (
            f"{self.unlisted:.2%} of its rows are predicted as classes that people cannot choose: "
            "they count as wrong"
        )

    def record(self) -> dict[str, object]:
        """Return the columns of the table `estimates` that an estimate fills, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("largest", "reliable", "rests_on", "reason", "just_begun", "unlisted"):
            del named[name]
        named["class"] = named.pop("class_")
        return named

    def as_stored(self, row: Mapping[str, Any]) -> Estimate:
        """Return the same estimate with the figures of a row of the table `estimates`."""
        columns = {name: row[name] for name in self.record() if name not in {"class", "as_of"}}
        return replace(self, **columns)


def widest(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Keep of each window's estimates the one over all its versions."""
    kept: dict[tuple[object, ...], Estimate] = {}
    for estimate in estimates:
        key = (estimate.metric, estimate.class_, estimate.cohort, estimate.period, estimate.window)
        if key not in kept or estimate.rows > kept[key].rows:
            kept[key] = estimate
    return list(kept.values())
