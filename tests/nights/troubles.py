"""What goes wrong in a night, each with how it is mended during the day after."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from typing import Any, Self

from labeling.labelstudio import client
from pipelines.errors import LabelStudioUnreachable
from tests.histories.ground import CLASSES, Row
from tests.nights.delivered import BEFORE, write
from tests.nights.watch import Watch

Trouble = Callable[[Watch], None]


class _Unreachable:
    """A client of a server whose machine is off."""

    url = "http://labels.test"

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise LabelStudioUnreachable("no connection", fix="start it")


def _nobody_answers() -> None:
    """Make a process find no Label Studio."""
    vars(client)["SdkClient"] = _Unreachable


def in_time(_: Watch) -> None:
    """Nothing goes wrong."""


def late(watch: Watch) -> None:
    """The file comes a day later."""
    watch.ground.file_of(watch.tonight).unlink()
    watch.missing |= {*watch.batches}
    _write_again(watch)


def delivered_twice(watch: Watch) -> None:
    """The same rows come twice: in a second file, or in one that names the batch."""
    path, again = watch.ground.file_of(watch.tonight), watch.ground.stray("night-again")
    watch.bad |= {*watch.batches}
    if watch.ground.form in ("days", "hours"):
        shutil.copy(path, again)
        watch.mending.append(again.unlink)
    else:
        write(watch.ground.rows_of(watch.tonight) * 2, path)
        _write_again(watch)


def corrected(watch: Watch) -> None:
    """An earlier file comes again with other values."""
    night = _earlier(watch)
    good = [row for row in watch.ground.rows_of(night) if not row["is_bad"]]
    for row in watch.ground.rng.sample(good, 5):
        _change(watch, row)
    _deliver_again(watch, night)


def completed(watch: Watch) -> None:
    """An earlier file comes again with more rows."""
    night = _earlier(watch)
    for _ in range(3):
        watch.ground.add_row(watch.ground.rng.choice(watch.ground.nights[night]))
    _deliver_again(watch, night)


def renamed(watch: Watch) -> None:
    """Somebody renamed a column that the job needs."""
    rows = [row | {"key": None} for row in watch.ground.rows_of(watch.tonight)]
    path = watch.ground.file_of(watch.tonight)
    write(rows, path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"key", b"Key"))  # of the same length, so Parquet stays whole
    watch.bad |= {*watch.batches}
    _write_again(watch)


def empty(watch: Watch) -> None:
    """The file has no byte."""
    watch.ground.file_of(watch.tonight).write_bytes(b"")
    watch.missing |= {*watch.batches}
    _write_again(watch)


def without_rows(watch: Watch) -> None:
    """The file has its columns and no row."""
    path = watch.ground.file_of(watch.tonight)
    write([], path)
    watch.missing |= {*watch.batches}
    _write_again(watch)


def truncated(watch: Watch) -> None:
    """The file ends in the middle; text is cut within its first row, or nobody could tell."""
    path = watch.ground.file_of(watch.tonight)
    content = path.read_bytes()
    text = path.suffix == ".jsonl"
    path.write_bytes(content[: 20 if text else len(content) // 2])
    if path.suffix == ".csv":
        path.write_bytes(content[:10])
    watch.bad |= {*watch.batches}
    _write_again(watch)


def foreign(watch: Watch) -> None:
    """A file lies there that is no data."""
    path = watch.ground.stray("zz-scan")
    path.write_bytes(b"%PDF-1.7\n\x00\xff\xfe binary \x80\n")
    watch.has_stranger = True
    watch.mending.append(path.unlink)


def label_studio_is_away(watch: Watch) -> None:
    """Nobody answers where people are asked."""
    watch.is_away = True
    watch.history.console.changes = (_nobody_answers,)


def killed_at_a_step(watch: Watch) -> None:
    """The first try dies after one of its steps; the scheduler tries again."""
    watch.kill_at = 1 + int(60 * watch.ground.rng.random() ** 2)


def killed_at_a_moment(watch: Watch) -> None:
    """The first try dies at any moment."""
    watch.kill_after = watch.ground.rng.uniform(0.02, 0.6)


def clock_is_behind(watch: Watch) -> None:
    """The clock was set back by days."""
    watch.history.console.away = -3600.0 * 50


def clock_is_ahead(watch: Watch) -> None:
    """The clock was set forward."""
    watch.history.console.away = 3600.0 * 30


def _write_again(watch: Watch) -> None:
    watch.mending.append(functools.partial(watch.ground.write_night, watch.tonight))


def _earlier(watch: Watch) -> int:
    """Return a night before this one that the job has seen."""
    return watch.ground.rng.randrange(BEFORE - 1, watch.tonight)


def _deliver_again(watch: Watch, night: int) -> None:
    watch.ground.write_night(night)
    if not watch.ground.replaces_by_itself:
        batches = watch.ground.nights[night]
        watch.changed |= {*batches}
        named = [word for batch in batches for word in ("--batch", batch)]
        words = watch.history.words("score", "--replace", *named)
        watch.mending.append(lambda: _must_go_well(watch, words))


def _must_go_well(watch: Watch, words: list[str]) -> None:
    watch.history.console.changes, watch.history.console.away = (), 0.0
    watch.history.console.answer(words)


def _change(watch: Watch, row: Row) -> None:
    row["x"] = round(watch.ground.rng.gauss(0, 1), 4)
    if watch.ground.is_of_numbers:
        row["guess"] = round(row["x"] * 9, 2)
    else:
        row["guess"] = watch.ground.rng.choice(CLASSES)


TROUBLES: tuple[Trouble, ...] = (
    in_time, late, renamed, killed_at_a_step, corrected,
    delivered_twice, label_studio_is_away, empty, killed_at_a_moment, clock_is_behind,
    truncated, foreign, completed, without_rows, clock_is_ahead,
)  # fmt: skip
