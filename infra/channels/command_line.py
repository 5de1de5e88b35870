"""A program of this machine as a channel: the message is JSON on its stdin."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping

from infra.channels.channel_settings import CommandChannel
from infra.channels.message import Message
from pipelines.columns.visible import visible_line
from pipelines.errors import ChannelFailed

_MOST = 200  # letters of what it says


def send(channel: CommandChannel, message: Message, environment: Mapping[str, str]) -> None:
    """Run the program; it takes the message where it ends with exit code 0.

    Args:
        channel: of the settings.
        message: what it gets.
        environment: its environment.

    Raises:
        ChannelFailed: it is not there, ends otherwise, or takes too long.
    """
    try:
        program = subprocess.Popen(
            channel.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ChannelFailed(
            f"its program cannot be started: {type(error).__name__}",
            fix="look at `command` in the settings: the whole path of a program, and its arguments",
        ) from error
    with program:
        _wait(program, channel, message)


def _wait(program: subprocess.Popen[bytes], channel: CommandChannel, message: Message) -> None:
    try:
        _, said = program.communicate(message.json().encode(), timeout=channel.timeout)
    except subprocess.TimeoutExpired as error:
        os.killpg(program.pid, signal.SIGKILL)  # with whatever it has started
        raise ChannelFailed(
            f"its program took more than {channel.timeout:g} seconds, and was stopped",
            fix="let it end sooner, or raise `timeout`",
        ) from error
    if program.returncode:
        words = said.decode(errors="replace").strip().splitlines()
        told = f": {visible_line(words[-1][:_MOST])}" if words else ""
        raise ChannelFailed(
            f"its program ended with exit code {program.returncode}{told}",
            fix="it gets the message as JSON on stdin; try it by hand",
        )
