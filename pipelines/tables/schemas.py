"""The columns of every table in the store, with units.

A table is appended to or replaced by one commit; none is edited in place.
`known_at` is our own commit time and the only thing that `as_of` filters on.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.tables.small_tables import (
    NUMBER_MAP,
    TEXT_MAP,
    TIME,
    number_maps,
    table_of,
    text_maps,
)

__all__ = [
    "ALERTS",
    "ANNOTATIONS",
    "DESIGNS",
    "ESTIMATES",
    "LARGE",
    "LOOKS",
    "PARTITIONED_BY",
    "POPULATIONS",
    "PREDICTIONS",
    "QUARANTINE",
    "QUESTIONS",
    "RELEASES",
    "RUNS",
    "SAMPLES",
    "TABLES",
    "number_maps",
    "table_of",
    "text_maps",
]


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns.items()])


PREDICTIONS = _schema(
    job=pa.string(),
    batch=pa.string(),
    prediction_id=pa.string(),  # 32 hex digits
    key=pa.string(),  # several key columns make a JSON array
    model=pa.string(),
    version=pa.string(),
    label=pa.string(),  # canonical text, numbers too
    value=pa.float64(),  # null for classes
    score=pa.float64(),  # probability of the label, null for numbers
    cohorts=TEXT_MAP,
    class_score=pa.float64(),  # probability of the class of `sampling.for`; null in jobs without it
)

QUARANTINE = _schema(
    job=pa.string(),
    batch=pa.string(),
    key=pa.string(),
    reason=pa.string(),
    column=pa.string(),
    source=pa.string(),  # the file's name as the job finds it
    row=pa.int64(),  # from 0, within the file
    attempt=pa.string(),  # counts only if predictions were published with it
)

DESIGNS = _schema(
    job=pa.string(),
    batch=pa.string(),
    draw_no=pa.int32(),  # from 1, within (job, batch, purpose)
    series=pa.int32(),  # the draw_no that began this design; all but a top-up begin another
    purpose=pa.string(),  # verify | train
    stratum=pa.string(),
    size=pa.int64(),  # rows of the batch in the stratum
    allocated=pa.int64(),  # rows drawn in it so far, in this series
    domains=pa.string(),  # JSON: {"cohort=value": {"label": rows}}; "" is the whole stratum
    score_sums=pa.string(),  # JSON: {"cohort=value": [rows, sum, sum of squares]} of the scores of all rows, as integers rint(score × 1e6); null without scores
    score_histogram=pa.string(),  # JSON: {"cohort=value": {"bin": rows}} of the same scores, in 64 equal bins of [0, 1], from 0
    value_sums=pa.string(),  # JSON, as `score_sums`: of predicted numbers as they are, each sum the nearest double; null for classes
    sums_left_out=pa.int64(),  # domains of the draw without sums, those of fewest rows: all sums and histograms of a draw take at most 100 kB; whole strata always have theirs
    histograms_left_out=pa.int64(),  # domains of the draw without a histogram, left out before any sums are
    goal=pa.string(),  # JSON: the metric and class of `sampling.for`, and pairs (probability given, share found) of earlier answers on the grid of 1e6; null without it
    wanted=pa.float64(),  # what the allocation is in proportion to; null without a goal
    version=pa.string(),
    input_digest=pa.string(),  # of the rows that were scored
    population_digest=pa.string(),  # of the set of prediction ids, order-free
    content_digest=pa.string(),  # of the cohorts and `[predictions]` that the rows were scored with; null if an older release drew
    seed_digest=pa.string(),
    survey_digest=pa.string(),  # of the question and of the columns that people see
    budget=pa.int64(),
    actor=pa.string(),
    reason=pa.string(),  # first | top-up | carried over | the words given to --redraw
    answers_seen=pa.int64(),  # answers known when this was drawn
    known_at=TIME,
)

POPULATIONS = _schema(
    job=pa.string(),
    batch=pa.string(),
    draw_no=pa.int32(),
    purpose=pa.string(),
    id_high=pa.int64(),  # the first 64 bits of a prediction id, as a signed number
    stratum=pa.string(),
    is_sampled=pa.bool_(),
    known_at=TIME,
)

SAMPLES = _schema(
    job=pa.string(),
    batch=pa.string(),
    draw_no=pa.int32(),
    series=pa.int32(),
    purpose=pa.string(),
    prediction_id=pa.string(),
    key=pa.string(),
    version=pa.string(),
    label=pa.string(),
    value=pa.float64(),
    score=pa.float64(),
    scores=NUMBER_MAP,  # the probability of each class; null for numbers, and where the model or its system has none
    cohorts=TEXT_MAP,
    stratum=pa.string(),
    stratum_size=pa.int64(),
    inclusion_probability=pa.float64(),  # in (0, 1], at this draw
    rank=pa.int64(),  # from 1, by keyed hash within the stratum
    shown=pa.string(),  # canonical JSON of what people see
    shown_digest=pa.string(),  # of it and of the question's text
    known_at=TIME,
)

QUESTIONS = _schema(
    job=pa.string(),
    batch=pa.string(),
    purpose=pa.string(),
    prediction_id=pa.string(),
    shown_digest=pa.string(),
    server=pa.string(),  # address without user or key
    project=pa.int64(),
    task_id=pa.int64(),
    known_at=TIME,
)

ANNOTATIONS = _schema(
    job=pa.string(),
    purpose=pa.string(),
    annotation_id=pa.string(),  # ls:<task>:<annotation>:<time of creation> or file:<digest>; of a file that answers a later question too, with that question's digest at its end
    prediction_id=pa.string(),
    shown_digest=pa.string(),  # of the question that it was given to
    annotator=pa.string(),
    answer=pa.string(),  # canonical text
    state=pa.string(),  # valid | skipped | invalid | outcome | deleted
    created=TIME,
    updated=TIME,
    lead_time=pa.float64(),  # seconds
    known_at=TIME,
    source=pa.string(),  # file, or labelstudio: and the project in which the answer was given
    reason=pa.string(),  # of a skipped one: why the person could not tell; null without one
)

ESTIMATES = _schema(
    job=pa.string(),
    metric=pa.string(),
    **{"class": pa.string()},
    value=pa.float64(),
    stderr=pa.float64(),  # (high - low) / 3.92
    low=pa.float64(),
    high=pa.float64(),
    value_if_missing_wrong=pa.float64(),
    value_if_missing_right=pa.float64(),
    period=pa.string(),  # batch | day | week | month | all
    window=pa.string(),
    cohort=pa.string(),  # column=value, null for all rows
    version=pa.string(),  # null where a window holds several
    rows=pa.int64(),
    rows_covered=pa.int64(),  # rows of strata that have an answer
    n_asked=pa.int64(),
    n_answered=pa.int64(),
    estimator_version=pa.string(),
    as_of=TIME,
    known_at=TIME,
)

LOOKS = _schema(
    job=pa.string(),
    metric=pa.string(),
    **{"class": pa.string()},
    cohort=pa.string(),  # column=value, null for all rows
    period=pa.string(),  # batch | day | week | month
    window=pa.string(),
    side=pa.string(),  # of the line that is bad: below | above
    limit=pa.float64(),  # the line
    state=pa.string(),  # crossed | clear (surely not) | unknown (cannot be told)
    reason=pa.string(),
    value=pa.float64(),  # the estimate at the look, null where it has no point
    low=pa.float64(),  # its 95 % interval
    high=pa.float64(),
    bound=pa.float64(),  # what the metric surely is at most (below) or at least (above)
    n_asked=pa.int64(),
    n_answered=pa.int64(),
    estimator_version=pa.string(),
    as_of=TIME,  # of the estimate
    known_at=TIME,
    bound_in_a_row=pa.float64(),  # the same with the larger error that each of three hours or days in a row may have; null for other windows, and earlier releases
)

ALERTS = _schema(
    job=pa.string(),
    id=pa.string(),  # of the alert: 10 hex digits, from its line and the first window that crossed it
    event=pa.string(),  # told | acknowledged | sent (through a channel) | failed (to be sent) | missing (data of the window) | over (they came)
    metric=pa.string(),
    **{"class": pa.string()},
    cohort=pa.string(),  # column=value, null for all rows
    period=pa.string(),
    window=pa.string(),  # the newest that the alert was about then
    channel=pa.string(),  # of `[notify]`, of what was sent or failed
    reason=pa.string(),  # the words given with an acknowledgement, or why it failed
    actor=pa.string(),
    known_at=TIME,
)

RUNS = _schema(
    job=pa.string(),
    run_id=pa.string(),  # of `score`: the attempt that its files are named after
    step=pa.string(),
    batch=pa.string(),
    inputs=pa.string(),  # JSON
    outputs=pa.string(),  # JSON
    rows=pa.int64(),
    seconds=pa.float64(),
    versions=pa.string(),  # JSON: libraries and CPU features
    job_hash=pa.string(),
    actor=pa.string(),
    known_at=TIME,
    bytes=pa.int64(),  # of input that was read, or of the page that was written
    cpu_seconds=pa.float64(),  # of the process and its children
    peak_memory=pa.int64(),  # bytes
    error=pa.string(),  # its code and what was wrong; null where the step ended well
    files=pa.string(),  # of `score`, JSON: {"table": {"file": SHA-256}} of what the attempt publishes; null for other steps and earlier releases
)

RELEASES = _schema(
    job=pa.string(),
    model=pa.string(),
    version=pa.string(),
    state=pa.string(),  # live
    actor=pa.string(),
    reason=pa.string(),
    known_at=TIME,
)

TABLES = {
    "predictions": PREDICTIONS,
    "quarantine": QUARANTINE,
    "designs": DESIGNS,
    "populations": POPULATIONS,
    "samples": SAMPLES,
    "questions": QUESTIONS,
    "annotations": ANNOTATIONS,
    "estimates": ESTIMATES,
    "looks": LOOKS,
    "alerts": ALERTS,
    "runs": RUNS,
    "releases": RELEASES,
}

# Too large to be kept in memory whole: read by batch, or by a filter.
LARGE = frozenset({"predictions", "populations"})

PARTITIONED_BY = {name: ["job", "batch"] for name in ("predictions", "quarantine", "populations")}
