"""The server for trying out: up and down as often as one likes, and nothing else is touched."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.local import server
from labeling.labelstudio.local.accounts import add_account
from labeling.labelstudio.local.installation import (
    Home,
    default_home,
    install,
    is_installed,
    version,
)
from labeling.labelstudio.local.process import is_up
from pipelines.errors import LabelStudioRefused, LabelStudioUnreachable


def quiet(_line: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Home]) -> Home:
    return new_home()


def test_up_down_and_up_again_keeps_the_data(home: Home) -> None:
    """The address stays as well, so that bookmarks and settings do."""
    assert server.status(home) is None
    first = server.up(home, quiet)
    with SdkClient(first.url, first.token) as client:
        made = client.create_project({"title": "kept"})
    assert server.down(home)
    assert (server.status(home), server.down(home)) == (None, False)

    second = server.up(home, quiet)

    assert second == first == server.status(home)
    with SdkClient(second.url, second.token) as client:
        assert client.project(made["id"])["title"] == "kept"


def test_other_commands_find_the_one_that_runs(home: Home) -> None:
    """And only its owner can read how to open it."""
    running = server.up(home, quiet)

    assert server.found(home) == running
    assert stat.S_IMODE((home.data / "account.json").stat().st_mode) == 0o600
    server.down(home)
    assert server.found(home) is None


def test_no_proxy_gets_to_see_the_token(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    running = server.up(home, quiet)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")

    with SdkClient(running.url, running.token) as client:
        assert isinstance(client.projects(), list)


def test_up_returns_the_one_that_runs(home: Home) -> None:
    began = time.monotonic()

    assert server.up(home, quiet) == server.up(home, quiet)
    assert time.monotonic() - began < 30


def test_a_killed_server_is_down(home: Home) -> None:
    """And comes up again."""
    running = server.up(home, quiet)
    os.kill(int((home.data / "server.pid").read_text()), signal.SIGKILL)
    _until(lambda: not is_up(home))

    assert server.status(home) is None
    assert server.up(home, quiet) == running


def test_settings_of_other_programs_do_not_reach_it(
    new_home: Callable[[], Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Label Studio would take its database and its account from these."""
    for name, value in {
        "DJANGO_DB": "default",
        "USERNAME": "eve",
        "PASSWORD": "x",
        "HOST": "x",
    }.items():
        monkeypatch.setenv(name, value)
    home = new_home()

    running = server.up(home, quiet)

    with SdkClient(running.url, running.token) as client:
        assert client.projects() == []


def test_a_taken_port_is_left_to_who_has_it(home: Home) -> None:
    url = server.up(home, quiet).url
    server.down(home)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(url.rpartition(":")[2])))
        taken.listen()

        assert server.up(home, quiet).url != url


def test_listens_on_this_machine_only_and_calls_nobody(home: Home) -> None:
    running = server.up(home, quiet)
    page = httpx.get(f"{running.url}/user/login/").text

    assert running.url.startswith("http://127.0.0.1:")
    assert "ingest.sentry.io" not in page
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection((_other_address(), _port(running.url)), 1),
    ):
        pass


def test_secrets_are_for_their_owner(home: Home) -> None:
    server.up(home, quiet)

    for folder in (home.data, home.template):
        assert stat.S_IMODE((folder / "account.json").stat().st_mode) == 0o600


def test_a_server_that_cannot_start_says_where_to_look(new_home: Callable[[], Home]) -> None:
    home = new_home()
    (home.data / "files").mkdir(parents=True)
    (home.data / "files" / "label_studio.sqlite3").write_text("no database")
    (home.data / "account.json").write_text((home.template / "account.json").read_text())

    with pytest.raises(LabelStudioUnreachable, match="ended while starting") as refused:
        server.up(home, quiet)

    assert "server.log" in refused.value.fix
    assert server.status(home) is None


def test_the_installation_is_the_locked_one(template: Home) -> None:
    """And is not made twice."""
    said: list[str] = []
    install(template, said.append)

    assert is_installed(template)
    assert said == []
    assert version() == "1.23.2"


def test_settings_move_the_home() -> None:
    moved = default_home({"RECHECK_LABELSTUDIO_DIR": "~/labels"}, "/opt/env")

    assert moved.data == Path.home() / "labels" / "data"
    assert default_home({}, "/opt/env").environment.as_posix() == "/opt/env/labelstudio/environment"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def _other_address() -> str:
    """An address of this machine that is not the loopback one (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_more_people_get_accounts_of_their_own(home: Home) -> None:
    """Each opens the page by itself; the same address has one account."""
    running = server.up(home, quiet)

    ann = add_account(running, "ann@example.com")

    assert _logs_in(running.url, ann.user, ann.password)
    assert not _logs_in(running.url, ann.user, running.password)
    with pytest.raises(LabelStudioRefused, match="already exists"):
        add_account(running, "ann@example.com")
    with pytest.raises(LabelStudioRefused, match="valid email"):
        add_account(running, "ann")
    server.down(home)
    with pytest.raises(LabelStudioUnreachable, match="makes no account"):
        add_account(running, "bob@example.com")


def _logs_in(url: str, user: str, password: str) -> bool:
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60, trust_env=False) as browser:
        key = re.search(r'csrfmiddlewaretoken" value="([^"]+)', browser.get("/user/login/").text)
        assert key
        form = {"csrfmiddlewaretoken": key[1], "email": user, "password": password}
        reply = browser.post("/user/login/", data=form, headers={"Referer": f"{url}/user/login/"})
        return "login" not in reply.url.path
