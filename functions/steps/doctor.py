"""The step `doctor`: check the promises P1 to P8 on the user's own store."""

from __future__ import annotations

import os
from collections.abc import Callable

from functions import label_studio
from functions.app import App
from functions.promises.answer_set import classes_can_be_chosen
from functions.promises.leaks import nothing_leaks
from functions.promises.one_task_each import one_task_each
from functions.promises.packages import packages_are_signed
from functions.promises.promise import Promise, unchecked
from functions.promises.recomputed import answers_count_once, estimates_repeat
from functions.promises.repeated_scoring import scoring_repeats
from functions.promises.whole_batches import batches_are_whole, rows_add_up
from functions.tables import Views
from infra.channels.channel_settings import secrets_of
from pipelines.errors import RecheckError, StoreUnavailable

_WAY_OUT = (
    "restore what that names from a backup of the store, or score its batch with --replace; "
    "if nothing is missing there, please report these words as a defect of Recheck"
)


def examine(app: App) -> list[Promise]:
    """Check every promise; where that is impossible, the detail says why."""
    job, store, settings, views = app.job, app.store, app.settings, app.views()
    checks: dict[str, Callable[[], Promise]] = {
        "P1": lambda: batches_are_whole(views),
        "P2": lambda: scoring_repeats(app.data, views, settings),
        "P3": lambda: rows_add_up(views),
        "P4": lambda: _one_task_each(app, views),
        "P5": lambda: answers_count_once(job, views),
        "P6": lambda: estimates_repeat(job, views),
        "P7": lambda: packages_are_signed(job, views, store, settings),
        "P8": lambda: nothing_leaks(job, views, store.files, _secrets(app)),
        "answers": lambda: classes_can_be_chosen(job, views),
        "connection": lambda: _label_studio_answers(app),
    }
    return [_checked(name, check) for name, check in checks.items()]


def _checked(name: str, check: Callable[[], Promise]) -> Promise:
    try:
        return check()
    except StoreUnavailable as error:
        return Promise(name, False, f"a table cannot be read: {error.problem}; {error.fix}")
    except RecheckError as error:
        return unchecked(name, f"cannot be checked: {error.problem}; {error.fix}")
    except Exception as error:  # noqa: BLE001 - whatever breaks one check, the others go on
        words = f"{type(error).__name__}: {error}".rstrip(": ")
        return Promise(name, False, f"the check broke off: {words}; {_WAY_OUT}")


def _secrets(app: App) -> dict[str, str]:
    """Return every secret that is known here, by its name in words."""
    access = app.label_studio
    token = {"the access token of Label Studio": access.key.get_secret_value()} if access else {}
    return token | secrets_of(app.settings.notify, os.environ)


def _one_task_each(app: App, views: Views) -> Promise:
    with label_studio.connect(app.label_studio, app.settings) as server:
        return one_task_each(app.job, views, server)


def _label_studio_answers(app: App) -> Promise:
    with label_studio.connect(app.label_studio, app.settings) as server:
        projects = len(server.projects())
    return Promise("connection", True, f"{server.url} answers, with {projects} projects")
