"""The step `score`: find the batches that are due, run an engine, publish each batch by one commit."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from functions.app import App
from functions.batches import attempts as ledger
from functions.batches import discovery
from functions.batches import model as models
from functions.batches.attempts import Attempt
from functions.batches.class_warnings import scoring_warnings
from functions.batches.discovery import Input
from functions.batches.due import BatchChoice, Ledgers, due_batches, failed
from functions.batches.failures import first_of
from functions.batches.nightly import is_plain, selected
from functions.batches.publish import BatchResult, Publisher, most_bad
from functions.batches.unknown_categories import warnings_of
from functions.batches.unscorable import most_rows, too_large
from functions.erasure.erasures import erasures
from functions.runs import Run, words_of
from infra.engines import choice
from pipelines.errors import RecheckError, StepMissing
from pipelines.input.batches import UNKNOWN
from pipelines.input.fragments import Split
from pipelines.job.rules import batch_rule, reading_rules
from pipelines.scoring.batch_results import BatchResults
from pipelines.scoring.duplicate_keys import duplicates
from pipelines.scoring.forgotten_rows import FORGOTTEN, ForgottenRows
from pipelines.scoring.fragment_results import FragmentResult
from pipelines.scoring.score_fragment import Outcome, Work


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """The options of `recheck score`."""

    batches: tuple[str, ...] = ()
    engine: str = choice.AUTO
    replace: bool = False
    early: bool = False
    dry_run: bool = False
    by_itself: bool = False  # leave out what nobody should score without naming it, as `run` does
    since: str | None = None  # and begin with this batch


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The state of every batch; those that were published stay so, whatever failed beside them."""

    version: str  # of the model
    batches: list[BatchResult]  # by name

    @property
    def failure(self) -> RecheckError | None:
        """The error of the first batch that failed, with the names of the others."""
        return first_of(self.failed)

    @property
    def failed(self) -> dict[str, RecheckError]:
        """The error of each batch that failed."""
        return {one.batch: one.error for one in self.batches if one.error}


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
    if not all(map(is_plain, options.batches)):
        named = selected(options.batches, discovery.names(app.data))
        options = replace(options, batches=tuple(named))
    data = discovery.find(app.data, options.batches)
    if spare := [source.name for source in data.sources if source.is_spare]:
        app.say(f"hint: {len(spare)} files of no bytes count as no rows, the first: {spare[0]}")
    model = models.live(app.job, app.store, app.settings)
    if model.news:
        app.say(f"warning: {model.news}")
    tables = app.tables()
    ledgers = Ledgers(ledger.scored(tables), {} if options.replace else ledger.live(tables))
    wanted = BatchChoice(
        app.now(), options.early, options.since, options.by_itself, trained_on=model.trained_on
    )
    found = due_batches(app.data, data, wanted, ledgers)
    states = found.states
    if options.dry_run:
        states |= {batch: BatchResult(batch, 0, 0, 0, "due") for batch in found.due}
        return ScoreResult(model.version, [states[batch] for batch in sorted(states)])
    large = {batch: too_large(data, batch) for batch in found.due}
    states |= {batch: failed(batch, error) for batch, error in large.items() if error}
    if due := [batch for batch, error in large.items() if not error]:
        states |= _Scoring(app, options, data, due, model).run()
    return ScoreResult(model.version, [states[batch] for batch in sorted(states)])


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
                unique = _without_duplicates(work, _whole(work, results, splits), splits)
                done[batch] = publisher.publish(batch, unique)
                self._warn_of_no_batch(batch, unique)
                self._warn_of_forgotten(batch, unique)
                for warning in warnings_of(batch, unique, self.model.unknown_in_training):
                    self.app.say(warning)
                for warning in scoring_warnings(batch, unique, self.app.job):
                    self.app.say(warning)
            except RecheckError as problem:
                done[batch] = failed(batch, problem)
        return done

    def _publisher(self) -> Publisher:
        app = self.app
        return Publisher(
            app.job,
            app.store,
            self.model.version,
            self.input,
            app.committing,
            lambda run, moment: app.keep_at(moment, [run]),
        )

    def _warn_of_no_batch(self, batch: str, results: Sequence[FragmentResult]) -> None:
        count = sum(result.bad_count for result in results)
        if batch == UNKNOWN and count:
            self.app.say(
                f"warning: {count} rows belong to no batch, for their "
                f"{batch_rule(self.app.job).column!r} is empty or cannot be read: they are in `quarantine`"
            )

    def _warn_of_forgotten(self, batch: str, results: Sequence[FragmentResult]) -> None:
        files = [row.source for one in results for row in one.bad if row.reason == FORGOTTEN]
        if files:
            self.app.say(
                f"warning: batch {batch}: {len(files)} rows that were forgotten are still in the input, in "
                f"{', '.join(sorted(set(files)))}: they are not scored; take them out"
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
            most_bad=self._most_bad(),
            forgotten=ForgottenRows(
                self.app.job.sampling.seed, erasures(self.app.tables()).digests
            ),
        )

    def _most_bad(self) -> dict[str, int]:
        """Return how many rows of each batch may be bad, were all rows of its files its own."""
        return {batch: most_bad(self.app.job, most_rows(self.input, batch)) for batch in self.due}

    def _finished(
        self, outcomes: Iterable[Outcome], splits: Sequence[Split]
    ) -> Iterator[tuple[str, list[FragmentResult], RecheckError | None]]:
        """Yield each batch with its results as soon as the last of its splits is done, or it is refused."""
        waiting = {batch: self.input.numbers(batch, splits) for batch in self.due}
        results = {batch: BatchResults(limit) for batch, limit in self._most_bad().items()}
        errors: dict[str, RecheckError] = {}
        broken: RecheckError | None = None
        try:
            for outcome in outcomes:
                number = discovery.number(outcome.split)
                for result in outcome.results:
                    if result.batch in waiting:
                        results[result.batch].add(result)
                for batch in [one for one, numbers in waiting.items() if number in numbers]:
                    waiting[batch].discard(number)
                    if error := outcome.error or outcome.refused.get(batch):
                        errors.setdefault(batch, error)
                    if results[batch].is_refused or not waiting[batch]:
                        del waiting[batch]
                        yield batch, results.pop(batch).results, errors.get(batch)
                if not waiting:  # whatever is left belongs to batches that are refused already
                    return
        except RecheckError as error:  # of the engine or the store: nothing more can be scored
            broken = error
        for batch in waiting:  # what an error left over, and batches without any split
            yield batch, [], broken


def _whole(
    work: Work, results: list[FragmentResult], splits: Sequence[Split]
) -> list[FragmentResult]:
    """Score splits once more that have more bad rows than were kept, if the batch may be published.

    Then the bad rows are few beside all rows, and `quarantine` gets each of them.
    """
    if not any(one.more_bad for one in results):
        return results
    batch, bad = results[0].batch, sum(one.bad_count for one in results)
    if bad > work.most_bad[batch]:
        return results
    thin = {(one.source_number, one.row_group) for one in results if one.more_bad}
    return _scored_again(work, results, [s for s in splits if discovery.number(s) in thin])


def _without_duplicates(
    work: Work, results: list[FragmentResult], splits: Sequence[Split]
) -> list[FragmentResult]:
    """Score the splits that hold rows of the same key once more, without those rows."""
    left_out = duplicates(results)
    if not left_out:
        return results
    redone = [split for split in splits if any(split.holds(*row) for row in left_out)]
    return _scored_again(replace(work, excluded=left_out), results, redone)


def _scored_again(
    work: Work, results: list[FragmentResult], splits: Sequence[Split]
) -> list[FragmentResult]:
    """Score some splits of one batch once more, with every bad row; keep the results of the others."""
    batch, numbers = results[0].batch, {discovery.number(split) for split in splits}
    again = replace(work, attempts={batch: work.attempts[batch]}, most_kept=None, most_bad={})
    kept = [one for one in results if (one.source_number, one.row_group) not in numbers]
    return [*kept, *(one for split in splits for one in again.results(split))]


def require_scored(live: Mapping[str, Attempt], batch: str) -> None:
    """Refuse a batch without predictions.

    Raises:
        StepMissing: it was not scored.
    """
    if batch not in live:
        if not is_plain(batch):
            raise StepMissing(
                f"no batch is called {batch!r}: only `fit` and `score` take ranges and patterns",
                fix="name each batch by a --batch of its own; `recheck status …` lists them",
            )
        raise StepMissing(
            f"batch {batch!r} has no predictions",
            fix=f"run `recheck score … --batch {shlex.quote(batch)}` first",
        )
