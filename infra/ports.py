"""The ports to the surroundings: engines, locks, buckets, and whoever reads news."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipelines.features.fitted import FittedStatistics
from pipelines.input.fragments import Split
from pipelines.scoring.score_fragment import Outcome, Work
from pipelines.tables.files import Files
from pipelines.training.rows import Reader

Say = Callable[[str], None]  # takes a line of news, for people


class Engine(Protocol):
    """Maps the functions of a fragment over splits of the data.

    Every engine gives the same bytes: what is computed of a split depends on
    nothing but the split, and statistics merge in any order.
    """

    @property
    def name(self) -> str:
        """The name of the engine in settings and on the terminal."""

    def score(self, work: Work, splits: Sequence[Split]) -> Iterator[Outcome]:
        """Score the splits, and yield their outcomes in their order, as soon as the engine has them.

        What is wrong with the file of a split is part of its outcome.

        Raises:
            EngineUnavailable: the engine, or a worker of it, is gone.
            RecheckError: what keeps every split from being scored, as from
                `Work.open_scorer` or the store.
        """

    def learn(self, reader: Reader, splits: Sequence[Split]) -> FittedStatistics:
        """Learn the statistics of the features from the training rows of the splits.

        Raises:
            EngineUnavailable: the engine, or a worker of it, is gone.
            RecheckError: as from `Reader.summarize` and `Statistics.result`.
        """


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a bucket, as a listing showed it."""

    name: str
    size: int  # bytes, as they are stored
    tag: str  # another one as soon as the content is another


class Locks(Protocol):
    """Locks by name: one process at a time holds a name. It pickles as an address."""

    def hold(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        """Hold a name against other processes; it is free again when this one ends, however it ends.

        Args:
            name: what is held, e.g. `push`.
            wait: seconds to wait for another holder.

        Returns:
            A context that holds it.

        Raises:
            ConcurrentRun: somebody else still holds it.
        """


@dataclass(frozen=True, slots=True)
class StoreRoot:
    """Where a store lies, as an adapter opens it from the store's address."""

    files: Files
    locks: Locks
    staging: Path  # a folder of this machine, for input that is fetched from a bucket


class Bucket(Protocol):
    """A bucket, to read from.

    Every call is one try: whoever calls decides whether to try again, by the
    `retryable` of the error.
    """

    @property
    def url(self) -> str:
        """The address, as people write it: `s3://name`."""

    def list(self, prefix: str) -> list[Item]:
        """Return the objects whose names begin with a prefix.

        Raises:
            InputUnreadable: there is no such bucket.
            BucketRefused: no credentials, or these may not list.
            BucketUnreachable: no answer, or a server error.
        """

    def download(self, item: Item, path: Path) -> bool:
        """Write exactly the listed content to a file; False where it was replaced or removed since.

        Raises:
            BucketRefused: no credentials, or these may not read.
            BucketUnreachable: no answer, a server error, or a reply that was
                cut; whatever the file holds then is worth nothing.
        """
