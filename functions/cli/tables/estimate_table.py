"""Short tables of `recheck push` and `recheck estimate` for people; `--json` has everything."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labeling.estimates.amounts import (
    LEADING,
    OF_CLASSES,
    TERMINAL,
    ends_without_point,
    leading_range,
)
from pipelines.columns.visible import visible_line

if TYPE_CHECKING:
    from functions.steps.push import Pushed
    from labeling.estimates.alerts import WatchedLine
    from labeling.estimates.estimate import Estimate

_DIGITS = 1  # of a percentage
_BATCHES, _WINDOWS, _MOST = 5, 3, 12  # rows of a section
_NAMES = {"batch": "batches", "day": "days", "week": "weeks", "month": "months", "all": "all"}

Row = tuple[str, ...]


def pushed(done: Pushed, *, is_dry: bool) -> Iterator[str]:
    """Say what a push did, and where people answer."""
    project = "a new project" if done.project is None else f"project {done.project}"
    made = "would be made" if is_dry else "made"
    yield f"{project}: {done.created} tasks {made}, {done.existing} there before"
    if done.url:
        yield place(done.url)


def place(project: str) -> str:
    """Say where people answer the questions of a project."""
    return f"people answer at {project}/data?labeling=1"


def estimated(estimates: Sequence[Estimate], batches: Sequence[str], job: Path) -> Iterator[str]:
    """Show the figures of most use: overall, by cohort, of the newest windows, by class.

    Args:
        estimates: what the step estimated, for these batches.
        batches: those that the command named.
        job: the job file, as it was named.

    Yields:
        The lines.
    """
    asked, name = _asked(estimates), shlex.quote(str(job))
    if not asked:
        yield "nothing was drawn yet"
        yield f"next: recheck sample {name}"
        return
    if not any(one.n_answered for one in estimates):
        yield f"no answers yet: {asked} questions are drawn"
        yield f"next: recheck push {name} asks people, recheck pull {name} fetches their answers"
        return
    for table in (_overall(estimates, batches), _by_class(estimates, batches)):
        if rows := list(table):
            yield from (*_aligned(rows), "")
    yield f"{len(estimates)} figures in all: add --json, or see them drawn by recheck report {name}"


def watched(lines: Sequence[WatchedLine]) -> Iterator[str]:
    """Show every line that the job watches, with its state and the reason."""
    if not lines:
        return
    yield from ("", "lines watched")
    yield from _aligned(
        [(f"  {one.words}", one.window or "-", one.state, one.reason) for one in lines]
    )


def _asked(estimates: Sequence[Estimate]) -> int:
    """Count the rows drawn from all these batches."""
    return sum({one.window: one.n_asked for one in estimates if _is_whole(one, "batch")}.values())


def _is_whole(estimate: Estimate, period: str) -> bool:
    return estimate.period == period and estimate.cohort is None


def _main(estimates: Sequence[Estimate], batches: Sequence[str]) -> tuple[str, str]:
    """Return the period and window that lead: the only batch, or all."""
    names = {one.window for one in estimates if one.period == "batch"}
    named = set(batches) & names if batches else names
    return ("batch", named.pop()) if len(named) == 1 else ("all", "all")


def _overall(estimates: Sequence[Estimate], batches: Sequence[str]) -> Iterator[Row]:
    """Show the leading metric: of the window that leads, of its cohorts, and of other windows."""
    from labeling.estimates.estimate import widest

    metrics = [name for name in LEADING if any(one.metric == name for one in estimates)]
    if not metrics:
        return
    led = widest(one for one in estimates if one.metric == metrics[0])
    main = _main(estimates, batches)
    [lead] = [one for one in led if (one.period, one.window) == main and one.cohort is None]
    yield "", lead.metric, "95 % interval", "answered"
    yield _row(_window(lead), lead)
    yield from _versions(estimates, lead)
    for other in metrics[1:]:
        others = widest(one for one in estimates if one.metric == other and one.cohort is None)
        yield from (
            _row(other.replace("_", " "), one) for one in others if (one.period, one.window) == main
        )
    yield from _missing(lead)
    yield from _section("cohorts", _cohorts(led, lead), "cohorts", _MOST + 1)
    whole = [one for one in led if one.cohort is None and _is_other(one, lead)]
    yield from _around(whole, lead) if batches else _newest(whole, lead)


def _versions(estimates: Sequence[Estimate], lead: Estimate) -> Iterator[Row]:
    """Show each version, where the window holds several."""
    if lead.version is not None:
        return
    for one in estimates:
        is_here = (one.period, one.window, one.metric) == (lead.period, lead.window, lead.metric)
        if is_here and one.cohort is None and one.version is not None:
            yield _row(f"  version {one.version}", one)


def _missing(lead: Estimate) -> Iterator[Row]:
    ends = leading_range(lead)
    if ends:
        missing = lead.n_asked - lead.n_answered
        yield (f"  with the {missing} missing answers it may be {_between(lead, ends)}",)


def _cohorts(led: Sequence[Estimate], lead: Estimate) -> Iterator[Row]:
    """Show cohorts by name; of too many, those with the most answers."""
    cohorts = [
        one for one in led if one.cohort and (one.period, one.window) == (lead.period, lead.window)
    ]
    cohorts = [one for one in cohorts if _is_other(one, lead)]
    cohorts.sort(key=lambda one: -one.n_answered)
    for one in sorted(cohorts[:_MOST], key=lambda one: one.cohort or ""):
        yield _row(f"  {one.cohort}", one)
    yield from _rest(len(cohorts) - _MOST, "cohorts")


def _newest(whole: Sequence[Estimate], lead: Estimate) -> Iterator[Row]:
    """Show the newest windows of each length, unless a shorter one has the same."""
    shown = {lead.window}
    for period, most in (("batch", _BATCHES), ("day", _WINDOWS), ("week", _WINDOWS)):
        windows = sorted((one for one in whole if one.period == period), key=lambda one: one.window)
        names = {one.window for one in windows}
        if names - shown:
            rows = [_row(f"  {one.window}", one) for one in reversed(windows)]
            yield from _section(f"newest {_NAMES[period]}", rows, _NAMES[period], most)
        shown |= names


def _around(whole: Sequence[Estimate], lead: Estimate) -> Iterator[Row]:
    """Show the other windows of the batches that were named."""
    rows = {one.window: _row(f"  {_window(one)}", one) for one in whole}
    yield from _section("of which" if lead.period == "all" else "part of", rows.values(), "windows")


def _by_class(estimates: Sequence[Estimate], batches: Sequence[str]) -> Iterator[Row]:
    """Precision, recall and F1 of each class in the window that leads."""
    from labeling.estimates.estimate import widest

    main = _main(estimates, batches)
    of_classes = widest(
        one
        for one in estimates
        if one.metric in OF_CLASSES and (one.period, one.window, one.cohort) == (*main, None)
    )
    if not of_classes:
        return
    metrics = [name for name in OF_CLASSES if any(one.metric == name for one in of_classes)]
    cells = {(one.class_, one.metric): _with_interval(one) for one in of_classes}
    classes = sorted({str(one.class_) for one in of_classes})
    rows = [
        (f"  {name}", *(cells.get((name, metric), "-") for metric in metrics)) for name in classes
    ]
    yield ("class", *metrics)
    yield from rows[:_MOST]
    yield from _rest(len(rows) - _MOST, "classes")


def _section(title: str, rows: Iterable[Row], of: str, most: int = _MOST) -> Iterator[Row]:
    lines = list(rows)
    if lines:
        yield ("",)
        yield (title,)
        yield from lines[:most]
        yield from _rest(len(lines) - most, of)


def _rest(number: int, of: str) -> Iterator[Row]:
    if number > 0:
        yield (f"  … and {number} more {of}",)


def _is_other(estimate: Estimate, lead: Estimate) -> bool:
    """Say whether it is about other rows than the window that leads."""
    return (estimate.rows, estimate.n_asked) != (lead.rows, lead.n_asked)


def _window(estimate: Estimate) -> str:
    return "all batches" if estimate.period == "all" else estimate.window


def _row(name: str, estimate: Estimate) -> Row:
    answered = f"{estimate.n_answered} of {estimate.n_asked}"
    if (ends := ends_without_point(estimate)) is not None:
        return name, "no single figure", TERMINAL.bounded(estimate.metric, ends, _DIGITS), answered
    if estimate.value is None:
        why = (estimate.reason,) if estimate.reason and estimate.n_answered else ()
        return name, "unknown" if estimate.n_answered else "no answers yet", "-", answered, *why
    return name, _amount(estimate, estimate.value), _interval(estimate), answered, *_doubt(estimate)


def _doubt(estimate: Estimate) -> Row:
    doubts = (
        [f"covers {estimate.rows_covered:,} of {estimate.rows:,} rows"]
        if estimate.is_partial
        else []
    )
    if estimate.just_begun:
        doubts.append("just begun")
    if not estimate.reliable:
        doubts.append("unreliable: the answers do not show the tail of the errors")
    if estimate.note:
        doubts.append(estimate.note)
    return ("; ".join(doubts),) if doubts else ()


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "too few answers"
    if estimate.low != estimate.high:
        return _between(estimate, (estimate.low, estimate.high))
    return "exact, for these" if estimate.is_partial else "exact"


def _with_interval(estimate: Estimate) -> str:
    if (ends := ends_without_point(estimate)) is not None:
        return TERMINAL.bounded(estimate.metric, ends, _DIGITS)
    return (
        "-"
        if estimate.value is None
        else f"{_amount(estimate, estimate.value)} ({_interval(estimate)})"
    )


def _between(estimate: Estimate, ends: tuple[float, float]) -> str:
    return TERMINAL.between(estimate.metric, ends, _DIGITS)


def _amount(estimate: Estimate, value: float) -> str:
    return TERMINAL.amount(estimate.metric, value, _DIGITS)


def _aligned(lines: Sequence[Row]) -> Iterator[str]:
    """Yield columns as wide as they need; a row of one cell is a line of its own."""
    rows = [tuple(map(visible_line, line)) for line in lines]
    several = [row for row in rows if len(row) > 1]
    widths = [
        max((len(row[place]) for row in several if place < len(row)), default=0)
        for place in range(max(map(len, several), default=0))
    ]
    for row in rows:
        cells = (
            (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            if len(row) > 1
            else row
        )
        yield "  ".join(cells).rstrip()
