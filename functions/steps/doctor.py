"""The promises P1-P8, checked on the user's own store."""

from __future__ import annotations

from collections.abc import Callable

from functions import label_studio
from functions.app import App
from functions.promises.leaks import nothing_leaks
from functions.promises.one_task_each import one_task_each
from functions.promises.packages import packages_are_signed
from functions.promises.stored import (
    Promise,
    answers_count_once,
    batches_are_whole,
    estimates_repeat,
    rows_add_up,
    scoring_repeats,
)
from functions.tables import Views, open_views
from pipelines.errors import RecheckError

_WAY_OUT = (
    "restore what that names from a backup of the store, or score its batch with --replace; "
    "if nothing is missing there, please report these words as a defect of Recheck"
)


def examine(app: App) -> list[Promise]:
    """Check every promise; one that cannot be checked says why."""
    checks: dict[str, Callable[[App, Views], Promise]] = {
        "P1": batches_are_whole,
        "P2": scoring_repeats,
        "P3": rows_add_up,
        "P4": one_task_each,
        "P5": answers_count_once,
        "P6": estimates_repeat,
        "P7": packages_are_signed,
        "P8": nothing_leaks,
        "connection": _label_studio_answers,
    }
    views = open_views(app)
    return [_checked(name, check, app, views) for name, check in checks.items()]


def _checked(name: str, check: Callable[[App, Views], Promise], app: App, views: Views) -> Promise:
    try:
        return check(app, views)
    except RecheckError as error:
        return Promise(name, None, f"cannot be checked: {error.problem}; {error.fix}")
    except Exception as error:  # noqa: BLE001 - whatever breaks one check, the others are told
        words = f"{type(error).__name__}: {error}".rstrip(": ")
        return Promise(name, False, f"the check broke off: {words}; {_WAY_OUT}")


def _label_studio_answers(app: App, _: Views) -> Promise:
    with label_studio.connect(app) as server:
        found = len(server.projects())
    return Promise("connection", True, f"{server.url} answers, with {found} projects")
