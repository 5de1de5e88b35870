"""The step `pull`: fetch people's answers, from Label Studio or from a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

from functions.app import App
from functions.label_studio import PURPOSES, answer_form, connect, digests, survey, tell_unreadable
from functions.outcome_files import OutcomeFiles
from functions.runs import Run
from functions.tables import Views, of_purpose
from labeling.answers.answer_files import read_answers
from labeling.answers.cannot_tell import reasons_of
from labeling.answers.intake import Answer, Held, Intake, hold, take, to_table
from labeling.answers.set_aside import SetAside
from pipelines.columns.buffers import texts
from pipelines.errors import StepMissing
from pipelines.identity.ids import prediction_ids
from pipelines.identity.keyed_hash import hex_text
from pipelines.input.batches import spelled
from pipelines.tables.purposes import TRAIN, VERIFY

if TYPE_CHECKING:
    from labeling.labelstudio.client import LabelStudio
    from labeling.labelstudio.pull import Cursor

_WAIT = 600  # seconds for another pull to end
_AHEAD = timedelta(days=1)  # that a clock elsewhere, or a zone that is not named, may be
_NAMED = 3  # invalid answers, of many
_ALLOWED = 10  # answers that people may give, of many
_NAMELESS = "(no id)"
_SHOWN = 40  # characters of an answer
_NAMES = ("unknown_ids", "unreadable", "cannot_tell")


@dataclass(frozen=True, slots=True)
class Pulled:
    """Counts of answers that a pull added or refused."""

    annotations: int
    labels: int
    skipped: int
    invalid: int
    unknown: int
    stale: int
    outcomes: int
    unknown_ids: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()  # tasks and answers that cannot be read, in words
    cannot_tell: Mapping[str, int] = field(default_factory=dict)  # of the skipped: by reason

    def with_more(self, other: Pulled) -> Pulled:
        """Return the counts of both together."""
        summed = [one.name for one in fields(self) if one.name != "cannot_tell"]
        reasons = Counter(self.cannot_tell) + Counter(other.cannot_tell)
        return Pulled(
            **{name: getattr(self, name) + getattr(other, name) for name in summed},
            cannot_tell=reasons_of(reasons.elements()),
        )


def pull(
    app: App, *, files: Sequence[Path] = (), full: bool = False, dry_run: bool = False
) -> Pulled:
    """Fetch the answers that are new; the same command again adds nothing.

    Args:
        app: the job.
        files: to take answers from; none for Label Studio.
        full: look at every task again, not only at changed ones.
        dry_run: store nothing.

    Returns:
        The counts of answers.

    Raises:
        StepMissing: nobody was asked yet.
        AnswersUnreadable: a file cannot be understood.
        LabelStudioUnreachable, LabelStudioRefused: see `labeling.labelstudio`.
    """
    run = Run.of("pull", (), {"files": [path.name for path in files], "full": full})
    with app.recording(run, dry_run=dry_run):
        result = _pull(app, files, full=full, dry_run=dry_run)
        run.rows = result.annotations
        run.outputs = {
            name: value for name, value in asdict(result).items() if name not in _NAMES
        } | {"unreadable": len(result.unreadable)}
    return result


def pull_outcomes(app: App) -> Pulled | None:
    """Take the answers of the files that `labeling.outcomes_path` names and that are new or changed.

    All are taken again after a removal, and those that held answers to unknown rows once
    more batches are scored.

    Raises:
        AnswersUnreadable: a file cannot be understood; the files before it are taken.
        InputUnreadable, BucketUnreachable, BucketRefused: they cannot be listed or fetched.

    Returns:
        The counts; None where the job file names no such files.
    """
    path = app.job.labeling.outcomes_path
    if path is None:
        return None
    total: Pulled | None = None
    files = OutcomeFiles.of(app, path)
    for source in files.due():
        taken = pull(app, files=[Path(source.path)])
        total = taken if total is None else total.with_more(taken)
        files.keep(source, has_unknown=taken.unknown > 0)
    return total or Pulled(0, 0, 0, 0, 0, 0, 0)


def _pull(app: App, files: Sequence[Path], *, full: bool, dry_run: bool) -> Pulled:
    with app.alone(f"pull-{app.job.name}", wait=_WAIT, dry_run=dry_run):
        aside = SetAside()
        if files:
            taken = [_from_file(app, path, aside, dry_run=dry_run) for path in files]
            return _summed(app, taken, aside)
        with connect(app.label_studio, app.settings) as server:
            views = app.views()
            if not views.questions.num_rows:
                raise StepMissing(
                    "nobody was asked yet",
                    fix="run `recheck push …` first, or name a file of answers by --file",
                )
            fetched = [
                _from_server(_Desk(app, views, server, aside), purpose, full=full, dry_run=dry_run)
                for purpose in PURPOSES
            ]
            return _summed(app, fetched, aside)


@dataclass(frozen=True, slots=True)
class _Desk:
    """The job, its tables and its Label Studio, and what takes the records that cannot be read."""

    app: App
    views: Views
    server: LabelStudio
    aside: SetAside


def _from_server(desk: _Desk, purpose: str, *, full: bool, dry_run: bool) -> Intake | None:
    from labeling.labelstudio import projects
    from labeling.labelstudio.pull import pull as fetch

    app, views, server = desk.app, desk.views, desk.server
    marker = projects.project_marker(app.job.sampling.seed, app.job.name, purpose)
    project = projects.find_project(server, marker)
    if project is None:  # never made, or gone: earlier answers stay
        return None
    note = f"pull-{app.job.name}-{purpose}.json"
    cursor = None if full else _cursor(app.store.noted(note))
    held, drawn, ever = _held(views, purpose), digests(views, purpose), _ever_drawn(views, purpose)
    pulled = fetch(server, project, survey(app.job), held, ever, cursor=cursor)
    desk.aside.reasons.update(pulled.unreadable)
    intake = take(pulled.answers, held, drawn=drawn, asked=ever)
    if not dry_run:
        _append(app, intake, purpose)
        if pulled.cursor:
            app.store.note(note, pulled.cursor.to_json())
    return intake


def _cursor(noted: str | None) -> Cursor | None:
    """Return the cursor of the last pull; None, to read everything, where none was kept whole."""
    from labeling.labelstudio.pull import Cursor

    try:
        return Cursor.from_json(noted) if noted else None
    except ValueError:
        return None


def _from_file(app: App, path: Path, aside: SetAside, *, dry_run: bool) -> Intake:
    job, views = app.job, app.views()
    named: dict[str, str] = {}  # what the file calls a prediction

    def identify(batch: str, keys: Sequence[str]) -> list[str]:
        ids = prediction_ids(job.sampling.seed, job.name, spelled(batch, job.batches), texts(keys))
        names: list[str] = hex_text(ids).to_pylist()
        named.update(zip(names, (f"{key} of batch {batch}" for key in keys), strict=True))
        return names

    latest = app.now() + _AHEAD
    form = answer_form(job)
    answers = [
        replace(answer, state="invalid") if _is_ahead(answer, latest) else answer
        for answer in read_answers(path, form, identify, aside, app.say)
    ]
    drawn = {purpose: digests(views, purpose) for purpose in PURPOSES}
    intakes = []
    for purpose in PURPOSES:
        held = _held(views, purpose)
        relevant = [answer for answer in answers if _is_for(answer, purpose, held, drawn)]
        ids = {answer.prediction_id for answer in relevant}
        asked = _ever_drawn(views, purpose)
        undrawn = views.predictions(ids - asked.keys(), [])
        scored = set(undrawn["prediction_id"].to_pylist())
        intakes.append(take(relevant, held, drawn=drawn[purpose], asked=asked, scored=scored))
        if not dry_run:
            _append(app, intakes[-1], purpose)
    whole = reduce(add, intakes)
    return replace(
        whole, unknown_ids=tuple(named.get(one, one) or _NAMELESS for one in whole.unknown_ids)
    )


def _is_for(
    answer: Answer, purpose: str, held: Held, drawn: Mapping[str, Mapping[str, str]]
) -> bool:
    """Tell whether an answer of a file is of this purpose.

    No model may be trained on a row that is checked. So answers to a row that was
    drawn for both purposes verify, but for those that are stored for training
    already. An answer to a row that was never drawn, an outcome or unknown,
    belongs to verification alone, so that it counts once.
    """
    identity = answer.prediction_id
    if purpose == VERIFY:
        return identity in drawn[VERIFY] or identity not in drawn[TRAIN]
    is_checked = identity in drawn[VERIFY] and answer.annotation_id not in held.now
    return identity in drawn[TRAIN] and not is_checked


def _is_ahead(answer: Answer, latest: datetime) -> bool:
    """Tell whether the time of an answer is yet to come: nothing newer could ever replace it."""
    when = answer.updated or answer.created
    return when is not None and when > latest


def _summed(app: App, intakes: Sequence[Intake | None], aside: SetAside) -> Pulled:
    tell_unreadable(app.say, aside.named)
    known = [intake for intake in intakes if intake is not None]
    if not known:
        return Pulled(0, 0, 0, 0, 0, 0, 0, unreadable=aside.named)
    whole = reduce(add, known)
    invalid = [answer for answer in whole.rows if answer.state == "invalid"]
    _tell_invalid(app, [*invalid, *whole.slips])
    return Pulled(
        **whole.counts,
        unknown_ids=whole.unknown_ids,
        unreadable=aside.named,
        cannot_tell=reasons_of(answer.reason for answer in whole.rows),
    )


def _tell_invalid(app: App, answers: Sequence[Answer]) -> None:
    """Show a few invalid answers, without their authors."""
    latest = app.now() + _AHEAD
    words = dict.fromkeys(
        f"{(answer.answer or '')[:_SHOWN]!r}"
        + (f" of {answer.updated}, which is yet to come" if _is_ahead(answer, latest) else "")
        for answer in answers
    )
    if words:
        allowed = app.job.target.answers
        more = ", …" if len(allowed) > _ALLOWED else ""
        may = f"one of {', '.join(map(repr, allowed[:_ALLOWED]))}{more}" if allowed else "a number"
        app.say(
            f"hint: invalid answers, the first: {', '.join(list(words)[:_NAMED])}; an answer is {may}"
        )


def _held(views: Views, purpose: str) -> Held:
    return hold(of_purpose(views.annotations(), purpose))


def _ever_drawn(views: Views, purpose: str) -> dict[str, str]:
    """Return the last question of each prediction that was drawn at any time."""
    rows = of_purpose(views.samples(), purpose).sort_by("known_at")
    columns = [rows[name].to_pylist() for name in ("prediction_id", "shown_digest")]
    return dict(zip(*columns, strict=True))


def _append(app: App, intake: Intake, purpose: str) -> None:
    if intake.rows:
        rows: list[Answer] = list(intake.rows)
        with app.committing() as moment:
            app.store.table("annotations").append(
                to_table(rows, job=app.job.name, purpose=purpose, known_at=moment)
            )
