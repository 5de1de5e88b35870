"""The input of a step: the data files, their digests, and the batches in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from functions.batches.attempts import CONTENT, NAMING, Attempt, differs
from infra import staged_input
from infra.clouds import is_remote
from infra.ports import Say
from infra.store import Store
from pipelines.errors import InputUnreadable
from pipelines.formats.file_rules import CURRENT
from pipelines.identity.row_digests import Digest
from pipelines.input import fragments
from pipelines.input.batch_rows import BatchRows, batches_of
from pipelines.input.batches import ALL, membership
from pipelines.input.fragments import Source, Split, find_sources
from pipelines.input.projections import projection
from pipelines.job.job_file import Job
from pipelines.job.rules import batch_rule, file_rules, reading_rules

Number = tuple[int, int]  # of a split: its file, its row group


@dataclass(frozen=True, slots=True)
class JobData:
    """The data of a job: where its files are, and the job file that says how to read them."""

    job: Job
    folder: Path  # where relative paths of the job start
    store: Store  # keeps what is fetched from a bucket
    say: Say

    def sources(self, batches: Sequence[str] = ()) -> list[Source]:
        """Return the data files; of those in a bucket, at least the files of these batches."""
        path = self.job.data.path
        if is_remote(path):
            path = staged_input.bring(path, self.store, batches, self.say)
        return find_sources(path, self.folder, file_rules(self.job))


@dataclass
class Input:
    """The files that may hold rows of some batches; each is listed and digested once."""

    sources: list[Source]
    batches: list[str]
    _digests: dict[str, str] = field(default_factory=dict)
    _splits: dict[str, list[Split]] = field(default_factory=dict)

    def sources_of(self, batch: str) -> list[Source]:
        """Return the files of a batch: all of them where no path names batches."""
        return [source for source in self.sources if source.batch in (None, batch)]

    def files_of(self, batch: str) -> dict[str, str]:
        """Return the digest of each file of a batch, by name."""
        return {source.name: self._digest(source) for source in self.sources_of(batch)}

    def tags_of(self, batch: str) -> dict[str, str]:
        """Return size and time of change of each file of a batch, by name."""
        return {source.name: fragments.file_tag(source) for source in self.sources_of(batch)}

    def _digest(self, source: Source) -> str:
        if source.name not in self._digests:
            self._digests[source.name] = fragments.file_digest(source)
        return self._digests[source.name]

    def bytes_of(self, batches: Iterable[str]) -> int:
        """Return the size of the files of these batches, in bytes."""
        return sum(source.size for source in self._of(batches))

    def splits(self, batches: Iterable[str]) -> list[Split]:
        """Return the splits of the files of these batches, in order."""
        return [split for source in self._of(batches) for split in self._splits_of(source)]

    def numbers(self, batch: str, splits: Sequence[Split]) -> set[Number]:
        """Return the numbers of the splits that may hold rows of a batch."""
        return {number(split) for split in splits if split.source.batch in (None, batch)}

    def _of(self, batches: Iterable[str]) -> list[Source]:
        wanted = set(batches)
        return [source for source in self.sources if source.batch is None or source.batch in wanted]

    def _splits_of(self, source: Source) -> list[Split]:
        if source.name not in self._splits:
            try:
                self._splits[source.name] = fragments.splits_of(source)
            except InputUnreadable:  # reading the split raises it again, for its batches alone
                self._splits[source.name] = [Split(source, 0, 0, None)]
        return self._splits[source.name]


def number(split: Split) -> Number:
    """Return the number that identifies a split."""
    return split.source.number, split.row_group


def find(data: JobData, batches: Sequence[str]) -> Input:
    """Find the input of these batches, or of every batch in the data.

    Raises:
        BatchUnknown: the path or the data has no such batch.
        InputUnreadable: there is no file, or one cannot be read.
    """
    sources = data.sources(batches)
    if batches:
        return Input(fragments.of_batches(sources, batches), list(dict.fromkeys(batches)))
    return Input(sources, batches_in(data.job, sources))


def names(data: JobData) -> list[str]:
    """List every batch in the data, sorted; where paths name them, no bucket object is fetched."""
    path = data.job.data.path
    if is_remote(path) and data.job.batches.by == "path":
        return staged_input.batches(path, data.store)
    return batches_in(data.job, data.sources())


def batches_in(job: Job, sources: Sequence[Source]) -> list[str]:
    """List every batch in some files, sorted."""
    rule = batch_rule(job)
    if rule.column is None:
        return sorted({source.batch or ALL for source in sources})
    batches: set[str] = set()
    for source in sources:
        for rows in fragments.read_column(source, rule.column):
            member = membership(rows, rule, source.batch)
            batches |= {
                name for code, name in enumerate(member.names) if (member.codes == code).any()
            }
    return sorted(batches)


def digests(
    job: Job, inputs: Input, batches: Sequence[str], number: int = CURRENT
) -> dict[str, Digest]:
    """Read the rows of each batch anew, and return their digest.

    Args:
        job: the job file, which says how rows are read.
        inputs: the input of these batches.
        batches: the batches to read.
        number: of the rules to read by.

    Returns:
        The digest of each batch.
    """
    totals = {batch: Digest() for batch in batches}
    for rows in rows_of(job, inputs, batches, number):
        totals[rows.batch] = totals[rows.batch].add(rows.digests(job.key_columns))
    return totals


def changed(job: Job, inputs: Input, live: Mapping[str, Attempt]) -> set[str]:
    """List the batches whose rows, or the way the job file reads them, changed since the scoring.

    Rows are read only where a file differs, and by the rules that the batch was
    scored under.

    Args:
        job: the job file as it is now.
        inputs: the input of these batches.
        live: the published attempt of each batch to check.

    Returns:
        The names of those that changed.
    """
    otherwise = {b for b, one in live.items() if differs(one.rules, job, NAMING, CONTENT)}
    unsure = [batch for batch, one in live.items() if one.files != inputs.files_of(batch)]
    now: dict[str, Digest] = {}
    for number in {live[batch].reading for batch in unsure}:
        alike = [batch for batch in unsure if live[batch].reading == number]
        now |= digests(job, inputs, alike, number)
    return otherwise | {batch for batch in unsure if now[batch].text != live[batch].digest}


def untouched(inputs: Input, live: Mapping[str, Attempt]) -> set[str]:
    """List the batches whose files were not touched since the scoring, without reading any.

    Size and time of change are compared. A file whose author set both back by
    hand is noticed by `changed`, which runs before every scoring.

    Args:
        inputs: the input of these batches.
        live: the published attempt of each batch to check.

    Returns:
        The names of those whose every file is as it was.
    """
    return {batch for batch, one in live.items() if one.tags and one.tags == inputs.tags_of(batch)}


def rows_as_scored(data: JobData, attempt: Attempt) -> Iterator[BatchRows]:
    """Yield all rows of a batch, by the rules that it was scored under."""
    batches = [attempt.batch]
    return rows_of(data.job, find(data, batches), batches, attempt.reading)


def rows_of(
    job: Job, inputs: Input, batches: Sequence[str], number: int = CURRENT
) -> Iterator[BatchRows]:
    """Read the rows of some batches.

    Args:
        job: the job file, which says how rows are read.
        inputs: the input of these batches.
        batches: the batches to read.
        number: of the rules to read by.

    Yields:
        The rows of a fragment and a batch at a time.
    """
    rules = reading_rules(job, number)
    digests = {name: digest for batch in batches for name, digest in inputs.files_of(batch).items()}
    columns = projection(rules)
    for split in inputs.splits(batches):
        as_ruled = split.by(rules.files)
        yield from batches_of(rules, as_ruled, columns, batches=batches, digests=digests)
