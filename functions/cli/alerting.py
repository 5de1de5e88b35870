"""`recheck alerts`: the lines that are crossed, since when, and who has seen to it.

What `estimate` and `run` say of alerts, too: each is told once.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from functions.cli import output
from functions.cli.options import TEXT, job_argument, json_option, opened
from pipelines.errors import RecheckError

if TYPE_CHECKING:
    from functions.app import App
    from functions.notices import Notice
    from labeling.estimates.alerts import Alert, WatchedLine

ALERT = 10  # the exit code of what ran well, but an alert fired


@click.command()
@job_argument
@click.option("--all", "every", is_flag=True, help="Also those that were told, or are over.")
@click.option(
    "--ack",
    "acknowledged",
    multiple=True,
    type=TEXT,
    metavar="ID",
    help="Say that somebody has seen to an alert; may be given several times.",
)
@click.option("--reason", type=TEXT, metavar="TEXT", help="What was seen or done, with --ack.")
@click.option(
    "--test",
    "channel",
    type=TEXT,
    metavar="CHANNEL",
    help="Send a message through a channel of [notify], to see whether it arrives; nothing else.",
)
@click.option("--as-of", metavar="T", help="What was known at that time (ISO 8601), inclusively.")
@json_option
def alerts(
    job: Path,
    *,
    every: bool,
    acknowledged: tuple[str, ...],
    reason: str | None,
    channel: str | None,
    as_of: str | None,
    as_json: bool,
) -> int:
    """Show the alerts that nobody was told of yet.

    An alert begins with the first window that crosses a line of [[alerts]], and is
    over with one that surely does not. `estimate` and `run` tell it once, by exit
    code 10; this command exits with 10 where there is a new one, and marks none as
    told. docs/guides/alerts.md says more.
    """
    from functions.steps import alerts as step

    if bool(acknowledged) != bool(reason and reason.strip()):
        raise click.UsageError("--ack ID and --reason TEXT go together")
    if acknowledged and as_of:
        raise click.UsageError("the past cannot be acknowledged: leave --as-of out")
    if channel is not None:
        step.try_channel(opened(job), channel)
        answer: dict[str, Any] = {"channel": channel, "sent": True}
        output.answer(answer, [f"a message was sent through {channel}"], as_json=as_json)
        return 0
    options = step.AlertsOptions(acknowledged, reason or "", as_of)
    found = step.list_alerts(opened(job), options)
    shown = [one for one in found if every or one.is_new or one.id in acknowledged]
    answer = {"alerts": [one.record() for one in shown]}
    output.answer(answer, _lines(shown, found), as_json=as_json)
    return ALERT if any(one.is_new for one in found) else 0


def tell(found: Sequence[Alert], job: Path) -> int:
    """Print the alerts that are new; return the exit code, which is for them only."""
    fresh = [one for one in found if one.is_new]
    for one in fresh:
        output.say(f"alert: {one.message}")
    if still := sum(one.status == "open" for one in found):
        name = shlex.quote(str(job))
        output.say(f"hint: {_counted(still)} still open: `recheck alerts {name} --all` shows them")
    return ALERT if fresh else 0


def mark(app: App, found: Sequence[Alert]) -> None:
    """Keep that the new ones were told. Where that fails, they are told again."""
    from functions.steps.alerts import mark_told

    try:
        mark_told(app, [one for one in found if one.is_new])
    except RecheckError as error:
        output.say(f"warning: alerts are not marked as told, and will be again: {error.problem}")


def notify(app: App) -> None:
    """Send the alerts that are due through the channels; a failure is told, and is no failure."""
    from functions.steps.alerts import notify as send

    try:
        warn(send(app))
    except RecheckError as error:
        output.say(f"warning: no alert was sent: {error.problem}")


def warn(notices: Iterable[Notice]) -> None:
    """Print the channels that failed."""
    for one in notices:
        if one.error:
            output.say(
                f"warning: {one.error.problem}; {one.alerts} alerts are sent again next time"
            )
            output.say(f"hint: {one.error.fix}")


def records(lines: Iterable[WatchedLine], found: Sequence[Alert], app: App) -> list[dict[str, Any]]:
    """Return what the job watches as JSON has it, each with the alert that it belongs to.

    Args:
        lines: with their states.
        found: the alerts of the job.
        app: the job, which may expect data.

    Returns:
        The lines, and the data where the job expects some.
    """
    from labeling.estimates.alerts.missing_data import OF_ALERT, watched_data

    of: dict[Any, dict[str, object]] = {
        (one.of_line, window): one.record() for one in found for window in one.windows
    }
    watched = [
        {**one.record(), **{n: of.get((one.line, one.window), {}).get(n) for n in OF_ALERT}}
        for one in lines
    ]
    return [*watched, *watched_data(found, app.job.batches.expect)]


def _lines(shown: Sequence[Alert], found: Sequence[Alert]) -> Iterator[str]:
    if shown:
        header = ["id", "status", "since", "alert", "acknowledged"]
        yield from output.table(header, map(_row, shown))
    else:
        yield "no new alerts"
    if still := sum(one.status == "open" for one in found if one not in shown):
        yield f"{_counted(still)} still open: --all shows them"


def _row(alert: Alert) -> list[Any]:
    seen = alert.acknowledgement
    words = seen and f"{seen.known_at:%Y-%m-%d %H:%M} by {seen.actor}: {seen.reason}"
    return [alert.id, alert.status, f"{alert.since:%Y-%m-%d %H:%M}", alert.message, words]


def _counted(alerts: int) -> str:
    return "1 alert is" if alerts == 1 else f"{alerts} alerts are"
