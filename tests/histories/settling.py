"""The end of a history: everything is repeated until it is done, and then compared."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from tests.histories import answering
from tests.histories.checker import answered, drawn, estimated, scored, stored
from tests.histories.checker.stored import Row, Stored
from tests.histories.history import History

_TABLES = (
    *("predictions", "quarantine", "designs", "populations", "samples", "questions"),
    *("annotations", "estimates", "looks", "alerts", "releases"),
)


def settle(history: History) -> None:
    """Do all that is due, twice, and look for what does not agree."""
    ground, console = history.ground, history.console
    console.log.append("settle")
    if console.people is None:
        with console.server.held() as server:
            server.plan = []
            server.catch_up()
    if ground.kind == "model":
        console.answer(history.words("fit"))
    if ground.replaces_by_itself:
        history.score_by_itself()
    console.answer(history.words("score", "--replace"))
    first = _round(history, answer=True)
    before = facts(history.stored())
    history.check()
    now = history.stored()
    history.found += _first_round(history, now, first)
    again = _round(history, answer=False)
    history.found += unchanged(before, facts(history.stored()))
    history.found += estimated.same_figures(first.get("estimates", []), again.get("estimates", []))
    history.found += _as_of(history)
    history.found += _fresh(history)
    history.check()
    history.found += _doctored(history)


def _round(history: History, *, answer: bool) -> dict[str, Any]:
    """Do every step once; return the estimates and the counts of batches."""
    ground, console = history.ground, history.console
    batches = [part for batch in ground.batches for part in ("--batch", batch)]
    console.answer(history.words("score"))
    console.answer(history.words("sample", *batches))
    console.answer(history.words("push"))  # those without input, too: the project may have gone
    if any(row["purpose"] == "train" for row in history.stored_now().rows("samples")):
        console.answer(
            history.words("push", "--purpose", "train")
        )  # as the job file shows rows now
    if answer:
        answering.answer_all(ground, console)
    console.answer(history.words("pull"))
    console.answer(history.words("pull", "--file", answering.file_of_all(ground)))
    told = console.answer(history.words("estimate"))
    return told | console.answer(history.words("status"))


def _first_round(history: History, now: Stored, told: Mapping[str, Any]) -> Iterator[str]:
    ground = history.ground
    yield from scored.rows_are_those_of_the_input(now, ground.batches, ground.said_now)
    yield from drawn.drawn_rows_are_as_predicted(now, ground.batches)
    told_wrong = history.console.answer(history.words("errors")).get("errors", [])
    yield from answered.wrong_rows_are_right(now, told_wrong)
    yield from answered.status_is_right(now, told) if told.get("batches") else ()
    yield from estimated.counts_are_right(now, told.get("estimates", []))
    yield from estimated.values_are_right(now, told.get("estimates", []))
    yield from _every_answer_once(history, now)


def _every_answer_once(history: History, now: Stored) -> Iterator[str]:
    """Yield drawn rows whose answers are not those that people gave."""
    ground = history.ground
    for batch, rows in answered.answered_rows(now).items():
        for row, answers in rows:
            if batch not in ground.batches or row["key"] not in _keys(ground.batches[batch]):
                continue
            said = [one["answer"] for one in answers if one["annotator"] == "settler"]
            truth = ground.truth(batch, row["key"])
            if len(said) != 1 or not _same(said[0], truth):
                yield f"{batch}, {row['key']}: the last file says {truth}, the tables {said}"


def _keys(rows: list[Row]) -> set[Any]:
    return {row["key"] for row in rows}


def _same(answer: str, truth: str) -> bool:
    try:
        return float(answer) == float(truth)
    except ValueError:
        return answer == truth


def facts(now: Stored) -> dict[str, list[str]]:
    """Return every table but `runs`, which has a row for each command."""
    stored.forget()
    return {name: sorted(map(repr, now.rows(name))) for name in _TABLES}


def unchanged(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield tables that differ between two times."""
    for name in _TABLES:
        if before[name] != after[name]:
            fresh = sorted(set(after[name]) - set(before[name]))
            yield f"the same commands again changed `{name}`: {fresh[:1]}"


def _as_of(history: History) -> Iterator[str]:
    """Yield what an earlier estimate said, where it is not said again."""
    for as_of, estimates in history.said[-3:]:
        again = history.console.answer(history.words("estimate", "--as-of", as_of))
        for words in estimated.same_figures(estimates, again.get("estimates", [])):
            yield f"as of {as_of}: {words}"


def _fresh(history: History) -> Iterator[str]:
    """Score the same input into an empty store, and compare the predictions."""
    ground, console = history.ground, history.console
    console.store = ground.folder / "fresh"
    for name in ("models", "releases"):
        if (ground.store / name).is_dir():
            shutil.copytree(ground.store / name, console.store / name)
    console.answer(history.words("score"))
    console.store, fresh = None, history.stored(ground.folder / "fresh")
    made = _predictions(fresh, ground.batches)
    if made != _predictions(history.stored(), ground.batches):
        yield "a fresh store holds other predictions of the same input"


def _predictions(of: Stored, batches: Mapping[str, Any]) -> list[str]:
    stored.forget()
    return sorted(repr(row) for row in of.rows("predictions") if row["batch"] in batches)


def _doctored(history: History) -> Iterator[str]:
    told = history.console.run(history.words("doctor"))
    promises = told.answer.get("promises", []) if told else []
    broken = [one for one in promises if one["ok"] is False]
    kept = {
        name for name, (batch, _) in history.ground.ids().items() if batch in history.ground.gone
    }
    problems = [one for one in broken if not _shows_what_cannot_be_read_again(one, kept)]
    yield from (f"doctor: {one}" for one in problems)
    if not told or bool(told.code) != bool(broken):
        yield f"doctor ended with {told and told.code}"


def _shows_what_cannot_be_read_again(promise: Mapping[str, Any], ids: set[str]) -> bool:
    """Tell of P8 whether all that it names are drawn rows without input, which stay as they were shown."""
    named = re.findall(r"[0-9a-f]{32}", promise["detail"])
    return promise["id"] == "P8" and bool(named) and ids >= {*named}
