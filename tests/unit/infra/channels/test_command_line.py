from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from infra.channels.channel_settings import CommandChannel
from infra.channels.message import Message
from infra.channels.sending import send
from pipelines.errors import ChannelFailed

_MESSAGE = Message("a title", ["a line"], {"job": "loans"})


def _channel(program: str, *words: str, timeout: float = 30) -> CommandChannel:
    command = (sys.executable, "-c", program, *words)
    return CommandChannel(kind="command", command=command, timeout=timeout)


def test_a_program_gets_the_message_as_json(tmp_path: Path) -> None:
    program = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"

    send(_channel(program, str(tmp_path / "got; rm -r x")), _MESSAGE, os.environ)

    got = json.loads((tmp_path / "got; rm -r x").read_text())
    assert got == {"title": "a title", "text": "a line", "job": "loans"}


def test_a_program_that_fails_is_told_with_its_last_line() -> None:
    program = "import sys; print('first\\nno \\x1b[31mroute', file=sys.stderr); sys.exit(3)"

    with pytest.raises(ChannelFailed, match=r"exit code 3: no \\x1b\[31mroute"):
        send(_channel(program), _MESSAGE, os.environ)


def test_a_program_that_does_not_end_is_stopped_with_its_children() -> None:
    program = "import subprocess; subprocess.run(['sleep', '60'])"
    began = time.monotonic()

    with pytest.raises(ChannelFailed, match=r"more than 0\.5 seconds"):
        send(_channel(program, timeout=0.5), _MESSAGE, os.environ)

    assert time.monotonic() - began < 20


def test_a_program_that_is_not_there_is_a_failure() -> None:
    channel = CommandChannel(kind="command", command=("/nowhere/page",))

    with pytest.raises(ChannelFailed, match="cannot be started"):
        send(channel, _MESSAGE, os.environ)


def test_a_program_that_reads_nothing_has_taken_the_message() -> None:
    long = Message("a title", ["x" * 1_000_000])

    send(_channel("pass"), long, os.environ)
