"""Scored batches compared with their input as it is now, by the reading rules of their scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.batches.attempts import CONTENT, NAMING, Attempt, differs
from functions.batches.discovery import Input, rows_of_split
from pipelines.errors import InputUnreadable, RecheckError, SchemaMismatch
from pipelines.identity.row_digests import Digest
from pipelines.job.job_file import Job


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the rows of batches compare with those that were scored."""

    changed: set[str]
    failed: dict[str, RecheckError]  # by batch: why its rows cannot be compared


def compare(job: Job, inputs: Input, live: Mapping[str, Attempt]) -> Comparison:
    """Find the batches whose rows, or the way the job file reads them, changed since the scoring.

    Rows are read only where a file differs, and by the rules that the batch was
    scored under.

    Args:
        job: the job file as it is now.
        inputs: the input of these batches.
        live: the published attempt of each batch to check.

    Returns:
        Those that changed, and those that cannot be read.
    """
    otherwise = {b for b, one in live.items() if differs(one.rules, job, NAMING, CONTENT)}
    unsure = [batch for batch, one in live.items() if not inputs.has_files(batch, one.files)]
    now: dict[str, Digest] = {}
    failed: dict[str, RecheckError] = {}
    for number in sorted({live[batch].reading for batch in unsure}):
        alike = [batch for batch in unsure if live[batch].reading == number]
        found, broken = _digests(job, inputs, alike, number)
        now, failed = now | found, failed | broken
    changed = {batch for batch in now if now[batch].text != live[batch].digest}
    return Comparison((otherwise | changed) - failed.keys(), failed)


def _digests(
    job: Job, inputs: Input, batches: Sequence[str], number: int
) -> tuple[dict[str, Digest], dict[str, RecheckError]]:
    """Read the rows of batches anew; return the digest of each that can be read, and errors."""
    totals = {batch: Digest() for batch in batches}
    failed: dict[str, RecheckError] = {}
    for split in inputs.splits(batches):
        try:
            for rows in rows_of_split(job, inputs, split, batches, number):
                totals[rows.batch] = totals[rows.batch].add(rows.digests(job.key_columns))
        except (InputUnreadable, SchemaMismatch) as error:
            failed |= {b: error for b in batches if b not in failed and inputs.may_hold(split, b)}
    return {batch: total for batch, total in totals.items() if batch not in failed}, failed
