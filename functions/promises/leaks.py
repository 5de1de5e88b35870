"""P8: tasks show what may be shown and nothing that tells the prediction, and no secret lies in the files of the store, whatever their kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from functions.draws.blindness import sight_of_drawn
from functions.draws.rows_shown import shown_columns
from functions.promises.promise import Promise, verdict
from functions.tables import Views
from labeling.questions.shown import names_in, shown_keys, table_keys
from pipelines.job.job_file import Job
from pipelines.tables.files import Files
from pipelines.tables.purposes import VERIFY

_MOST = 2 * 2**30  # bytes of files that are looked through, the small ones first
_CHUNK = 2**20  # bytes
_ROWS = 65_536
_SHORTEST = 8  # letters of a secret; shorter ones are found everywhere
_COLUMNS = ["prediction_id", "purpose", "label", "value", "shown"]


@dataclass(frozen=True, slots=True)
class Search:
    """The files that hold a secret, and how many were looked through."""

    holders: list[str]  # names of files
    read: int
    files: int

    @property
    def extent(self) -> str:
        """The files that were looked through, in words."""
        if self.read == self.files:
            return f"the {self.files} files of the store"
        return f"the {self.read} smallest of the {self.files} files of the store"


def search(files: Files, secret: str, most: int = _MOST) -> Search:
    """Look for a secret in every file, as it lies there and, of Parquet, also in its values.

    Args:
        files: of the store.
        secret: what must not be there.
        most: bytes of files to read; larger files are left out where all would be more.

    Returns:
        The files that hold it, among those that were read.
    """
    sized = sorted(files.list(), key=lambda stat: (stat.size, stat.name))
    wanted, holders, read = secret.encode(), [], 0
    for stat in sized:
        most -= stat.size
        if most < 0:
            break
        read += 1
        with suppress(FileNotFoundError):  # another command tidied up
            if _holds(files, stat.name, wanted):
                holders.append(stat.name)
    return Search(holders, read, len(sized))


def _holds(files: Files, name: str, wanted: bytes) -> bool:
    with files.open(name) as file:
        if any(wanted in chunk for chunk in _chunks(file, len(wanted) - 1)):
            return True
        file.seek(0)
        return name.endswith(".parquet") and any(wanted in part for part in _values(file))


def _chunks(file: pa.NativeFile, overlap: int) -> Iterator[bytes]:
    """Yield the bytes of a file, each chunk with the end of the one before."""
    end = b""
    while data := file.read(_CHUNK):
        yield end + data
        end = data[-overlap:] if overlap else b""


def _values(file: pa.NativeFile) -> Iterator[bytes]:
    """Yield what the pages of a file hold, unpacked; nothing of one that cannot be read."""
    with suppress(pa.ArrowException):
        for batch in pq.ParquetFile(file).iter_batches(_ROWS):
            for column in batch.columns:
                yield from _buffers(column)


def _buffers(column: pa.Array) -> Iterator[bytes]:
    if pa.types.is_dictionary(column.type):
        yield from _buffers(column.dictionary)
        return
    yield from (buffer.to_pybytes() for buffer in column.buffers() if buffer is not None)


def nothing_leaks(job: Job, views: Views, files: Files, secrets: Mapping[str, str]) -> Promise:
    """P8: samples show only columns that may be shown and that do not tell the prediction, and no secret of ours lies in the store.

    Args:
        job: the job file.
        views: of its tables.
        files: of the store.
        secrets: what must not lie there, by its name in words.

    Returns:
        The verdict.
    """
    columns = shown_columns(job)
    allowed = {column.name for column in columns if column.kind == "tabular"}
    keys = {*table_keys(columns), *shown_keys(columns)}
    problems = []
    rows = views.current_samples(shown=True).select(_COLUMNS).to_pylist()
    for row in rows:
        shown = json.loads(row["shown"])
        strangers = (shown.keys() - keys) | (names_in(shown) - allowed)
        if strangers:
            problems.append(f"{row['prediction_id']} shows {', '.join(sorted(strangers))}")
    asked = [row for row in rows if row["purpose"] == VERIFY]
    problems += [
        f"{one.column} of labeling.show tells people the prediction, in {one.share:.1%} of the drawn rows"
        for one in sight_of_drawn(job, asked).refused
    ]
    leaked, looked = _secrets_in(files, secrets)
    return verdict(
        "P8",
        problems + leaked,
        f"tasks show {len(columns)} allowed columns and nothing else, and none tells the prediction; {looked}",
    )


def _secrets_in(files: Files, secrets: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the files that hold a secret, in words, and where it was looked for."""
    long = {name: secret for name, secret in secrets.items() if len(secret) >= _SHORTEST}
    if not long:
        return [], "no access token is known here to look for in the store"
    leaked, extent = list[str](), ""
    for name, secret in long.items():
        looked = search(files, secret)
        leaked += [f"{file} holds {name}" for file in looked.holders]
        extent = looked.extent
    return leaked, f"{_listed(list(long))} lies in {extent}"


def _listed(names: Sequence[str]) -> str:
    """Return "no a, b or c"."""
    *others, last = (name.removeprefix("the ") for name in names)
    return f"no {', '.join(others)} or {last}" if others else f"no {last}"
