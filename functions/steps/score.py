"""The step `score`: find the batches that are due, run an engine, publish each batch by one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from functions.app import App
from functions.batches import attempts as ledger
from functions.batches import discovery
from functions.batches import model as models
from functions.batches.attempts import NAMING, Attempt, differs
from functions.batches.discovery import Input
from functions.batches.failures import FAILED, first_of
from functions.batches.publish import BatchResult, Publisher
from functions.batches.unknown_categories import warnings_of
from functions.batches.unlisted_classes import warning_of
from functions.runs import Run, words_of
from infra.engines import choice
from pipelines.errors import BatchOpen, BatchRefused, JobInvalid, RecheckError, StepMissing
from pipelines.input.batches import UNKNOWN, period_end
from pipelines.input.fragments import Split
from pipelines.job.rules import batch_rule, reading_rules
from pipelines.scoring.duplicate_keys import duplicates
from pipelines.scoring.fragment_results import FragmentResult
from pipelines.scoring.score_fragment import Outcome, Work

_LONGEST = 255 - len("batch=")  # bytes of a folder's name, as it is written


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """The options of `recheck score`."""

    batches: tuple[str, ...] = ()
    engine: str = choice.AUTO
    replace: bool = False
    early: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The state of every batch; those that were published stay so, whatever failed beside them."""

    version: str  # of the model
    batches: list[BatchResult]  # by name

    @property
    def failure(self) -> RecheckError | None:
        """The error of the first batch that failed, with the names of the others."""
        return first_of({one.batch: one.error for one in self.batches if one.error})


def score(app: App, options: ScoreOptions) -> ScoreResult:
    """Score the batches that are asked for, or all.

    Raises:
        RecheckError: nothing can be scored, as from the model or the input. What
            is wrong with one batch is part of the result.
    """
    run = Run.of("score", options.batches, {"engine": options.engine})
    with app.recording(run, dry_run=options.dry_run, only_failed=True):
        result = _score(app, options)
        app.log.ended += [
            Run("score", state.batch, inputs=run.inputs, error=words_of(state.error))
            for state in result.batches
            if state.error
        ]
    return result


def _score(app: App, options: ScoreOptions) -> ScoreResult:
    choice.check(options.engine)
    data = discovery.find(app.data, options.batches)
    if spare := [source.name for source in data.sources if source.is_spare]:
        app.say(f"hint: {len(spare)} files of no bytes count as no rows, the first: {spare[0]}")
    model = models.live(app.job, app.store, app.settings)
    tables = app.tables()
    scored = ledger.scored(tables)
    live = {} if options.replace else ledger.live(tables)
    states, due = _due(app, options, data, scored, live)
    _require_one_naming(app, due, scored)
    if options.dry_run:
        states |= {batch: BatchResult(batch, 0, 0, 0, "due") for batch in due}
    else:
        # a batch that was named may not be there at all, which is told when its rows are read
        refused = [batch for batch in due if len(quote(batch, safe="")) > _LONGEST]
        refused = [] if options.batches else refused
        states |= {batch: _unnamable(batch) for batch in refused}
        due = [batch for batch in due if batch not in refused]
        if due:
            states |= _Scoring(app, options, data, due, model).run()
            _warn_of_unlisted(app, [states[batch] for batch in due])
    return ScoreResult(model.version, [states[batch] for batch in sorted(states)])


def _warn_of_unlisted(app: App, done: Sequence[BatchResult]) -> None:
    """Say which classes another system predicted that people cannot choose."""
    if app.job.predictions is None or app.job.task != "classification":
        return
    tables = app.tables()
    for one in done:
        if one.error is None and one.predictions:
            labels = tables.read("predictions", ["label"], batch=one.batch)["label"]
            found = labels.value_counts()
            counts = dict(
                zip(
                    found.field("values").to_pylist(),
                    found.field("counts").to_pylist(),
                    strict=True,
                )
            )
            if warning := warning_of(one.batch, counts, app.job.target.answers):
                app.say(warning)


def _unnamable(batch: str) -> BatchResult:
    error = BatchRefused(
        f"batch {batch!r} has a name that no folder can have: it is too long",
        fix="give the batch a shorter name",
    )
    return BatchResult(batch, 0, 0, 0, FAILED, error)


def _due(
    app: App,
    options: ScoreOptions,
    data: Input,
    early: Mapping[str, Attempt],
    live: Mapping[str, Attempt],
) -> tuple[dict[str, BatchResult], list[str]]:
    """Return the batches that have a state already, and the names of those to score."""
    closed = [batch for batch in data.batches if options.early or not is_open(app, batch)]
    if options.batches and len(closed) < len(data.batches):
        raise BatchOpen(
            f"the period of {min(set(data.batches) - set(closed))} is not over, or has not settled",
            fix="wait, or pass --early to score what is there; score it with --replace when it is over",
        )
    states = {
        batch: _state(early[batch], "open")
        if batch in early
        else BatchResult(batch, 0, 0, 0, "open")
        for batch in data.batches
        if batch not in closed
    }
    published = {batch: live[batch] for batch in closed if batch in live}
    changed = discovery.changed(app.job, data, published)
    for batch, attempt in published.items():
        states[batch] = _state(attempt, "changed" if batch in changed else "already")
    return states, [batch for batch in closed if batch not in published]


def _require_one_naming(app: App, due: Sequence[str], known: Mapping[str, Attempt]) -> None:
    """Refuse to score where batches by another rule may hold the same rows."""
    others = {b for b, one in known.items() if b not in due and differs(one.rules, app.job, NAMING)}
    if due and others:
        raise JobInvalid(
            f"batches were scored when the job file had another data.key, data.time or [batches] "
            f"({', '.join(sorted(others)[:3])}; {len(others)} in all): rows could count in two batches",
            fix="change it back, score all that the data holds anew (`recheck score … --replace`), or, where "
            "earlier batches are there no more, give the job another name",
        )


def is_open(app: App, batch: str) -> bool:
    """Tell whether the period of a batch is not over, or has not settled."""
    end = period_end(batch, app.job.batches)
    return end is not None and app.now() < end


def _state(attempt: Attempt, status: str) -> BatchResult:
    return BatchResult(
        attempt.batch, attempt.rows_in, attempt.predictions, attempt.quarantined, status
    )


@dataclass
class _Scoring:
    """One run of an engine over the batches that are due."""

    app: App
    options: ScoreOptions
    input: Input
    due: Sequence[str]
    model: models.Live

    def run(self) -> dict[str, BatchResult]:
        """Score and publish; a batch that fails stops no other."""
        splits = self.input.splits(self.due)
        publisher = self._publisher()
        work = self._work(publisher)
        size = self.input.bytes_of(self.due)
        engine = choice.engine_for(self.app.settings, self.options.engine, size)
        outcomes = self.app.track(engine.score(work, splits), len(splits), "Scoring")
        done: dict[str, BatchResult] = {}
        for batch, results, error in self._finished(outcomes, splits):
            try:
                if error:
                    raise error
                unique = _without_duplicates(work, results, splits)
                self._warn_of_no_batch(batch, unique)
                done[batch] = publisher.publish(batch, unique)
                for warning in warnings_of(batch, unique, self.model.unknown_in_training):
                    self.app.say(warning)
            except RecheckError as problem:
                done[batch] = BatchResult(batch, 0, 0, 0, FAILED, problem)
        return done

    def _publisher(self) -> Publisher:
        app = self.app
        return Publisher(
            app.job, app.store, self.model.version, self.input, lambda run: app.keep([run])
        )

    def _warn_of_no_batch(self, batch: str, results: Sequence[FragmentResult]) -> None:
        count = sum(len(result.bad) for result in results)
        if batch == UNKNOWN and count:
            self.app.say(
                f"warning: {count} rows belong to no batch, for their "
                f"{batch_rule(self.app.job).column!r} is empty or cannot be read: they are in `quarantine`"
            )

    def _work(self, publisher: Publisher) -> Work:
        files = {batch: self.input.files_of(batch) for batch in self.due}
        attempts = {batch: publisher.attempt(batch) for batch in self.due}
        digests = {name: digest for own in files.values() for name, digest in own.items()}
        return Work(
            rules=reading_rules(self.app.job),
            open_scorer=self.model.open_scorer,
            table=self.app.store.table("predictions"),
            attempts=attempts,
            file_digests=digests,
        )

    def _finished(
        self, outcomes: Iterable[Outcome], splits: Sequence[Split]
    ) -> Iterator[tuple[str, list[FragmentResult], RecheckError | None]]:
        """Yield each batch with its results as soon as the last of its splits is done."""
        waiting = {batch: self.input.numbers(batch, splits) for batch in self.due}
        results: dict[str, list[FragmentResult]] = {batch: [] for batch in self.due}
        errors: dict[str, RecheckError] = {}
        broken: RecheckError | None = None
        try:
            for outcome in outcomes:
                number = discovery.number(outcome.split)
                for result in outcome.results:
                    results[result.batch].append(result)
                for batch in [one for one, numbers in waiting.items() if number in numbers]:
                    waiting[batch].discard(number)
                    if outcome.error:
                        errors.setdefault(batch, outcome.error)
                    if not waiting[batch]:
                        del waiting[batch]
                        yield batch, results.pop(batch), errors.get(batch)
        except RecheckError as error:  # of the engine or the store: nothing more can be scored
            broken = error
        for batch in waiting:  # what an error left over, and batches without any split
            yield batch, [], broken


def _without_duplicates(
    work: Work, results: list[FragmentResult], splits: Sequence[Split]
) -> list[FragmentResult]:
    """Score the splits that hold rows of the same key once more, without those rows."""
    left_out = duplicates(results)
    if not left_out:
        return results
    batch = results[0].batch
    again = replace(work, attempts={batch: work.attempts[batch]}, excluded=left_out)
    redone = [split for split in splits if any(split.holds(*row) for row in left_out)]
    numbers = {discovery.number(split) for split in redone}
    kept = [one for one in results if (one.source_number, one.row_group) not in numbers]
    return [*kept, *(one for split in redone for one in again.results(split))]


def require_scored(live: Mapping[str, Attempt], batch: str) -> None:
    """Refuse a batch without predictions.

    Raises:
        StepMissing: it was not scored.
    """
    if batch not in live:
        raise StepMissing(
            f"batch {batch!r} has no predictions",
            fix=f"run `recheck score … --batch {batch}` first",
        )
