"""The report as data: every finding in its order, with words and numbers and no markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from labeling.estimates.alerts import WatchedLine
from labeling.estimates.estimate import ESTIMATOR_VERSION
from labeling.report.chapters.annotators import agreement_figure
from labeling.report.chapters.by_batch import batch_figure
from labeling.report.chapters.by_class import class_figure, listed_figures
from labeling.report.chapters.by_cohort import cohort_figure, seen_words
from labeling.report.chapters.error_sizes import error_figure
from labeling.report.chapters.mistakes import confusion_figure, wrong_rows_figure
from labeling.report.chapters.newest import more_figure, newest_figure
from labeling.report.chapters.next_steps import NextStep, first_steps, open_ends
from labeling.report.chapters.over_time import time_figure
from labeling.report.chapters.questions import asked_figure, outcomes_words
from labeling.report.chapters.scores import score_figure
from labeling.report.chapters.volume import quarantine_figure, volume_figure
from labeling.report.content import ReportData
from labeling.report.figure import Figure
from labeling.report.headline import (
    again,
    asks_more,
    headline,
    only_of,
    since,
    subline,
    unlisted,
    watched,
    whose,
)
from labeling.report.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Chapter:
    """Figures under one title."""

    title: str
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that a report says."""

    headline: Phrase
    leads: Sequence[str]  # what the headline leaves out
    is_open: bool  # the headline's window is not over yet
    unreliable: bool  # whether the headline's interval may leave out a tail of errors
    alerts: Sequence[
        WatchedLine
    ]  # every line that is watched, with its state; the newest window first
    missing: Sequence[str]  # what data did not come
    watched: Sequence[str]  # the lines that alerts watch, in words
    newest: Figure | None  # the headline's estimate
    seen: str  # whether the judged rows were seen in training
    chapters: Sequence[Chapter]
    steps: Sequence[NextStep]  # the way to the first answer
    open_ends: Sequence[str]  # what is left to do, once there are answers
    outcomes: str  # what answers to rows that nobody drew show
    as_of: datetime | None  # when the last fact became known
    versions: Sequence[str]  # of the model
    estimator_version: str


def findings(data: ReportData) -> Findings:
    """Find what a report says, from all that it is made of."""
    newest = data.headline
    leads = (
        (
            subline(newest),
            unlisted(newest),
            whose(data),
            asks_more(newest, data),
            again(newest, data),
            since(newest, data),
        )
        if newest
        else ()
    )
    return Findings(
        headline=headline(newest, data),
        leads=[*([only_of(data)] if data.only else []), *(words for words in leads if words)],
        is_open=newest is not None and not data.is_closed(newest.window),
        unreliable=newest is not None and not newest.reliable,
        alerts=sorted(data.alerts, key=lambda alert: alert.window or "", reverse=True),
        missing=data.missing,
        watched=watched(data),
        newest=newest_figure(data),
        seen=seen_words(data),
        chapters=_chapters(data),
        steps=first_steps(data),
        open_ends=open_ends(data),
        outcomes=outcomes_words(data),
        as_of=max((one.as_of for one in data.estimates), default=None),
        versions=sorted({batch.version for batch in data.batches}),
        estimator_version=ESTIMATOR_VERSION,
    )


def _chapters(data: ReportData) -> list[Chapter]:
    """Return the figures by chapter, without those that there is nothing to show in."""
    answers = (_main_figure, error_figure, cohort_figure, class_figure)
    errors = (confusion_figure, more_figure, score_figure, wrong_rows_figure)
    work = (asked_figure, agreement_figure, volume_figure, quarantine_figure)
    titled = (
        ("How good, and where", _shown(answers, data) + listed_figures(data)),
        ("Which errors, and does the model know", _shown(errors, data)),
        ("The work behind it", _shown(work, data)),
    )
    chapters = [Chapter(title, figures) for title, figures in titled]
    return [chapter for chapter in chapters if chapter.figures]


def _shown(
    makers: Sequence[Callable[[ReportData], Figure | None]], data: ReportData
) -> list[Figure]:
    return [figure for make in makers if (figure := make(data))]


def _main_figure(data: ReportData) -> Figure | None:
    """Show the leading metric over time, or by batch where batches have no time."""
    if data.leading is None:
        return None
    return time_figure(data) if data.has_times else batch_figure(data)
