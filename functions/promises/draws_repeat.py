"""What draws keep of predictions comes out the same from the predictions: counts, sums, sampled rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from functions.batches import attempts
from functions.batches.attempts import CONTENT, NAMING, SEED, Attempt, differs
from functions.batches.discovery import JobData
from functions.draws import predictions as predicted
from functions.draws.designs import designs, score_summaries, seed_digest
from functions.draws.planner import stored_strata
from functions.draws.predictions import BatchPredictions
from functions.draws.rows_shown import WantedIds, read_again, survey_digest
from functions.erasure.erasures import erasures
from functions.erasure.tombstones import are_tombstones
from functions.tables import Views
from infra.settings import Settings
from pipelines.columns.relations import where_in
from pipelines.errors import InputChanged, PackageRefused, RecheckError
from pipelines.models.package import Package
from pipelines.sampling.plan import Design
from pipelines.sampling.population import domain_counts
from pipelines.tables.purposes import VERIFY

_MOST = 1_000_000  # predictions that are read for it, the smallest batches first
_NEAR = 1e-9  # between two probabilities
_SUMS = ("score_sums", "score_histogram", "value_sums")
_DRAWN = ("key", "version", "label", "value", "score", "cohorts")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A batch, its newest draw and its predictions, which the draw was made from."""

    attempt: Attempt
    design: Design
    rows: BatchPredictions
    sampled: pa.Table  # the drawn rows that the live version predicted


def other_draws(data: JobData, views: Views, settings: Settings) -> Iterator[str]:
    """Yield draws that keep something else of the predictions than these say.

    Draws from other predictions than are live now, and by another seed, are left out, and
    so are batches whose package is not there.

    Args:
        data: of the job.
        views: of its tables.
        settings: name the trusted keys.

    Yields:
        A sentence for each such draw.
    """
    space = _MOST
    live, newest = attempts.live(views.tables), designs(views, VERIFY)
    digests, sampled = attempts.file_digests(views.tables), views.current_samples(purpose=VERIFY)
    erased = erasures(views.tables)
    both = [(live[batch], newest[batch]) for batch in live.keys() & newest.keys()]
    for attempt, design in sorted(both, key=lambda one: (one[0].predictions, one[0].batch)):
        space -= attempt.predictions
        if space < 0:
            return
        if not _is_of(design, attempt) or design.seed_digest != seed_digest(data.job):
            continue
        if attempt.batch in erased.forgotten_in and design.known_at < attempt.known_at:
            continue  # scored again without a row that the draw was of
        package = _package(data, settings, attempt)
        if data.job.model is None or package is not None:
            files = digests.get(attempt.id, {})
            rows = predicted.read(data.job, views.tables, attempt, package, files)
            yield from _other_draw(views, _Drawn(attempt, design, rows, _of(sampled, attempt)))


def _is_of(design: Design, attempt: Attempt) -> bool:
    """Tell whether a draw was made from the predictions that are live."""
    if (design.version, design.input_digest) != (attempt.version, attempt.digest):
        return False
    if design.content_digest is None:  # nothing tells whether an earlier scoring had other cohorts
        return design.known_at >= attempt.known_at
    return design.content_digest == attempt.rules.get(CONTENT)


def _other_draw(views: Views, drawn: _Drawn) -> Iterator[str]:
    if are_tombstones(
        drawn.rows.table["key"]
    ).any():  # whose cohorts cannot be told from their keys
        return
    wrong = sorted({*_other_counts(views, drawn), *_other_rows(drawn)})
    if wrong:
        batch = drawn.attempt.batch
        yield f"batch {batch}: {', '.join(wrong)} of its draw are not what its predictions give"


def _package(data: JobData, settings: Settings, attempt: Attempt) -> Package | None:
    """Open the package that scored a batch; None where it is not there or is refused, as P7 tells."""
    try:
        return predicted.package_of(data.job, data.store, settings, attempt.version)
    except PackageRefused:
        return None


def _other_counts(views: Views, drawn: _Drawn) -> Iterator[str]:
    """Yield the columns of the design that come out differently."""
    design, population = drawn.design, drawn.rows.population
    strata = stored_strata(views.tables, drawn.attempt.batch, design, population)
    if strata is None:
        yield "`populations`"
        return
    made: dict[str, list[Any]] = {
        "size": strata.sizes.tolist(),
        "domains": domain_counts(
            strata.codes, len(strata.names), population.labels, population.cohorts
        ),
        **{name: list(texts) for name, texts in score_summaries(population, strata).items()},
    }
    for stored in _stored(views, drawn):
        place = design.names.index(stored["stratum"])
        for name in ("size", "domains", *_SUMS):
            if stored[name] is not None and _read(stored[name]) != _read(
                made.get(name, {place: None})[place]
            ):
                yield f"designs.{name}"


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _stored(views: Views, drawn: _Drawn) -> list[dict[str, Any]]:
    """Return the rows of a design."""
    columns = ["batch", "purpose", "draw_no", "stratum", "size", "domains", *_SUMS]
    rows = where_in(views.tables.read("designs", columns), "batch", drawn.attempt.batch)
    return [
        row
        for row in where_in(rows, "purpose", VERIFY).to_pylist()
        if row["draw_no"] == drawn.design.draw_no
    ]


def _other_rows(drawn: _Drawn) -> Iterator[str]:
    """Yield the columns of sampled rows that are not those of their predictions."""
    places = {name: place for place, name in enumerate(drawn.rows.ids)}
    for sampled in drawn.sampled.select(["prediction_id", *_DRAWN]).to_pylist():
        place = places.get(sampled["prediction_id"])
        if place is None:
            yield "samples.prediction_id"
            continue
        right = drawn.rows.row(place)
        there = {**sampled, "cohorts": dict(sampled["cohorts"] or ())}
        yield from (f"samples.{name}" for name in _DRAWN if there[name] != right[name])


def _of(sampled: pa.Table, attempt: Attempt) -> pa.Table:
    """Return the sampled rows of a batch that its live version predicted."""
    return where_in(where_in(sampled, "batch", attempt.batch), "version", attempt.version)


def other_scores(
    data: JobData, views: Views, settings: Settings, attempt: Attempt
) -> Iterator[str]:
    """Yield sampled rows that show something else than their input, or have other probabilities.

    Args:
        data: of the job.
        views: of its tables.
        settings: name the trusted keys.
        attempt: the live scoring of a batch whose input is unchanged.

    Yields:
        A sentence for each such row.
    """
    design = designs(views, VERIFY).get(attempt.batch)
    is_same = design is not None and design.survey_digest == survey_digest(data.job)
    if not is_same or differs(attempt.rules, data.job, NAMING, CONTENT, SEED):
        return
    columns = ["prediction_id", "shown", "scores"]  # without times, whose rows would load pandas
    whole = views.current_samples(purpose=VERIFY, shown=True, scores=True)
    sampled = _of(whole, attempt).select(columns).to_pylist()
    scorer = predicted.scorer_of(data.job, _package(data, settings, attempt))
    tombstones = erasures(views.tables).tombstones
    sampled = [row for row in sampled if row["prediction_id"] not in tombstones]
    wanted = WantedIds(attempt, frozenset(row["prediction_id"] for row in sampled), scorer)
    again = read_again(data, [wanted])[attempt.batch]
    if isinstance(again, InputChanged):
        return
    if isinstance(again, RecheckError):
        raise again
    for row in sampled:
        name = row["prediction_id"]
        if row["shown"] != again.shown[name]:
            yield f"batch {attempt.batch}: {name} shows something else than its input"
        if row["scores"] is not None and _are_apart(row["scores"], again.scores.get(name)):
            yield f"batch {attempt.batch}: samples.scores of {name} come out differently"


def _are_apart(stored: Iterable[tuple[str, float]], now: Mapping[str, float] | None) -> bool:
    """Tell whether probabilities differ by more than the number of rows in a call can change."""
    then, again = dict(stored), now or {}
    return then.keys() != again.keys() or any(
        abs(then[name] - again[name]) > _NEAR for name in then
    )
