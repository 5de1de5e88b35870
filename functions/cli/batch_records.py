"""Batches as JSON has them: the state or the draw of each, or its error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.batches.failures import UNREAD
from functions.cli import output

if TYPE_CHECKING:
    from functions.steps.sample import SampleResult
    from functions.steps.score import ScoreResult
    from pipelines.errors import RecheckError


def scored(result: ScoreResult, job: Path) -> list[dict[str, Any]]:
    """Return the state of each batch of a scoring; `job` is the path as it was typed."""
    return [
        output.failed_batch(one.batch, one.error, job)
        if one.error
        else _without(output.plain(one), "error")
        for one in result.batches
    ]


def drawn(result: SampleResult, job: Path) -> list[dict[str, Any]]:
    """Return the draw of each batch, then those that failed; `job` is the path as it was typed."""
    return [
        *(_without(output.plain(one), "is_new") for one in result.drawn),
        *(output.failed_batch(batch, error, job) for batch, error in result.failed.items()),
    ]


def _without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def say_failed(failed: Mapping[str, RecheckError], job: Path) -> None:
    """Print each error once, with the batches that have it; `job` is the path as it was typed."""
    batches: dict[tuple[str, str], list[str]] = {}
    for batch, error in failed.items():
        record = output.error_record(error, job)
        batches.setdefault((record["problem"], record["fix"]), []).append(batch)
    for (problem, fix), names in batches.items():
        output.say(f"error: {_of(names, problem)}{problem}")
        output.say(f"hint: {fix}")


def _of(batches: Sequence[str], problem: str) -> str:
    is_said = re.search(rf"(batch|period of) '?{re.escape(batches[0])}", problem)
    if len(batches) == 1 and is_said:
        return ""
    if len(batches) > 1:
        return f"batches {output.few(batches)}: "
    return f"{UNREAD}: " if batches[0] == UNREAD else f"batch {batches[0]}: "
