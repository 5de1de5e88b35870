"""Ask people and fetch their answers: questions to Label Studio, answers from there or from a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions import views
from functions.app import App
from functions.steps import training_rows
from functions.steps.plans import designs
from functions.steps.shown import shown_columns, survey_digest
from labeling.answer_files import read_answers
from labeling.answers import Answer, Held, Intake, hold, take, to_table
from labeling.tasks import Survey, Task, make_task
from pipelines.columns import texts
from pipelines.errors import LabelStudioRefused, StepMissing
from pipelines.hashing import hex_text
from pipelines.identity import keyed_hashes, prediction_ids
from pipelines.sampling import push_order
from pipelines.schemas import QUESTIONS, table_of

PURPOSES = ("verify", "train")
_WAIT = 600  # seconds for another push to end


@dataclass(frozen=True, slots=True)
class Options:
    """What `recheck push` was told."""

    batches: tuple[str, ...] = ()
    purpose: str = "verify"
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    project: int | None  # None where nothing was pushed yet (--dry-run)
    created: int
    existing: int
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull added, or refused."""

    annotations: int
    labels: int
    skipped: int
    invalid: int
    unknown: int
    stale: int
    outcomes: int
    unknown_ids: tuple[str, ...] = ()


def survey(app: App) -> Survey:
    """What the job asks about each row."""
    labeling = app.job.labeling
    answers = app.job.target.answers if app.job.task == "classification" else ()
    return Survey(
        labeling.question,
        answers,
        tuple(shown_columns(app.job)),
        labeling.instructions,
        labeling.guideline,
    )


def is_connected(app: App) -> bool:
    """Whether settings name a Label Studio."""
    return bool(app.settings.label_studio_url and app.settings.label_studio_api_key)


def connect(app: App) -> Any:
    """A client of the Label Studio that settings name; it closes as a context does.

    Raises:
        LabelStudioRefused: settings name none.
    """
    from labeling.labelstudio.client import SdkClient

    url, key = app.settings.label_studio_url, app.settings.label_studio_api_key
    if not url or not key:
        raise LabelStudioRefused(
            "no Label Studio is named",
            fix="set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY; `recheck labelstudio up` starts one on this machine",
        )
    return SdkClient(url, key.get_secret_value())


def push(app: App, options: Options) -> Pushed:
    """Make one task per question that has none; safe to repeat.

    Raises:
        StepMissing: nothing was drawn.
        LabelStudioUnreachable, LabelStudioRefused, ProjectChanged: see `labeling.labelstudio`.
    """
    from labeling.labelstudio import projects
    from labeling.labelstudio.push import Journal
    from labeling.labelstudio.push import push as send

    questions = survey(app)
    with connect(app) as server, app.store.lock(f"push-{app.job.name}", wait=_WAIT):
        if options.purpose == "train" and not options.dry_run:
            training_rows.draw(app, options.batches)
        rows = _drawn(app, options)
        if options.purpose == "verify":  # training rows were looked at just now
            _require_same_survey(app, {row["batch"] for row in rows})
        tasks = _tasks(app, questions, rows)
        if options.dry_run:
            return _would_push(app, server, options.purpose, rows)
        marker = projects.project_marker(app.job.sampling.seed, app.job.name, options.purpose)
        project = projects.ensure_project(
            server, marker, f"{app.job.name} {options.purpose}", questions
        )
        journal = Journal(app.store.notes() / f"push-{app.job.name}-{options.purpose}.json")
        pushed = send(
            server,
            project,
            tasks,
            journal,
            lambda done, of: app.say(f"sent {done} of {of} new tasks"),
            dropped=_dropped(app, server.url, options),
        )
        _record(app, server.url, project.id, rows, pushed.tasks)
    return Pushed(project.id, pushed.created, pushed.existing, project.url)


def _would_push(app: App, server: Any, purpose: str, rows: Sequence[dict[str, Any]]) -> Pushed:
    known = asked(app, server.url, purpose)
    new = sum((row["prediction_id"], row["shown_digest"]) not in known for row in rows)
    return Pushed(None, new, len(rows) - new)


def _drawn(app: App, options: Options) -> list[dict[str, Any]]:
    """The questions of some batches, in the order in which people should get them."""
    samples = views.current_samples(app)
    samples = samples.filter(pc.equal(samples["purpose"], options.purpose))
    census = {
        batch for batch, one in designs(app, options.purpose).items() if one.reason == views.CENSUS
    }  # their answers came by themselves
    rows = samples.to_pylist()
    for batch in options.batches:
        if not any(row["batch"] == batch for row in rows):
            raise StepMissing(
                f"nothing was drawn from batch {batch!r}",
                fix=f"run `recheck sample … --batch {batch}` first",
            )
    if not rows:
        raise StepMissing("nothing was drawn yet", fix="run `recheck sample …` first")
    wanted = set(options.batches or (row["batch"] for row in rows)) - census
    rows = [row for row in rows if row["batch"] in wanted]
    ranks = np.array([row["rank"] for row in rows])
    allocated = np.array(
        [max(row["inclusion_probability"] * row["stratum_size"], 1.0) for row in rows]
    )
    queue = push_order(ranks, allocated)
    order = sorted(
        range(len(rows)),
        key=lambda place: (rows[place]["batch"], queue[place], rows[place]["prediction_id"]),
    )
    return [rows[place] for place in order]


def _require_same_survey(app: App, batches: Collection[str]) -> None:
    """Rows are kept as they were shown when they were drawn: a question of today does not fit."""
    now = survey_digest(app.job)
    for batch, design in designs(app, "verify").items():
        if batch in batches and design.survey_digest not in (None, now):
            raise StepMissing(
                f"the job file shows or asks something else than when batch {batch!r} was drawn from",
                fix="run `recheck sample …` first: the rows stay drawn, and people are asked anew",
            )


def _dropped(app: App, server: str, options: Options) -> set[str]:
    """The predictions of these batches that people were asked about and are not any more."""
    questions = views.view(app, "questions").select(["purpose", "server", "batch", "prediction_id"])
    before = {
        row["prediction_id"]
        for row in questions.to_pylist()
        if (row["purpose"], row["server"]) == (options.purpose, server)
        if not options.batches or row["batch"] in options.batches
    }
    return before - digests(app, options.purpose).keys()


def _tasks(app: App, questions: Survey, rows: Sequence[dict[str, Any]]) -> list[Task]:
    people = _annotators(app, rows)
    return [
        make_task(questions, row["prediction_id"], row["shown"], count)
        for row, count in zip(rows, people, strict=True)
    ]


def _annotators(app: App, rows: Sequence[dict[str, Any]]) -> list[int]:
    """How many people answer each question: several for a share of them, by keyed hash."""
    labeling = app.job.labeling
    limit = int(labeling.overlap * 2**64)
    counts = []
    for batch in dict.fromkeys(row["batch"] for row in rows):
        own = texts(row["key"] for row in rows if row["batch"] == batch)
        hashes = keyed_hashes(app.job.sampling.seed, "overlap", batch, own)[:, 0].tolist()
        counts += [labeling.annotators if one < limit else 1 for one in hashes]
    return counts


def asked(app: App, server: str, purpose: str) -> dict[tuple[str, str], int]:
    """The task of each question that was asked there."""
    questions = views.view(app, "questions").to_pylist()
    return {
        (row["prediction_id"], row["shown_digest"]): row["task_id"]
        for row in questions
        if row["purpose"] == purpose and row["server"] == server
    }


def _record(
    app: App, server: str, project: int, rows: Sequence[dict[str, Any]], tasks: Any
) -> None:
    """Note the questions that have a task now."""
    app.store.table("questions").refresh()
    known = asked(app, server, rows[0]["purpose"]) if rows else {}
    head = {"job": app.job.name, "server": server, "project": project}
    fresh = [
        {
            **head,
            **{name: row[name] for name in ("batch", "purpose", "prediction_id", "shown_digest")},
            "task_id": tasks[row["prediction_id"]],
        }
        for row in rows
        if known.get((row["prediction_id"], row["shown_digest"])) != tasks[row["prediction_id"]]
    ]
    if fresh:
        with app.committing() as moment:
            rows = [{**row, "known_at": moment} for row in fresh]
            app.store.table("questions").append(table_of(QUESTIONS, rows))


def pull(
    app: App, *, files: Sequence[Path] = (), full: bool = False, dry_run: bool = False
) -> Pulled:
    """Fetch what is new; the same again adds nothing.

    Raises:
        StepMissing: nobody was asked yet.
        AnswersUnreadable: a file cannot be understood.
        LabelStudioUnreachable, LabelStudioRefused: see `labeling.labelstudio`.
    """
    with app.store.lock(f"pull-{app.job.name}", wait=_WAIT):
        if files:
            return _summed([_from_file(app, path, dry_run=dry_run) for path in files])
        with connect(app) as server:
            if not views.view(app, "questions").num_rows:
                raise StepMissing(
                    "nobody was asked yet",
                    fix="run `recheck push …` first, or name a file of answers by --file",
                )
            return _summed(
                [
                    _from_server(app, server, purpose, full=full, dry_run=dry_run)
                    for purpose in PURPOSES
                ]
            )


def _from_server(
    app: App, server: Any, purpose: str, *, full: bool, dry_run: bool
) -> Intake | None:
    from labeling.labelstudio import projects
    from labeling.labelstudio.pull import Cursor
    from labeling.labelstudio.pull import pull as fetch

    marker = projects.project_marker(app.job.sampling.seed, app.job.name, purpose)
    project = projects.find_project(server, marker)
    if project is None:  # never made, or gone: what it gave stays
        return None
    note = f"pull-{app.job.name}-{purpose}.json"
    noted = None if full else app.store.noted(note)
    cursor = Cursor.from_json(noted) if noted else None
    held, drawn = _held(app, purpose), digests(app, purpose)
    pulled = fetch(server, project, survey(app), held, _ever_drawn(app, purpose), cursor=cursor)
    intake = take(pulled.answers, held, drawn=drawn, scored=_ever_drawn(app, purpose))
    if not dry_run:
        _append(app, intake, purpose)
        if pulled.cursor:
            app.store.note(note, pulled.cursor.to_json())
    return intake


def _from_file(app: App, path: Path, *, dry_run: bool) -> Intake:
    questions, job = survey(app), app.job
    named: dict[str, str] = {}  # what the file calls a prediction

    def identify(batch: str, keys: Sequence[str]) -> list[str]:
        ids = prediction_ids(job.sampling.seed, job.name, batch, texts(keys))
        found: list[str] = hex_text(ids).to_pylist()
        named.update(zip(found, (f"{key} of batch {batch}" for key in keys), strict=True))
        return found

    found = read_answers(path, questions.question, questions.answers, identify)
    questions_of = {purpose: digests(app, purpose) for purpose in PURPOSES}
    anywhere = {one for drawn in questions_of.values() for one in drawn}
    intakes = []
    for purpose, drawn in questions_of.items():
        rest = purpose == "verify"  # what nobody drew is an outcome or unknown, once
        own = [
            answer
            for answer in found
            if answer.prediction_id in drawn or (rest and answer.prediction_id not in anywhere)
        ]
        scored = _scored(app, {answer.prediction_id for answer in own} - drawn.keys())
        intakes.append(take(own, _held(app, purpose), drawn=drawn, scored=scored))
        if not dry_run:
            _append(app, intakes[-1], purpose)
    whole = _joined(intakes)
    return replace(whole, unknown_ids=tuple(named.get(one, one) for one in whole.unknown_ids))


def _joined(intakes: Sequence[Intake]) -> Intake:
    first, *rest = intakes
    for other in rest:
        counts = {
            name: getattr(first, name) + getattr(other, name)
            for name in ("labels", "skipped", "invalid", "unknown", "stale", "outcomes")
        }
        first = Intake(
            rows=first.rows + other.rows,
            unknown_ids=(first.unknown_ids + other.unknown_ids)[:10],
            **counts,
        )
    return first


def _summed(intakes: Sequence[Intake | None]) -> Pulled:
    known = [intake for intake in intakes if intake is not None]
    if not known:
        return Pulled(0, 0, 0, 0, 0, 0, 0)
    whole = _joined(known)
    return Pulled(**whole.counts, unknown_ids=whole.unknown_ids)


def _held(app: App, purpose: str) -> Held:
    app.store.table("annotations").refresh()
    rows = views.view(app, "annotations")
    return hold(rows.filter(pc.equal(rows["purpose"], purpose)))


def digests(app: App, purpose: str) -> dict[str, str]:
    """The question of each drawn prediction, as it stands now."""
    rows = views.current_samples(app)
    rows = rows.filter(pc.equal(rows["purpose"], purpose))
    return dict(
        zip(rows["prediction_id"].to_pylist(), rows["shown_digest"].to_pylist(), strict=True)
    )


def _ever_drawn(app: App, purpose: str) -> set[str]:
    rows = views.view(app, "samples")
    return set(rows.filter(pc.equal(rows["purpose"], purpose))["prediction_id"].to_pylist())


def _scored(app: App, candidates: Collection[str]) -> set[str]:
    """Those of some ids that are predictions, looked up only where nobody drew them."""
    if not candidates:
        return set()
    wanted, found = pa.array(sorted(candidates), pa.string()), set()
    table = app.store.table("predictions")
    for partition in table.partitions():
        if partition["job"] == app.job.name:
            for rows in table.batches(["prediction_id"], partition):
                found |= set(
                    rows.filter(pc.is_in(rows["prediction_id"], wanted))[
                        "prediction_id"
                    ].to_pylist()
                )
    return found


def _append(app: App, intake: Intake, purpose: str) -> None:
    if intake.rows:
        rows: list[Answer] = list(intake.rows)
        with app.committing() as moment:
            app.store.table("annotations").append(
                to_table(rows, job=app.job.name, purpose=purpose, known_at=moment)
            )
