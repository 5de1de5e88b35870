"""Every deliberate error of the product, as one tree.

::

    RecheckError                1  failed
    ├── JobInvalid              3  the job file cannot be used as it is
    │   └── FunctionFailed      3  the user's feature function raised an exception
    ├── BatchUnknown            4  no row belongs to the batch
    ├── InputUnreadable         5  a file is empty, truncated or not what it says
    ├── SchemaMismatch          6  a column is missing or has another type
    ├── BatchRefused            7  too many rows of a batch are bad
    ├── PackageRefused          8  a model package is unsigned, changed or foreign
    │   └── VersionsDiffer      8  it is sound, but made by other versions than are here
    ├── EstimatorRefused        9  this estimator cannot be packaged
    ├── BatchOpen              11  the period of a batch is not over
    ├── InputChanged           12  the input is not what was scored
    ├── DrawRefused            13  a draw would break an earlier one
    ├── StepMissing            14  an earlier step has not run
    ├── LabelStudioUnreachable 15  (retryable) no answer, or a server error
    ├── LabelStudioRefused     16  the key, the project or the request is not accepted
    ├── ProjectChanged         17  a project was changed by hand
    ├── AnswersUnreadable      18  a file of answers cannot be understood
    ├── StoreUnavailable       19  the store is full, read-only, damaged or not there
    ├── ConcurrentRun          20  (retryable) another run holds the batch or won the race
    ├── SettingsInvalid        21  a setting cannot be used
    ├── EngineUnavailable      22  the engine is unknown or not installed
    ├── QueryInvalid           23  the SQL cannot be run
    ├── BucketUnreachable      24  (retryable) no whole answer, or a server error
    ├── BucketRefused          25  no credentials for a bucket, or too few rights
    ├── AlertUnknown           26  no alert has the id
    ├── ChannelFailed          27  (retryable) a message did not arrive
    └── RowUnknown             28  no table has a row of the key

Exit code 2 is a usage error, 10 means "ran well, but an alert fired".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import ClassVar, Self

_USER = re.compile(r"(?<=://)[^\s/@]*:[^\s/]*@")  # and password, in an address


class RecheckError(Exception):
    """Says what is wrong, then what to do.

    Catch this one type at an edge (terminal, cloud function); let everything
    else crash with its traceback, because everything else is a bug.
    """

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, problem: str, *, fix: str) -> None:
        """Make the error; it is printed and stored, so no address in it keeps a password.

        >>> RecheckError("no answer at https://me:secret@host/x", fix="try again").problem
        'no answer at https://host/x'
        """
        self.problem, self.fix = (_USER.sub("", text) for text in (problem, fix))
        super().__init__(f"{self.problem}\n  fix: {self.fix}")

    @property
    def code(self) -> str:
        """The name that scripts match on: of the error that has the exit code.

        >>> BatchUnknown("no such batch", fix="name one that exists").code
        'batch_unknown'
        >>> VersionsDiffer("made by numpy 2.3, here is 2.4", fix="fit again").code
        'package_refused'
        """
        kind = next(kind for kind in type(self).__mro__ if "exit_code" in vars(kind))
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()

    def of_file(self, name: str) -> Self:
        """Return the error with the name of the file that it is about, if it does not say it yet.

        >>> SchemaMismatch("column 'n' is text", fix="write numbers").of_file("a.csv").problem
        "a.csv: column 'n' is text"
        """
        if name in self.problem:
            return self
        return type(self)(f"{name}: {self.problem}", fix=self.fix)

    def __reduce__(self) -> tuple[object, ...]:  # survives the way back from a worker
        return _rebuild, (type(self), self.problem, self.fix)


def _rebuild(kind: type[RecheckError], problem: str, fix: str) -> RecheckError:
    return kind(problem, fix=fix)


class JobInvalid(RecheckError):
    """The job file cannot be used as it is."""

    exit_code = 3


class FunctionFailed(JobInvalid):
    """The user's feature function raised an exception.

    `row` is the first of the rows it got that makes it fail alone, None where none
    does; it stays in the process.
    """

    def __init__(self, problem: str, *, fix: str, row: int | None = None) -> None:
        super().__init__(problem, fix=fix)
        self.row = row

    def at(self, place: str, rows: Sequence[int]) -> JobInvalid:
        """Return the error with the place of the row.

        Args:
            place: the batch and the file.
            rows: the number of each row within the file, from 0.

        Returns:
            An error that travels between processes.
        """
        where = place if self.row is None else f"{place}, row {rows[self.row]}"
        return JobInvalid(f"{where}: {self.problem}", fix=self.fix)


class BatchUnknown(RecheckError):
    """No row of the data belongs to the batch."""

    exit_code = 4


class InputUnreadable(RecheckError):
    """A data file is not there, truncated or not of its format."""

    exit_code = 5


class SchemaMismatch(RecheckError):
    """A column is missing or has another type than the job says."""

    exit_code = 6


class BatchRefused(RecheckError):
    """The batch cannot be published, as with too many bad rows; nothing of it was."""

    exit_code = 7


class PackageRefused(RecheckError):
    """A model package is unsigned, changed, foreign or behaves differently."""

    exit_code = 8


class VersionsDiffer(PackageRefused):
    """A model package is signed and whole, but was made by other versions than are installed here."""


class EstimatorRefused(RecheckError):
    """This estimator, or this option of it, cannot be packaged."""

    exit_code = 9


class BatchOpen(RecheckError):
    """The period of the batch is not over, or has not settled."""

    exit_code = 11


class InputChanged(RecheckError):
    """The input is no longer what was scored."""

    exit_code = 12


class DrawRefused(RecheckError):
    """A draw would break the probabilities of an earlier one."""

    exit_code = 13


class StepMissing(RecheckError):
    """A step that this one builds on has not run."""

    exit_code = 14


class LabelStudioUnreachable(RecheckError):
    """Label Studio gave no answer, or a server error."""

    exit_code = 15
    retryable = True


class LabelStudioRefused(RecheckError):
    """Label Studio does not accept the key, the project or the request."""

    exit_code = 16


class ProjectChanged(RecheckError):
    """The project in Label Studio is no longer what the job file says."""

    exit_code = 17


class AnswersUnreadable(RecheckError):
    """A file of answers cannot be understood."""

    exit_code = 18


class StoreUnavailable(RecheckError):
    """The store is full, read-only, damaged, or not there."""

    exit_code = 19


class ConcurrentRun(RecheckError):
    """Another run holds the same batch, or won the race for it."""

    exit_code = 20
    retryable = True


class SettingsInvalid(RecheckError):
    """A setting (not the job file) cannot be used."""

    exit_code = 21


class EngineUnavailable(RecheckError):
    """The engine is unknown or its parts are not installed."""

    exit_code = 22


class QueryInvalid(RecheckError):
    """The SQL cannot be run."""

    exit_code = 23


class BucketUnreachable(RecheckError):
    """A bucket gave no whole answer, or a server error."""

    exit_code = 24
    retryable = True


class BucketRefused(RecheckError):
    """There are no credentials for a bucket, or they may not do this."""

    exit_code = 25


class AlertUnknown(RecheckError):
    """No alert of the job has the id."""

    exit_code = 26


class ChannelFailed(RecheckError):
    """A message did not arrive through a channel of `[notify]`."""

    exit_code = 27
    retryable = True


class RowUnknown(RecheckError):
    """No table of the job has a row of the key."""

    exit_code = 28


def encode_error(error: RecheckError) -> bytes:
    """Return an error as bytes, to leave a worker: Beam wraps an exception beyond recognition."""
    record = {"kind": type(error).__name__, "problem": error.problem, "fix": error.fix}
    return json.dumps(record).encode()


def decode_error(content: bytes) -> RecheckError:
    """Return the error that `encode_error` was given."""
    record = json.loads(content)
    kind: type[RecheckError] = globals()[record["kind"]]
    return kind(record["problem"], fix=record["fix"])
