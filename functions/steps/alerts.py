"""The step `alerts`: which lines are crossed since when, and who has seen to it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from functions.alert_log import AlertLog, Happened, alerts
from functions.app import App
from functions.notices import Notice, Post
from functions.steps.estimate import moment_of
from infra.channels.message import Message
from labeling.estimates.alerts import Alert
from labeling.estimates.alerts.lives import ACKNOWLEDGED, TOLD
from pipelines.errors import AlertUnknown

_WAIT = 120  # seconds for another run to have sent its messages


@dataclass(frozen=True, slots=True)
class AlertsOptions:
    """The options of `recheck alerts`."""

    acknowledge: tuple[str, ...] = ()  # ids of alerts
    reason: str = ""
    as_of: str | None = None


def list_alerts(app: App, options: AlertsOptions) -> list[Alert]:
    """Return every alert of the job; acknowledge some first.

    Raises:
        AlertUnknown: no alert has an id.
        SettingsInvalid: `as_of` is no time.
    """
    if options.acknowledge:
        _acknowledge(app, options)
    return alerts(app.job, app.tables(), moment_of(options.as_of))


def mark_told(app: App, told: Sequence[Alert]) -> None:
    """Keep that alerts were told: after they were printed, so that each is told at least once."""
    if told:
        fresh = {one.id for one in alerts(app.job, app.tables()) if one.is_new}
        log_of(app).add([Happened(one, TOLD) for one in told if one.id in fresh])


def notify(app: App) -> list[Notice]:
    """Send the alerts that are due through the channels of the job; what fails is sent again."""
    post = Post(app.job, app.settings, os.environ)
    if not post.channels:
        return []
    with app.store.lock("notify", wait=_WAIT):  # another run may be sending them
        return post.deliver(alerts(app.job, app.tables()), log_of(app))


def try_channel(app: App, channel: str) -> None:
    """Send a message that says nothing but that it arrives.

    Raises:
        SettingsInvalid: there is no such channel, or a reference of it names nothing.
        ChannelFailed: it did not arrive.
    """
    message = Message(
        f"Recheck, {app.job.name}: a test",
        ["This channel gets the alerts of the job."],
        {"job": app.job.name, "alerts": []},
    )
    Post(app.job, app.settings, os.environ).send(channel, message)


def log_of(app: App) -> AlertLog:
    """Return where events of the job's alerts are kept."""
    return AlertLog(
        app.store, app.job.name, app.settings.actor, app.committing, recording=app.recording
    )


def _acknowledge(app: App, options: AlertsOptions) -> None:
    by_id = {alert.id: alert for alert in alerts(app.job, app.tables())}
    for name in options.acknowledge:
        if name not in by_id:
            raise AlertUnknown(
                f"no alert has the id {name!r}", fix="`recheck alerts … --all` lists them"
            )
    words = options.reason
    log_of(app).add([Happened(by_id[name], ACKNOWLEDGED, words) for name in options.acknowledge])
