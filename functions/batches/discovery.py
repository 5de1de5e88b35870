"""The input of a step: the data files, their digests, and the batches in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr

from functions.batches.attempts import Attempt
from functions.batches.file_batches import FileBatches, batches_of_file
from infra import staged_input, staged_tables
from infra.clouds import is_remote
from infra.databases import is_table, open_table
from infra.ports import Say
from infra.store import Store
from pipelines.errors import BatchUnknown, InputUnreadable, RecheckError
from pipelines.formats.file_rules import CURRENT
from pipelines.input import fragments
from pipelines.input.batch_rows import BatchRows, batches_of
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
    databases: Mapping[str, SecretStr] = field(default_factory=dict)  # addresses, by name
    _known: dict[tuple[str, str], FileBatches] = field(default_factory=dict, compare=False)

    def sources(self, batches: Sequence[str] = ()) -> list[Source]:
        """Return the data files; of those in a bucket, at least the files of these batches."""
        path = self.job.data.path
        if is_table(path):
            path = self._staged_table(batches)
        elif is_remote(path):
            path = staged_input.bring(path, self.store, batches, self.say)
        return find_sources(path, self.folder, file_rules(self.job))

    def _staged_table(self, batches: Sequence[str]) -> str:
        """Return the files that hold the rows of a table."""
        data = self.job.data
        table = open_table(data.path, data.query, self.folder, self.databases)
        asked = f"{self.folder} {data.path} {data.query or ''}"
        key = () if data.key == "content" else data.key
        of = staged_tables.TableInput(
            table, asked, batch_rule(self.job), key, owner=str(self.folder)
        )
        return staged_tables.bring(of, self.store, batches, self.say)

    def batches_of(self, sources: Sequence[Source]) -> dict[str, FileBatches]:
        """Return the batches of each file, by its name; a file that did not change is read once."""
        rule = batch_rule(self.job)
        found = {}
        for source in sources:
            known_as = source.path, fragments.file_tag(source)
            if known_as not in self._known:
                self._known[known_as] = batches_of_file(source, rule)
            found[source.name] = self._known[known_as]
        return found


@dataclass
class Input:
    """The files that may hold rows of some batches; each is listed and digested once."""

    sources: list[Source]
    batches: list[str]
    wanted: tuple[str, ...]  # the batches that a person named; none for all
    contents: dict[str, FileBatches]  # by name of the file
    _digests: dict[str, str] = field(default_factory=dict)
    _splits: dict[str, list[Split]] = field(default_factory=dict)

    def sources_of(self, batch: str) -> list[Source]:
        """Return the files that hold rows of a batch, or may hold some."""
        return self._holders.get(batch, [])

    @cached_property
    def _holders(self) -> dict[str, list[Source]]:
        """The files of each batch, in their order."""
        found: dict[str, list[Source]] = {}
        for source in self.sources:
            for batch in self.contents[source.name].batches:
                found.setdefault(batch, []).append(source)
        return found

    @cached_property
    def _by_name(self) -> dict[str, Source]:
        return {source.name: source for source in self.sources}

    def is_empty(self, batch: str) -> bool:
        """Tell whether all files of a batch are of 0 bytes."""
        return not any(source.size for source in self.sources_of(batch))

    def rows_beside(self, batch: str) -> int:
        """Count all rows of the files of a batch, those of other batches included."""
        return sum(self.contents[source.name].rows for source in self.sources_of(batch))

    @property
    def unplaced(self) -> dict[str, RecheckError]:
        """The files that nobody could read and that may hold rows of any batch, with the reason."""
        return {
            name: held.error
            for name, held in self.contents.items()
            if held.error and not held.batches
        }

    def refusal(self, batch: str) -> RecheckError | None:
        """Return why a batch cannot be read: no file holds it, as far as files can be read."""
        if self.sources_of(batch):
            return None
        if self.unplaced:
            return self.unplaced[min(self.unplaced)]
        known = sorted(self._holders)
        return BatchUnknown(
            f"no row belongs to batch {batch!r}",
            fix=f"the data has {', '.join(known[-5:]) or 'none'} (`recheck status` lists all); "
            "check data.path and [batches]",
        )

    def require(self) -> None:
        """Refuse where a batch is not there, or where a file that nobody could read may belong to it.

        Raises:
            BatchUnknown: no file holds rows of one.
            InputUnreadable, SchemaMismatch: a file cannot be read, and nothing tells its batches.
        """
        for error in [*map(self.refusal, self.batches), *self.unplaced.values()]:
            if error:
                raise error

    def files_of(self, batch: str) -> dict[str, str]:
        """Return the digest of each file of a batch, by name."""
        return {source.name: self.digest(source) for source in self.sources_of(batch)}

    def tags_of(self, batch: str) -> dict[str, str]:
        """Return size and time of change of each file of a batch, by name."""
        return {source.name: fragments.file_tag(source) for source in self.sources_of(batch)}

    def has_files(self, batch: str, digests: Mapping[str, str]) -> bool:
        """Tell whether the files of a batch are those that were scored.

        Earlier releases also listed files without any row of the batch.

        Args:
            batch: its name.
            digests: of the files that were scored, by name.

        Returns:
            True if every file of the batch is among them, and none of them changed.
        """
        return self._all_as(batch, digests, self.digest)

    def has_tags(self, batch: str, tags: Mapping[str, str]) -> bool:
        """Tell the same as `has_files` by size and time of change, without reading any file."""
        return self._all_as(batch, tags, fragments.file_tag)

    def _all_as(self, batch: str, then: Mapping[str, str], now: Callable[[Source], str]) -> bool:
        there = self._by_name
        if not {source.name for source in self.sources_of(batch)} <= then.keys() <= there.keys():
            return False
        return all(now(there[name]) == mark for name, mark in then.items())

    def digest(self, source: Source) -> str:
        """Return the digest of the bytes of a file; empty where it cannot be read."""
        if source.name not in self._digests:
            try:
                self._digests[source.name] = fragments.file_digest(source)
            except InputUnreadable:  # reading its rows raises it again, for its batches alone
                self._digests[source.name] = ""
        return self._digests[source.name]

    def bytes_of(self, batches: Iterable[str]) -> int:
        """Return the size of the files of these batches, in bytes."""
        return sum(source.size for source in self._of(batches))

    def splits(self, batches: Iterable[str]) -> list[Split]:
        """Return the splits of the files of these batches, in order; none for a batch of empty files."""
        filled = [batch for batch in batches if not self.is_empty(batch)]
        return [split for source in self._of(filled) for split in self._splits_of(source)]

    def numbers(self, batch: str, splits: Sequence[Split]) -> set[Number]:
        """Return the numbers of the splits that may hold rows of a batch."""
        return {number(one) for one in splits if self.may_hold(one, batch)}

    def may_hold(self, split: Split, batch: str) -> bool:
        """Tell whether a split may hold rows of a batch."""
        return batch in self.contents[split.source.name].batches

    def _of(self, batches: Iterable[str]) -> list[Source]:
        held = {one.number: one for batch in batches for one in self.sources_of(batch)}
        return [held[place] for place in sorted(held)]

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

    A batch that is not there is no error here, nor is a file that nobody can
    read: see `Input.require`.

    Raises:
        InputUnreadable: there is no file.
    """
    sources = data.sources(batches)
    contents = data.batches_of(sources)
    found = sorted({batch for held in contents.values() for batch in held.batches})
    wanted = tuple(dict.fromkeys(batches))
    return Input(sources, [*wanted] or found, wanted, contents)


def names(data: JobData) -> list[str]:
    """List every batch in the data, sorted; where paths name them, no bucket object is fetched."""
    path = data.job.data.path
    if is_remote(path) and data.job.batches.by == "path":
        return staged_input.batches(path, data.store)
    return find(data, []).batches


def untouched(inputs: Input, live: Mapping[str, Attempt]) -> set[str]:
    """List the batches whose files were not touched since the scoring, without reading any.

    Size and time of change are compared. A file whose author set both back by
    hand is noticed by `compare`, which runs before every scoring.

    Args:
        inputs: the input of these batches.
        live: the published attempt of each batch to check.

    Returns:
        The names of those whose every file is as it was.
    """
    return {batch for batch, one in live.items() if one.tags and inputs.has_tags(batch, one.tags)}


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
    for split in inputs.splits(batches):
        yield from rows_of_split(job, inputs, split, batches, number)


def rows_of_split(
    job: Job, inputs: Input, split: Split, batches: Sequence[str], number: int
) -> Iterator[BatchRows]:
    """Read the rows of some batches in one split.

    Args:
        job: the job file, which says how rows are read.
        inputs: the input of these batches.
        split: the split.
        batches: the batches to read.
        number: of the rules to read by.

    Yields:
        The rows of a fragment and a batch at a time.
    """
    rules, source = reading_rules(job, number), split.source
    digests = {source.name: inputs.digest(source)}
    as_ruled = split.by(rules.files)
    yield from batches_of(rules, as_ruled, projection(rules), batches=batches, digests=digests)
