"""The step `push`: make one task in Label Studio per question that has none."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.app import App
from functions.batches.class_warnings import unlisted_warning
from functions.draws.blindness import sight_of_drawn
from functions.draws.designs import asked_otherwise, designs
from functions.draws.training_draw import training_draws
from functions.erasure.tombstones import are_tombstones
from functions.label_studio import asked, connect, digests, survey, tell_unreadable
from functions.runs import Run
from functions.tables import Views, of_purpose
from labeling.questions.survey import Survey, fitted
from labeling.questions.tasks import Task, make_task
from pipelines.columns import relations
from pipelines.columns.buffers import Floats, texts
from pipelines.columns.relations import where_in
from pipelines.errors import JobInvalid, StepMissing
from pipelines.identity.ids import keyed_hashes
from pipelines.sampling.draws import push_order
from pipelines.sampling.plan import CENSUS_REASON
from pipelines.tables.purposes import TRAIN, VERIFY
from pipelines.tables.schemas import DESIGNS, QUESTIONS, SAMPLES, table_of

if TYPE_CHECKING:
    from labeling.labelstudio.client import LabelStudio
    from labeling.labelstudio.projects import Project

_WAIT = 600  # seconds for another push to end
_SAMPLE_FIRST = "run `recheck sample …` first: the rows stay drawn, and people are asked anew"


@dataclass(frozen=True, slots=True)
class PushOptions:
    """The options of `recheck push`."""

    batches: tuple[str, ...] = ()
    purpose: str = VERIFY
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Pushed:
    """The tasks that a push made, and those that were there."""

    project: int | None  # None where there is none yet (--dry-run)
    created: int
    existing: int
    url: str | None = None  # of the project
    unreadable: tuple[str, ...] = ()  # tasks of the project that cannot be read, in words


@dataclass(frozen=True, slots=True)
class _Board:
    """The project that holds the tasks."""

    server: str
    project: int


def push(app: App, options: PushOptions) -> Pushed:
    """Make one task per question that has none; safe to repeat.

    Raises:
        JobInvalid: no column is shown.
        StepMissing: nothing was drawn.
        LabelStudioUnreachable, LabelStudioRefused, ProjectChanged: see `labeling.labelstudio`.
    """
    _require_something_to_show(app)
    run = Run.of("push", options.batches, {"purpose": options.purpose})
    with app.recording(run, dry_run=options.dry_run):
        result = _push(app, options, run)
        run.rows = result.created
        run.outputs |= asdict(result)
    return result


def _require_something_to_show(app: App) -> None:
    """Refuse to ask about rows of which people would see nothing."""
    if not app.job.labeling.show:
        raise JobInvalid(
            "labeling.show is empty: people would see nothing of the rows that they are asked about",
            fix="name the columns that they may see in labeling.show; or give outcomes by `recheck pull --file`",
        )


def _push(app: App, options: PushOptions, run: Run) -> Pushed:
    from labeling.labelstudio import projects
    from labeling.labelstudio.push import Journal
    from labeling.labelstudio.push import push as send

    questions = survey(app.job)
    with (
        connect(app.label_studio, app.settings) as server,
        app.alone(f"push-{app.job.name}", wait=_WAIT, dry_run=options.dry_run),
    ):
        marker = projects.project_marker(app.job.sampling.seed, app.job.name, options.purpose)
        if options.dry_run:
            project = projects.find_project(server, marker)
            return _would_push(app, server, options, questions, project)
        if options.purpose == TRAIN:
            draw_training_rows(app, options.batches)
        views = app.views()  # with the rows that were drawn just now
        rows = _due(app, views, options)
        tasks = _tasks(app, questions, rows)
        asked_here = fitted(questions, (row["shown"] for row in rows))
        project = projects.ensure_project(
            server, marker, f"{app.job.name} {options.purpose}", asked_here
        )
        journal = Journal(app.store.notes, f"push-{app.job.name}-{options.purpose}.json")
        pushed = send(
            server,
            project,
            tasks,
            journal,
            lambda done, of: app.say(f"sent {done} of {of} new tasks"),
            dropped=_dropped(views, server.url, options),
        )
        board = _Board(server.url, project.id)
        run.outputs["questions"] = _record(app, views, board, rows, pushed.tasks)
    tell_unreadable(app.say, pushed.unreadable)
    return Pushed(project.id, pushed.created, pushed.existing, project.url, pushed.unreadable)


def draw_training_rows(app: App, batches: Sequence[str]) -> None:
    """Choose rows for people to label, and store each batch's draw that is new.

    Raises:
        BatchUnknown, InputUnreadable: see `functions.draws.training_draw`.
    """
    for drawn in training_draws(app.data, app.views(), batches):
        new = drawn.new_rows(app.settings.actor)
        if new is None:
            continue
        samples, design = new
        with app.committing() as moment:
            dated = [{**row, "known_at": moment} for row in samples]
            app.store.table("samples").append(table_of(SAMPLES, dated))
            app.store.table("designs").append(table_of(DESIGNS, [{**design, "known_at": moment}]))


def _would_push(
    app: App, server: LabelStudio, options: PushOptions, questions: Survey, project: Project | None
) -> Pushed:
    from labeling.labelstudio.push import count_missing

    views = app.views()
    if options.purpose == TRAIN:
        drawn = training_draws(app.data, views, options.batches)
        rows = [row for one in drawn for row in one.samples()]
    else:
        rows = _due(app, views, options)
    if project is None:
        return Pushed(None, len(rows), 0)
    tasks = [make_task(questions, row["prediction_id"], row["shown"]) for row in rows]
    new = count_missing(server, project, tasks)
    return Pushed(project.id, new, len(rows) - new, project.url)


def _due(app: App, views: Views, options: PushOptions) -> list[dict[str, Any]]:
    """Return the questions of some batches; leave out, or refuse, those that would be asked otherwise now."""
    rows = _drawn(app.job.sampling.seed, views, options)
    if options.purpose == VERIFY:  # training rows were read just now
        earlier = asked_otherwise(app.job, views) & {row["batch"] for row in rows}
        if earlier and (options.batches or earlier >= {row["batch"] for row in rows}):
            raise StepMissing(_asked_otherwise(min(earlier)), fix=_SAMPLE_FIRST)
        for batch in sorted(earlier):  # its input may have left, and it stops no other
            app.say(f"warning: left out: {_asked_otherwise(batch)}")
        if earlier:
            app.say(f"hint: {_SAMPLE_FIRST}")
        rows = [row for row in rows if row["batch"] not in earlier]
        _warn_of_unlisted(app, rows)
        sight_of_drawn(app.job, rows).require_blind("the rows that are drawn")
    return rows


def _warn_of_unlisted(app: App, rows: Sequence[dict[str, Any]]) -> None:
    """Say which predicted classes people cannot choose, batch by batch."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row["batch"], Counter())[row["label"]] += 1
    for batch, labels in sorted(counts.items()):
        if warning := unlisted_warning(batch, labels, app.job):
            app.say(warning)


def _drawn(seed: str, views: Views, options: PushOptions) -> list[dict[str, Any]]:
    """Return the questions of some batches, in the order in which people should get them."""
    samples = views.current_samples(purpose=options.purpose, shown=True)
    census = {
        batch
        for batch, one in designs(views, options.purpose).items()
        if one.reason == CENSUS_REASON
    }  # their answers came by themselves
    rows = relations.records(samples)
    drawn = {row["batch"] for row in rows}
    for batch in [batch for batch in options.batches if batch not in drawn]:
        fix = f"run `recheck sample … --batch {shlex.quote(batch)}` first"
        raise StepMissing(f"nothing was drawn from batch {batch!r}", fix=_fix(options, fix))
    if not rows:
        raise StepMissing(
            "nothing was drawn yet", fix=_fix(options, "run `recheck sample …` first")
        )
    wanted = set(options.batches or (row["batch"] for row in rows)) - census
    forgotten = are_tombstones(samples["key"]).tolist()
    rows = [row for row, is_one in zip(rows, forgotten, strict=True) if not is_one]
    rows = [row for row in rows if row["batch"] in wanted]
    ranks = np.array([row["rank"] for row in rows])
    allocated = np.array(
        [max(row["inclusion_probability"] * row["stratum_size"], 1.0) for row in rows]
    )
    queue = push_order(ranks, allocated, _offsets(seed, rows))
    order = sorted(
        range(len(rows)),
        key=lambda place: (queue[place], rows[place]["batch"], rows[place]["prediction_id"]),
    )
    return [rows[place] for place in order]


def _offsets(seed: str, rows: Sequence[dict[str, Any]]) -> Floats:
    """Return where in the queue each row's stratum begins, within [0, 1), by keyed hash."""
    strata = sorted({(row["batch"], row["stratum"]) for row in rows})
    chance = {
        (batch, stratum): float(keyed_hashes(seed, "queue", batch, texts([stratum]))[0, 0]) / 2**64
        for batch, stratum in strata
    }
    return np.array([chance[row["batch"], row["stratum"]] for row in rows], np.float64)


def _fix(options: PushOptions, of_verify: str) -> str:
    """Return the way out where nothing was drawn: a push draws training rows itself."""
    return of_verify if options.purpose == VERIFY else "look at the data: no row there has a key"


def _asked_otherwise(batch: str) -> str:
    return f"the job file shows or asks something else than when batch {batch!r} was drawn from"


def _dropped(views: Views, server: str, options: PushOptions) -> set[str]:
    """Return the predictions of these batches that people are no longer asked about."""
    questions = where_in(of_purpose(views.questions, options.purpose), "server", server)
    if options.batches:
        questions = where_in(questions, "batch", *options.batches)
    before = set(questions["prediction_id"].to_pylist())
    return before - digests(views, options.purpose).keys()


def _tasks(app: App, questions: Survey, rows: Sequence[dict[str, Any]]) -> list[Task]:
    people = _annotators(app, rows)
    return [
        make_task(questions, row["prediction_id"], row["shown"], people[row["prediction_id"]])
        for row in rows
    ]


def _annotators(app: App, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return the number of people for each question: several for a share of them, by keyed hash."""
    labeling = app.job.labeling
    limit = int(labeling.overlap * 2**64)
    people: dict[str, int] = {}
    for batch in {row["batch"] for row in rows}:
        own = [row for row in rows if row["batch"] == batch]
        keys = texts(row["key"] for row in own)
        hashes = keyed_hashes(app.job.sampling.seed, "overlap", batch, keys)[:, 0].tolist()
        for row, one in zip(own, hashes, strict=True):
            people[row["prediction_id"]] = labeling.annotators if one < limit else 1
    return people


def _record(
    app: App, views: Views, board: _Board, rows: Sequence[dict[str, Any]], tasks: Mapping[str, int]
) -> int:
    """Store the questions that have a task now, and count the new ones; the lock of the push keeps others from doing so."""
    stored = asked(views, board.server, rows[0]["purpose"]) if rows else {}
    head = {"job": app.job.name, "server": board.server, "project": board.project}
    fresh = [
        {
            **head,
            **{name: row[name] for name in ("batch", "purpose", "prediction_id", "shown_digest")},
            "task_id": tasks[row["prediction_id"]],
        }
        for row in rows
        if stored.get((row["prediction_id"], row["shown_digest"])) != tasks[row["prediction_id"]]
    ]
    if fresh:
        with app.committing() as moment:
            rows = [{**row, "known_at": moment} for row in fresh]
            app.store.table("questions").append(table_of(QUESTIONS, rows))
    return len(fresh)
