"""The windows of each period: which batches each holds, of which versions, and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.row_sets import View
from labeling.estimates.windows import PERIODS, Period, windows
from pipelines.columns.buffers import Bools
from pipelines.columns.utc_times import time_of

_Key = tuple[str | None, str]  # window, version; the empty version is all of them


@dataclass(frozen=True, slots=True)
class Scoring:
    """One scoring of a batch; of batches that nobody drew from, all that is known."""

    batch: str
    version: str
    rows: int  # predictions
    known_at: datetime


@dataclass(frozen=True, slots=True)
class WindowView:
    """The windows of one period, as a view, with what each holds."""

    period: Period
    names: list[str]
    versions: list[str | None]
    as_of: list[datetime]
    undrawn: list[int]  # rows of its batches that nobody drew from
    just_begun: list[bool]  # whether it covers a batch that people have just begun, its own
    view: View


@dataclass(frozen=True, slots=True)
class _Period:
    """What the windows of one period have in common."""

    period: Period
    undrawn: Counter[_Key]  # rows that nobody drew from
    latest: Mapping[str | None, datetime]  # window -> when its last fact became known


def window_views(facts: Evidence, scored: Sequence[Scoring]) -> Iterator[WindowView]:
    """Yield the windows of each period, then those that hold several versions, by version."""
    newest = {one.batch: one for one in sorted(scored, key=lambda one: one.known_at)}
    undrawn = [one for batch, one in newest.items() if one.rows and batch not in facts.batches]
    versions = [version or "" for version in facts.versions]
    for period in PERIODS:
        names = [windows(batch).get(period) for batch in facts.batches]
        common = _common(facts, period, names, undrawn)
        yield from _view(facts, common, [(name, "") if name else None for name in names])
        both = list(zip(names, versions, strict=True))
        held = Counter(name for name, _ in set(both))
        yield from _view(
            facts,
            common,
            [(name, version) if name and held[name] > 1 else None for name, version in both],
        )


def _common(
    facts: Evidence, period: Period, names: Sequence[str | None], undrawn: Sequence[Scoring]
) -> _Period:
    rest = [(windows(one.batch).get(period), one) for one in undrawn]
    rows = Counter[_Key]()
    for name, one in rest:
        rows[name, ""] += one.rows
        rows[name, one.version] += one.rows
    return _Period(period, rows, _latest(facts, names, rest))


def _latest(
    facts: Evidence, names: Sequence[str | None], rest: Sequence[tuple[str | None, Scoring]]
) -> dict[str | None, datetime]:
    """Return when the last fact of each window became known, whatever its version.

    A batch that was replaced by another version is a fact for the version that
    it left.
    """
    moments = [time_of(micros) for micros in facts.known_at.tolist()]
    known = [*zip(names, moments, strict=True), *((name, one.known_at) for name, one in rest)]
    latest: dict[str | None, datetime] = {}
    for name, moment in known:
        latest[name] = max(moment, latest.get(name, moment))
    return latest


def _view(
    facts: Evidence, common: _Period, keys: Sequence[tuple[str, str] | None]
) -> Iterator[WindowView]:
    """Yield the windows of these keys, one key a batch; nothing where no batch has one."""
    distinct = sorted({key for key in keys if key})
    if not distinct:
        return
    codes = {key: code for code, key in enumerate(distinct)}
    code = np.array([codes[key] if key else -1 for key in keys], dtype=np.int64)
    inside = [np.flatnonzero(code == place) for place in range(len(distinct))]
    covered = covered_batches(facts, [key[0] if key else None for key in keys])
    yield WindowView(
        period=common.period,
        names=[name for name, _ in distinct],
        versions=[_only({facts.versions[batch] for batch in batches}) for batches in inside],
        as_of=[common.latest[name] for name, _ in distinct],
        undrawn=[common.undrawn[key] for key in distinct],
        just_begun=[bool((covered & facts.just_begun)[batches].any()) for batches in inside],
        view=View(facts, code, len(distinct), covered),
    )


def covered_batches(facts: Evidence, names: Sequence[str | None]) -> Bools:
    """Say which batches have answers enough for their windows: (B,).

    A few answers tell little of a batch, and much of a wider window's figure
    would hang on them. So only the window that is the batch's own covers it
    from the first answer on.

    Args:
        facts: what was answered.
        names: the window of each batch, None outside (B,).
    """
    own = np.array([name == batch for name, batch in zip(names, facts.batches, strict=True)])
    return facts.has_answers & (own.astype(np.bool_) | ~facts.just_begun)


def _only(versions: set[str | None]) -> str | None:
    return next(iter(versions)) if len(versions) == 1 else None
