"""The step `init`: write a job file, from the data and the options."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from functions.app import open_app
from functions.batches import discovery
from functions.batches.discovery import JobData
from functions.new_job.file_forms import as_written
from functions.new_job.init_options import InitOptions
from functions.new_job.job_text import JobDraft
from functions.new_job.rare_class import RareClass
from infra import settings, staged_input, staged_tables
from infra.clouds import is_remote
from infra.databases import is_table, open_table
from infra.store import Store, open_store
from pipelines.columns.spelling import canonical_text
from pipelines.columns.time_texts import why_no_time
from pipelines.columns.utf8 import readable
from pipelines.errors import InputUnreadable, JobInvalid, RecheckError, SchemaMismatch
from pipelines.input.batches import UNKNOWN
from pipelines.input.fragments import Source, find_sources, read_column
from pipelines.input.row_keys import key_text
from pipelines.job import job_file
from pipelines.job.periods import PERIODS, named
from pipelines.job.rules import BatchRule

_LEAST = 3  # periods, so that some are left to check what was learned from others


@dataclass(frozen=True, slots=True)
class InitResult:
    """A job file that was written, or would be."""

    path: Path
    batches: list[str]  # of the data
    text: str
    rare: RareClass | None  # a class of few rows, of which a draw can ask more
    notes: Sequence[str] = ()  # of columns that people see, or do not


def init(folder: Path, options: InitOptions) -> InitResult:
    """Write `folder/recheck.toml`, as it runs on the data.

    Returns:
        What was written.

    Raises:
        JobInvalid: there is a job file already, or the options contradict each
            other.
        SchemaMismatch: a column that was named is not in the data, or no text.
    """
    path = folder / "recheck.toml"
    if path.exists() and not options.dry_run:
        raise JobInvalid(f"{path} exists already", fix="name another folder, or delete that file")
    _require_use_of_options(options)
    with _sources(folder, options) as sources:
        written = as_written(sources)
        draft = JobDraft(folder.absolute(), options, written)
        text = draft.text()
        _require_keys(written, options.key)
    job_file.parse(tomllib.loads(text), "the new job file")
    if options.dry_run:
        return InitResult(path, [], text, draft.rare, draft.notes)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        batches = _batches(path)
        first = first_to_check(batches, options)
        if first:
            text = JobDraft.beginning_with(text, first)
            path.write_text(text, encoding="utf-8")
        return InitResult(path, batches, text, draft.rare, draft.notes)
    except RecheckError:  # a job that does not run would stand in the way of the next try
        path.unlink()
        raise


def _require_use_of_options(options: InitOptions) -> None:
    """Refuse options that would count for nothing: beside a path with {batch}, without predictions."""
    if options.score and not options.predicted:
        raise JobInvalid(
            f"--score {options.score} is the probability of a prediction, and no --predicted names one",
            fix="pass --predicted COLUMN, too, or leave out --score",
        )
    if options.batch_by and "{batch}" in options.data:
        raise JobInvalid(
            f"--batch-by {options.batch_by} and {{batch}} in --data both say what makes a batch",
            fix="leave out --batch-by, or write * for {batch}",
        )


def _require_keys(sources: Sequence[Source], key: Sequence[str]) -> None:
    """Refuse a key column of which no text can be made, as of bytes."""
    for name in key:
        for rows in islice(read_column(sources[0], name), 1):
            key_text(rows.column(0), name)


def _batches(path: Path) -> list[str]:
    app = open_app(path)
    batches = discovery.names(app.data)
    if not batches:
        discovery.find(app.data, []).require()
    if batches == [UNKNOWN] and app.job.batches.by in PERIODS:
        raise _no_time(app.job.data.time or "", app.data)
    return batches


def _no_time(name: str, data: JobData) -> SchemaMismatch:
    """Make the error of a column without any time; its first value says what is wrong."""
    values = (
        value
        for source in data.sources()
        for rows in read_column(source, name)
        for value in canonical_text(readable(rows.column(0))).drop_null()
    )
    first = next(values, None)
    word = first and str(first.as_py())[:40]
    why = f": {word!r} is {why_no_time(word)}" if word else ": it is empty"
    return SchemaMismatch(
        f"column {name!r} holds no time that can be read{why}",
        fix="pass --time with a column of times, dates, or text like 2026-11-20T05:00:00Z",
    )


def first_to_check(batches: Sequence[str], options: InitOptions) -> str | None:
    """Return the batch from which on people are asked: the first of the last third.

    The model learns from those before it. None where there is no model to fit, no
    time, or fewer than three batches.
    """
    periods = [batch for batch in batches if named(batch)]
    if options.target is None or options.batch_by not in PERIODS or len(periods) < _LEAST:
        return None
    return periods[len(periods) * 2 // 3]


def _staged(options: InitOptions, store: Store) -> str:
    """Copy a table whole, only to be looked at."""
    databases = settings.load().databases
    table = open_table(options.data, options.query, Path.cwd(), databases)
    asked = f"look {options.data} {options.query or ''}"
    of = staged_tables.TableInput(table, asked, BatchRule(), options.key)
    return staged_tables.bring(of, store)


@contextmanager
def _sources(folder: Path, options: InitOptions) -> Iterator[list[Source]]:
    """Yield the data files; those of a bucket are copied to the job's store, where later steps find them."""
    with tempfile.TemporaryDirectory(prefix="recheck-") as scratch:
        address = settings.load().store or str(folder / "store")
        is_kept = not options.dry_run and not is_table(options.data)  # no later step reads its rows
        store = open_store(address if is_kept else scratch)
        try:
            if is_table(options.data):
                sources = find_sources(_staged(options, store), folder)
            elif is_remote(options.data):
                sources = find_sources(staged_input.bring(options.data, store), folder)
            else:
                sources = find_sources(options.data, Path.cwd())
        except InputUnreadable as error:
            if is_table(options.data):
                raise
            raise InputUnreadable(
                error.problem,
                fix="correct --data: a file, or a pattern in quotes; relative paths start at this folder",
            ) from error
        yield sources
