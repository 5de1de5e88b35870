"""What to do next, from what the store has."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from labeling.report.content import ReportData
from labeling.report.wording import count


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do, with the command for it."""

    text: str
    command: str
    is_done: bool


def first_steps(data: ReportData) -> list[NextStep]:
    """Return the way to the first answer; nothing once there is one."""
    if any(one.n_answered for one in data.estimates):
        return []
    drawn = sum(data.drawn.values())
    scored = sum(batch.scored for batch in data.batches)
    batches = count(len(data.batches), "batch", "batches")
    return [
        NextStep(
            f"Score a batch: {scored:,} rows in {batches} are scored."
            if scored
            else "Score a batch, or check predictions that were made elsewhere.",
            f"recheck score {data.file}",
            bool(scored),
        ),
        NextStep(
            f"Draw a sample: {count(drawn, 'row')} of {count(len(data.drawn), 'batch', 'batches')} drawn."
            if drawn
            else "Draw the rows that people will be asked about.",
            f"recheck sample {data.file}",
            bool(drawn),
        ),
        NextStep(
            f"Ask people: {count(data.pushed, 'question')} in Label Studio."
            if data.pushed
            else "Ask people in Label Studio (`recheck labelstudio up` starts one on this machine).",
            f"recheck push {shlex.quote(data.file)}",
            bool(data.pushed),
        ),
        NextStep(
            "When they have answered, fetch the answers; or take them from a CSV or Parquet file with --file.",
            f"recheck pull {shlex.quote(data.file)}",
            is_done=False,
        ),
        NextStep("Write this page anew.", f"recheck report {data.file}", is_done=False),
    ]


def open_ends(data: ReportData) -> list[str]:
    """Return what is left to do, once there are answers."""
    return list(_open_ends(data)) if any(one.n_answered for one in data.estimates) else []


def _open_ends(data: ReportData) -> Iterator[str]:
    answered = sum(one.n_answered for one in data.of("batch"))
    missing = sum(data.drawn.values()) - answered
    if missing > 0:
        yield f"{count(missing, 'question')} wait for an answer; `recheck pull {shlex.quote(data.file)}` fetches new ones."
    undrawn = [batch for batch in data.batches if batch.scored and batch.name not in data.drawn]
    if undrawn:
        newest = max(batch.name for batch in undrawn)
        yield (
            f"{count(len(undrawn), 'batch', 'batches')} scored, and nobody was asked about "
            f"{'it' if len(undrawn) == 1 else 'them'}: `recheck sample {shlex.quote(data.file)} --batch {shlex.quote(newest)}` draws a sample of the newest."
        )
    if data.stale:
        yield f"{count(data.stale, 'answer')} are of rows that were replaced since; `recheck push {shlex.quote(data.file)}` asks anew."
    if not data.lines:
        yield "No alert watches these figures: add [[alerts]] to the job file to be told when one falls."
