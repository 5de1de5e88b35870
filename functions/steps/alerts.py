"""The step `alerts`: which lines are crossed since when, and who has seen to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.alert_log import AlertLog, alerts, new
from functions.app import App
from functions.runs import Run
from functions.steps.estimate import moment_of
from labeling.estimates.alerts import Alert
from labeling.estimates.alerts.lives import ACKNOWLEDGED, TOLD
from pipelines.errors import AlertUnknown


@dataclass(frozen=True, slots=True)
class AlertsOptions:
    """What `recheck alerts` was told."""

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
        fresh = {one.id for one in new(alerts(app.job, app.tables()))}
        log_of(app).add([(one, TOLD, None) for one in told if one.id in fresh])


def log_of(app: App) -> AlertLog:
    """Return where events of the job's alerts are kept."""
    return AlertLog(app.store, app.job.name, app.settings.actor, app.committing)


def _acknowledge(app: App, options: AlertsOptions) -> None:
    run = Run.of("alerts", options={"acknowledged": list(options.acknowledge)})
    with app.recording(run):
        known = {one.id: one for one in alerts(app.job, app.tables())}
        for name in options.acknowledge:
            if name not in known:
                raise AlertUnknown(
                    f"no alert has the id {name!r}", fix="`recheck alerts … --all` lists them"
                )
        seen = [(known[name], ACKNOWLEDGED, options.reason) for name in options.acknowledge]
        log_of(app).add(seen)
