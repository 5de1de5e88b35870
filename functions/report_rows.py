"""The rows of a job that a report is of: those of some batches, as they were known at one time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from functions import estimates
from functions.batches import attempts
from functions.batches.attempts import Attempt
from functions.tables import Views, of_purpose
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.evidence.gathering import evidence
from labeling.estimates.window_views import Scoring
from labeling.report import Batch, Reason
from pipelines.columns.relations import known_by, where_in
from pipelines.tables.purposes import VERIFY


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Rows that check predictions.

    Attributes:
        views: of the job's tables.
        batches: whose rows; none for all.
        moment: rows that became known later are left out; None leaves out none.
        designs: the strata of every draw.
        samples: the drawn rows, without `shown`.
        annotations: the answers, deleted ones included.
    """

    views: Views
    batches: Sequence[str]
    moment: datetime | None
    designs: pa.Table
    samples: pa.Table
    annotations: pa.Table

    @classmethod
    def of(
        cls,
        views: Views,
        batches: Sequence[str],
        moment: datetime | None,
        *,
        shown: bool,
        scores: bool,
    ) -> ReportRows:
        """Read the rows.

        Args:
            views: of the job's tables.
            batches: whose rows; none for all.
            moment: what was known at that time; None for all.
            shown: whether `drawn` is to be asked for rows as people see them.
            scores: with the probability of each class.

        Returns:
            The rows.
        """
        samples = views.samples(shown=shown, scores=scores)  # in one read of its files
        samples = samples.drop_columns(["shown"]) if shown else samples
        tables = views.designs, samples, views.annotations(moment)
        designs, samples, annotations = (
            known_by(of_purpose(rows, VERIFY), moment) for rows in tables
        )
        designs, samples = _of_batches(designs, batches), _of_batches(samples, batches)
        annotations = _of_samples(annotations, samples) if batches else annotations
        return cls(views, batches, moment, designs, samples, annotations)

    def evidence(self, seed: str) -> Evidence:
        """Return what the rows say of the predictions; the seed is the job's."""
        return evidence(self.designs, self.samples, self.annotations, self.moment, seed=seed)

    def drawn(self, *, shown: bool) -> pa.Table:
        """Return the rows of the newest draw of each batch, perhaps as people see them."""
        rows = self.views.current_samples(self.moment, purpose=VERIFY, shown=shown)
        return _of_batches(rows, self.batches)

    def question_count(self) -> int:
        """Return the number of questions that have a task."""
        questions = known_by(of_purpose(self.views.questions, VERIFY), self.moment)
        return (_of_samples(questions, self.samples) if self.batches else questions).num_rows

    def scorings(self) -> list[Scoring]:
        """Return every scoring of the batches that was published, replaced ones included."""
        return [
            scoring
            for scoring in estimates.scored(self.views.tables)
            if (not self.batches or scoring.batch in self.batches)
            and (self.moment is None or scoring.known_at <= self.moment)
        ]

    def live(self) -> list[Attempt]:
        """Return the scoring of each batch that was live at the time, by batch."""
        live = attempts.live(self.views.tables)
        if self.moment is not None:
            ever = attempts.ever_published(self.views.tables)
            in_order = sorted(ever, key=lambda attempt: attempt.known_at)
            live = {a.batch: a for a in in_order if a.known_at <= self.moment}
        return [live[name] for name in sorted(live) if not self.batches or name in self.batches]


def batch_counts(live: Sequence[Attempt]) -> list[Batch]:
    """Return how many rows of each batch were read, scored and quarantined."""
    return [Batch(a.batch, a.rows_in, a.predictions, a.quarantined, a.version) for a in live]


def quarantine_reasons(views: Views, live: Sequence[Attempt]) -> list[Reason]:
    """Count the quarantined rows of each reason, as the attempts recorded them.

    An attempt of an earlier release recorded no reasons; then its rows are counted.
    """
    counts = Counter[tuple[str, str | None]]()
    for attempt in live:
        counts.update({(reason, column): rows for reason, column, rows in attempt.bad or ()})
    unrecorded = [a.batch for a in live if a.bad is None and a.quarantined]
    if unrecorded:
        rows = views.quarantine(unrecorded)
        counts.update(zip(*(rows[name].to_pylist() for name in ("reason", "column")), strict=True))
    return [Reason(reason, column, count) for (reason, column), count in counts.items()]


def _of_batches(rows: pa.Table, batches: Sequence[str]) -> pa.Table:
    """Keep the rows of some batches; of all, where none is named."""
    return where_in(rows, "batch", *batches) if batches else rows


def _of_samples(rows: pa.Table, samples: pa.Table) -> pa.Table:
    """Keep the rows of predictions that are among the samples."""
    return rows.filter(pc.is_in(rows["prediction_id"], samples["prediction_id"].combine_chunks()))
