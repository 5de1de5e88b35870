"""Estimates of a job: every metric, by cohort, period, window and version, as known at a time.

Designs, samples and annotations are read, never predictions. A window's figure
is computed once from all strata of its batches; averaging the batches'
intervals would be wrong. The same tables with the same `as_of` give the same
estimates, whatever was added later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product

import numpy as np
import pyarrow as pa

from labeling.estimates.estimate import Estimate
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.gathering import evidence
from labeling.estimates.families.chosen import Wanted, chosen_families
from labeling.estimates.families.class_probabilities import WITHOUT_PROBABILITIES, WITHOUT_SCORE
from labeling.estimates.metrics import Counts, Figures, counts, whole
from labeling.estimates.unlisted import UNTOUCHED, UnlistedRows
from labeling.estimates.window_views import Scoring, WindowView, window_views
from labeling.formulas.intervals import Interval
from pipelines.columns.buffers import Floats


def estimates(
    designs: pa.Table,
    samples: pa.Table,
    annotations: pa.Table,
    *,
    wanted: Wanted,
    seed: str,
    scored: Sequence[Scoring] = (),
    as_of: datetime | None = None,
) -> list[Estimate]:
    """Estimate every metric of every cohort in every window.

    Args:
        designs: of one job, in the columns of `schemas.DESIGNS`.
        samples: in the columns of `schemas.SAMPLES`.
        annotations: in the columns of `schemas.ANNOTATIONS`.
        wanted: the task, its answers and metrics.
        seed: of the job; it salts the codes of people, and no figure depends on it.
        scored: every scoring, so that `rows` holds those of batches without a draw.
        as_of: only what was known then counts, that moment included.

    Returns:
        By period, window, version, cohort and metric. A batch has one row with
        period `batch`; a longer window has one for all its batches and, where
        they were scored by several versions, one for each. Cohorts of which
        nothing was asked in a window are left out.
    """
    known = [one for one in scored if as_of is None or one.known_at <= as_of]
    facts = evidence(designs, samples, annotations, as_of, seed=seed)
    return of_evidence(facts, wanted, known)


def of_evidence(facts: Evidence, wanted: Wanted, scored: Sequence[Scoring] = ()) -> list[Estimate]:
    """Estimate as `estimates` does, from evidence that is gathered already.

    Args:
        facts: what was designed, drawn and answered.
        wanted: the task, its answers and metrics.
        scored: every scoring that was known then.

    Returns:
        The estimates, ordered as those of `estimates`.
    """
    views = list(window_views(facts, scored))
    everyone = whole(facts, wanted.task)
    unlisted = UnlistedRows(facts, wanted.answers, everyone)
    figures: list[list[Figures]] = [[] for _ in views]
    for family in chosen_families(facts, wanted):
        for view, figures_of in zip(views, figures, strict=True):
            figures_of += [one for one in family.figures(view.view) if wanted.has(one.metric)]
    return [
        estimate
        for view, figures_of in zip(views, figures, strict=True)
        for estimate in _listed(
            view, counts(everyone, view.view), unlisted.shares(view.view), figures_of
        )
    ]


def _listed(
    view: WindowView, rows: Counts, unlisted: Floats | None, figures: Sequence[Figures]
) -> Iterator[Estimate]:
    """Yield the estimates of one period: by window, then cohort, then metric.

    Args:
        view: the windows.
        rows: of each group.
        unlisted: the share of rows that people cannot call right, of each group (G,).
        figures: of each group.

    Yields:
        The estimates.
    """
    domains, many = view.view.evidence.domains, view.view.windows
    tally = [part.astype(np.int64).tolist() for part in rows.parts()]
    columns = [[_optional(part) for part in one.parts()] for one in figures]
    for window, domain in product(range(many), range(len(domains))):
        group = domain * many + window
        size, covered, asked, answered = (part[group] for part in tally)
        if domain and not asked:
            continue
        size += 0 if domain else view.undrawn[window]  # its rows are of no known cohort
        for metric, parts in zip(figures, columns, strict=True):
            value, low, high, wrong, right, largest = (part[group] for part in parts)
            yield Estimate(
                metric=metric.metric,
                class_=metric.class_,
                value=value,
                low=low,
                high=high,
                stderr=Interval(value, low, high).stderr,
                value_if_missing_wrong=wrong,
                value_if_missing_right=right,
                cohort=domains[domain],
                period=view.period,
                window=view.names[window],
                version=view.versions[window],
                rows=size,
                rows_covered=covered,
                n_asked=asked,
                n_answered=answered,
                as_of=view.as_of[window],
                largest=largest,
                reliable=metric.reliable is None or bool(metric.reliable[group]),
                reason=_reason(metric, group),
                rests_on=metric.rests_on.of(group) if metric.rests_on else None,
                just_begun=view.just_begun[window],
                unlisted=_unlisted(metric, unlisted, group),
            )


def _unlisted(of: Figures, shares: Floats | None, group: int) -> float | None:
    if shares is None or of.metric in UNTOUCHED or not shares[group]:
        return None
    return float(shares[group])


def _reason(of: Figures, group: int) -> str | None:
    if of.lacks is None or not of.lacks[group]:
        return None
    return WITHOUT_SCORE if of.metric == "calibration_error" else WITHOUT_PROBABILITIES


def _optional(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124
