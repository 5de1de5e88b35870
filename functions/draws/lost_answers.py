"""Answers that no longer count after a draw was carried over: their rows read otherwise now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.draws.rows_shown import shown_columns
from labeling.questions.shown import values_in
from pipelines.job.job_file import Job

_NAMED = 3  # columns in words, of many


@dataclass(frozen=True, slots=True)
class LostAnswers:
    """Questions with an answer that were asked otherwise than now."""

    count: int
    why: str

    @property
    def words(self) -> str:
        """What no longer counts, and why."""
        return f"{self.what}, because {self.why}"

    @property
    def what(self) -> str:
        """What no longer counts."""
        return (
            "1 answer no longer counts"
            if self.count == 1
            else f"{self.count} answers no longer count"
        )


def lost_answers(
    job: Job,
    before: Mapping[str, Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
    answered: Collection[str],
) -> LostAnswers | None:
    """Compare the rows of a draw with those of the draw before.

    Args:
        job: the job file.
        before: the rows of `samples` that were drawn before, by prediction id.
        now: the rows that are drawn now.
        answered: prediction ids of the earlier questions that have an answer.

    Returns:
        The answers to rows that are shown or asked otherwise now; None where there are none.
    """
    columns = shown_columns(job)
    pairs = [
        (before[row["prediction_id"]], row)
        for row in now
        if row["prediction_id"] in before and row["prediction_id"] in answered
    ]
    lost = [(old, new) for old, new in pairs if old["shown_digest"] != new["shown_digest"]]
    if not lost:
        return None
    otherwise: Counter[str] = Counter()
    for old, new in lost:
        was, is_now = (values_in(json.loads(row["shown"]), columns) for row in (old, new))
        if was.keys() != is_now.keys():
            return LostAnswers(len(lost), "other columns are shown")
        otherwise.update(name for name in was if was[name] != is_now[name])
    return LostAnswers(
        len(lost), _why(otherwise, is_picture=any(c.kind == "image" for c in columns))
    )


def _why(otherwise: Counter[str], *, is_picture: bool) -> str:
    names = [repr(name) for name, _ in otherwise.most_common()]
    if not names:  # of a picture, only the digest tells
        return (
            "the question or a picture is another" if is_picture else "the question reads otherwise"
        )
    if len(names) == 1:
        return f"column {names[0]} reads otherwise"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"columns {', '.join(names[:_NAMED])}{more} read otherwise"
