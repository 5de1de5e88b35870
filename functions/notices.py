"""Notices: alerts that are sent through the channels of the settings, once for each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.alert_log import AlertLog, Happened
from infra.channels.channel_settings import secrets_of
from infra.channels.message import Message
from infra.channels.sending import send
from infra.settings import Settings
from labeling.estimates.alerts import Alert
from labeling.estimates.alerts.lives import FAILED, SENT
from labeling.estimates.alerts.notice_text import lines_of, title_of
from pipelines.errors import ChannelFailed, RecheckError, SettingsInvalid
from pipelines.job.job_file import Job


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of the alerts that were due for one channel."""

    channel: str
    alerts: int
    error: RecheckError | None = None  # why they did not arrive; they are sent again


@dataclass(frozen=True, slots=True)
class Post:
    """A job's way to its channels."""

    job: Job
    settings: Settings
    environment: Mapping[str, str]  # where references of settings look

    @property
    def channels(self) -> Sequence[str]:
        """The channels of the job: those that its file names, else all of the settings."""
        return tuple(self.settings.notify) if self.job.notify is None else self.job.notify

    def deliver(self, alerts: Sequence[Alert], log: AlertLog) -> list[Notice]:
        """Send each channel the alerts that it was not sent yet.

        Args:
            alerts: of the job, with what happened to each.
            log: keeps what was sent, and what failed.

        Returns:
            One notice for each channel that something was due for.
        """
        due = {name: [one for one in alerts if one.is_due_for(name)] for name in self.channels}
        return [self._through(name, some, log) for name, some in due.items() if some]

    def _through(self, name: str, alerts: Sequence[Alert], log: AlertLog) -> Notice:
        record = {"job": self.job.name, "alerts": [one.record() for one in alerts]}
        message = Message(title_of(self.job.name, alerts), lines_of(alerts), record)
        try:
            self.send(name, message)
        except RecheckError as error:
            log.add([Happened(one, FAILED, error.problem, name) for one in alerts])
            return Notice(name, len(alerts), error)
        log.add([Happened(one, SENT, None, name) for one in alerts])
        return Notice(name, len(alerts))

    def send(self, name: str, message: Message) -> None:
        """Send a message through a channel of the settings.

        Raises:
            SettingsInvalid: there is no such channel, or a reference of it names nothing.
            ChannelFailed: the message did not arrive.
        """
        if name not in self.settings.notify:
            raise SettingsInvalid(
                f"channel {name}: no [notify.{name}] stands in the settings",
                fix=f"they have {', '.join(self.settings.notify) or 'no channel'}; docs/guides/alerts.md says more",
            )
        try:
            send(self.settings.notify[name], message, self.environment)
        except (ChannelFailed, SettingsInvalid) as error:
            problem = self._without_secrets(error.problem)
            raise type(error)(f"channel {name}: {problem}", fix=error.fix) from None

    def _without_secrets(self, text: str) -> str:
        """Take the secrets of all channels from a text: a program may print what its environment has."""
        for secret in secrets_of(self.settings.notify, self.environment).values():
            text = text.replace(secret, "(secret)")
        return text
