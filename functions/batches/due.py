"""The batches that are to be scored now, and the state of every other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from functions.batches.attempts import NAMING, Attempt, differs
from functions.batches.comparison import Comparison, compare
from functions.batches.discovery import Input, JobData
from functions.batches.failures import FAILED, UNREAD
from functions.batches.nightly import left_out
from functions.batches.publish import BatchResult
from pipelines.errors import BatchOpen, BatchRefused, JobInvalid, RecheckError
from pipelines.input.batches import period_end
from pipelines.job.job_file import Job

_LONGEST = 255 - len("batch=")  # bytes of a folder's name, as it is written


@dataclass(frozen=True, slots=True)
class BatchChoice:
    """Which batches a command takes, and at what time."""

    now: datetime  # periods that end later are open
    early: bool = False  # also periods that are not over
    since: str | None = None  # the first batch, where none is named
    by_itself: bool = False  # leave out what nobody should score without naming it
    trained_on: Collection[str] = ()  # the batches that the live model learned from


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The published attempts by batch: of all batches, and of those that keep what is published."""

    scored: Mapping[str, Attempt]
    live: Mapping[str, Attempt]


@dataclass(frozen=True, slots=True)
class DueBatches:
    """The batches to score, and the state of every other."""

    due: Sequence[str]
    states: dict[str, BatchResult]


def due_batches(data: JobData, inputs: Input, wanted: BatchChoice, ledgers: Ledgers) -> DueBatches:
    """Find the batches that are due.

    Args:
        data: of the job.
        inputs: what the command takes; batches that are named are taken in any case.
        wanted: which of them.
        ledgers: what is published.

    Returns:
        What to score; the states of all others are final.

    Raises:
        JobInvalid: batches by another rule may hold the same rows.
    """
    job, left = data.job, _left(data, inputs, wanted)
    states = {batch: BatchResult(batch, 0, 0, 0, state) for batch, state in left.items()}
    states |= _unreadable(data, inputs) | _refused(job, inputs, wanted)
    if not wanted.early:
        waiting = [b for b in inputs.batches if b not in states and is_open(b, job, wanted.now)]
        states |= {batch: _of(batch, ledgers.scored.get(batch), "open") for batch in waiting}
    others = [batch for batch in inputs.batches if batch not in states]
    published = {b: ledgers.live[b] for b in (*others, *left) if b in ledgers.live}
    compared = compare(job, inputs, published)
    states |= _published(published, compared, left)
    anew = compared.changed - left.keys() if job.batches.on_change == "replace" else set()
    due = [batch for batch in others if batch not in published or batch in anew]
    _require_one_naming(job, due, ledgers.scored)
    return DueBatches(due, {batch: state for batch, state in states.items() if batch not in anew})


def is_open(batch: str, job: Job, now: datetime) -> bool:
    """Tell whether the period of a batch is not over, or has not settled.

    Args:
        batch: its name.
        job: says how long periods settle.
        now: the present.

    Returns:
        False also for a batch that is no period.
    """
    end = period_end(batch, job.batches)
    return end is not None and now < end


def failed(batch: str, error: RecheckError) -> BatchResult:
    """Return the state of a batch that failed."""
    return BatchResult(batch, 0, 0, 0, FAILED, error)


def _left(data: JobData, inputs: Input, wanted: BatchChoice) -> dict[str, str]:
    """Return the state of each batch that is left out because nobody named it."""
    if inputs.wanted or not wanted.by_itself:
        return {}
    left = left_out(inputs.batches, wanted.since or data.job.batches.first, wanted.trained_on)
    if left and len(left) == len(inputs.batches):
        data.say(
            f"hint: every batch is left out ({', '.join(sorted(set(left.values())))}): "
            "name one by --batch, or pass --since"
        )
    return left


def _published(
    published: Mapping[str, Attempt], compared: Comparison, left: Collection[str]
) -> dict[str, BatchResult]:
    """Return the states of published batches; of those left out, only that they changed or fail."""
    there = {batch: one for batch, one in published.items() if batch not in left}
    states = {batch: _of(batch, one, "already") for batch, one in there.items()}
    states |= {batch: _of(batch, published[batch], "changed") for batch in compared.changed}
    return states | {batch: failed(batch, error) for batch, error in compared.failed.items()}


def _unreadable(data: JobData, inputs: Input) -> dict[str, BatchResult]:
    """Tell of files that nobody could read and that may hold rows of any batch.

    They fail, but stop no batch that is named.
    """
    unread = inputs.unplaced
    if not unread:
        return {}
    error = unread[min(unread)]
    if inputs.wanted:
        data.say(f"warning: {UNREAD}: {len(unread)}, such as {error.problem}")
        return {}
    more = f" (and {len(unread) - 1} more files)" if len(unread) > 1 else ""
    return {UNREAD: failed(UNREAD, type(error)(f"{error.problem}{more}", fix=error.fix))}


def _refused(job: Job, inputs: Input, wanted: BatchChoice) -> dict[str, BatchResult]:
    """Refuse each batch that is not there, cannot be stored, or was named and is not over."""
    refused = {}
    for batch in inputs.batches:
        error: RecheckError | None = inputs.refusal(batch) or _unnamable(batch)
        if inputs.wanted and not wanted.early and is_open(batch, job, wanted.now):
            error = error or BatchOpen(
                f"the period of {batch} is not over, or has not settled",
                fix="wait, or pass --early to score what is there; score it with --replace when it is over",
            )
        if error:
            refused[batch] = failed(batch, error)
    return refused


def _unnamable(batch: str) -> BatchRefused | None:
    if len(quote(batch, safe="")) <= _LONGEST:
        return None
    return BatchRefused(
        f"batch {batch!r} has a name that no folder can have: it is too long",
        fix="give the batch a shorter name",
    )


def _require_one_naming(job: Job, due: Sequence[str], known: Mapping[str, Attempt]) -> None:
    """Refuse to score where batches by another rule may hold the same rows."""
    others = {b for b, one in known.items() if b not in due and differs(one.rules, job, NAMING)}
    if due and others:
        raise JobInvalid(
            f"batches were scored when the job file had another data.key, data.time or [batches] "
            f"({', '.join(sorted(others)[:3])}; {len(others)} in all): rows could count in two batches",
            fix="change it back, score all that the data holds anew (`recheck score … --replace`), or, where "
            "earlier batches are there no more, give the job another name",
        )


def _of(batch: str, attempt: Attempt | None, status: str) -> BatchResult:
    if attempt is None:
        return BatchResult(batch, 0, 0, 0, status)
    return BatchResult(batch, attempt.rows_in, attempt.predictions, attempt.quarantined, status)
