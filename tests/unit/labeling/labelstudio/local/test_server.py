"""Commands find the Label Studio that runs on this machine, and take no stranger for it."""

from __future__ import annotations

import fcntl
import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from functions import label_studio
from functions.app import App
from infra import settings
from infra.store import open_store
from labeling.labelstudio.local import installation, server
from labeling.labelstudio.local.installation import Home
from pipelines.errors import LabelStudioRefused, LabelStudioUnreachable
from pipelines.job.job_file import Job

ACCOUNT = {"user": "u", "password": "p", "token": "t0k3n"}


class Health(BaseHTTPRequestHandler):
    """Answers as a healthy server does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_settings: None) -> Home:  # noqa: ARG001
    """Where `recheck labelstudio up` would keep its server."""
    root = tmp_path / "here"
    monkeypatch.setenv("RECHECK_LABELSTUDIO_DIR", str(root))
    (root / "data").mkdir(parents=True)
    (root / "data" / "account.json").write_text(json.dumps(ACCOUNT))
    return Home(root / "environment", root / "template", root / "data")


@contextmanager
def running(home: Home, *, port: int | None = None) -> Iterator[str]:
    """Hold the home's lock as its server does, and answer; `port` is what its log tells."""
    with (
        HTTPServer(("127.0.0.1", 0), Health) as http,
        (home.data / "server.lock").open("w") as lock,
    ):
        Thread(target=http.serve_forever, daemon=True).start()
        fcntl.flock(lock, fcntl.LOCK_EX)
        url = f"http://127.0.0.1:{http.server_port}"
        (home.data / "server.port").write_text(str(http.server_port))
        told = f"http://127.0.0.1:{port or http.server_port}/"
        (home.data / "server.log").write_text(f"Starting development server at {told}\n")
        yield url
        http.shutdown()


def app(tmp_path: Path, say: Callable[[str], None] = print) -> App:
    job = Job.model_construct(name="j")
    return App(job, settings.load(), open_store(str(tmp_path)), tmp_path, say=say)


def test_the_one_that_runs_is_used_and_told_once(home: Home, tmp_path: Path) -> None:
    said: list[str] = []
    with running(home) as url:
        here = app(tmp_path, said.append)
        found = [here.label_studio, here.label_studio]

    assert [(one.url, one.key.get_secret_value()) for one in found if one] == [(url, "t0k3n")] * 2
    assert said == [f"using the Label Studio that `recheck labelstudio up` started here: {url}"]


def test_one_that_settings_name_comes_first(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://theirs")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "secret")
    with running(home):
        found = app(tmp_path).label_studio

    assert found
    assert found.url == "http://theirs"
    assert found.key.get_secret_value() == "secret"


def test_a_key_that_is_named_opens_the_one_that_runs(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be of a person there, whose answers and rights are others."""
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "mine")
    said: list[str] = []
    with running(home) as url:
        found = app(tmp_path, said.append).label_studio

    assert found
    assert (found.url, found.key.get_secret_value()) == (url, "mine")
    assert "LABEL_STUDIO_API_KEY" in said[0]


def test_a_key_alone_is_told_where_nothing_runs(
    home: Home,  # noqa: ARG001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "mine")

    with pytest.raises(LabelStudioRefused, match="LABEL_STUDIO_URL is not") as refused:
        label_studio.connect(app(tmp_path).label_studio, settings.load())

    assert "LABEL_STUDIO_URL" in refused.value.fix


def test_half_of_what_names_one_is_told(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of this machine's own server is not sent to another address."""
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://theirs")
    with running(home), pytest.raises(LabelStudioRefused, match="LABEL_STUDIO_API_KEY is not"):
        label_studio.connect(app(tmp_path).label_studio, settings.load())


def test_without_any_both_ways_out_are_told(home: Home, tmp_path: Path) -> None:  # noqa: ARG001
    with pytest.raises(LabelStudioRefused) as refused:
        label_studio.connect(app(tmp_path).label_studio, settings.load())

    assert "LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY" in refused.value.fix
    assert "recheck labelstudio up" in refused.value.fix


def test_a_server_that_ended_is_not_used(home: Home, tmp_path: Path) -> None:
    """Although its notes lie there, and somebody else may have its port now."""
    with running(home):
        pass

    assert app(tmp_path).label_studio is None


def test_a_stranger_on_its_port_does_not_get_the_token(home: Home, tmp_path: Path) -> None:
    """The server moved away from its port while it started, which its log shows."""
    with running(home, port=1) as url, pytest.raises(LabelStudioUnreachable) as refused:
        label_studio.connect(app(tmp_path).label_studio, settings.load())

    assert url in refused.value.problem
    assert "recheck labelstudio down" in refused.value.fix


def test_what_another_user_runs_is_not_ours(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_home: Home) -> bool:
        raise PermissionError

    monkeypatch.setattr(server, "is_up", forbidden)

    assert server.found(home) is None


def test_no_secret_of_the_first_account_is_a_word_of_a_command(tmp_path: Path) -> None:
    """Every user of the machine can list those; the environment is the owner's own."""
    home = Home(tmp_path / "environment", tmp_path / "template", tmp_path / "data")
    home.python.parent.mkdir(parents=True)
    home.python.write_text(
        "#!/bin/sh\n"
        f"tr '\\0' '\\n' < /proc/$PPID/cmdline > {tmp_path}/parent\n"
        f"tr '\\0' '\\n' < /proc/$$/cmdline > {tmp_path}/words\nenv > {tmp_path}/variables\n"
    )
    home.python.chmod(0o755)
    (home.environment / "installed.json").write_text(installation._wanted())

    with pytest.raises(LabelStudioUnreachable):
        server.prepare(home, lambda _line: None)

    account = json.loads((tmp_path / "template.part" / "account.json").read_text())
    words = (tmp_path / "words").read_text() + (tmp_path / "parent").read_text()
    assert "label_studio.server" in words
    for secret in ("password", "token"):
        assert account[secret] not in words
        assert account[secret] in (tmp_path / "variables").read_text()


def test_nobody_else_can_look_into_the_folder_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)

    server._make_private(tmp_path / "data")

    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
