"""More accounts on a local Label Studio, so that several people can answer."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from labeling.labelstudio.local.server import Server
from pipelines.errors import LabelStudioRefused, LabelStudioUnreachable

PATIENCE = 60  # seconds; an account takes one or two
_FORM_KEY = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_COMPLAINT = re.compile(r'<ul class="field_errors">\s*<li>(.*?)</li>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Account:
    """A person's way into the server."""

    url: str
    user: str
    password: str


def add_account(server: Server, user: str) -> Account:
    """Make an account, as a person does who follows an invitation.

    Args:
        server: a running one.
        user: an e-mail address, which names the person; nothing is sent there.

    Returns:
        The account, with a password that is new and kept nowhere.

    Raises:
        LabelStudioRefused: the address is none, or has an account already.
        LabelStudioUnreachable: the server does not answer.
    """
    password = secrets.token_urlsafe(12)
    session = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    by_token = {"Authorization": f"Token {server.token}"}
    try:
        invited = json.loads(_read(session, f"{server.url}/api/invite", by_token))
        form = urljoin(f"{server.url}/", invited["invite_url"])
        key = _FORM_KEY.search(_read(session, form, {}))
        filled = {"csrfmiddlewaretoken": key[1] if key else "", "email": user, "password": password}
        complaint = _COMPLAINT.search(_read(session, form, {"Referer": form}, filled))
    except (URLError, OSError) as error:
        raise LabelStudioUnreachable(
            f"Label Studio at {server.url} makes no account: {error}",
            fix="run `recheck labelstudio up`, then the same command again",
        ) from error
    if complaint:
        raise LabelStudioRefused(
            f"Label Studio makes no account for {user!r}: {unescape(complaint[1]).strip()}",
            fix="name an e-mail address that has no account there yet; nothing is sent to it",
        )
    return Account(server.url, user, password)


def _read(
    session: OpenerDirector,
    url: str,
    headers: Mapping[str, str],
    filled: Mapping[str, str] | None = None,
) -> str:
    """Return the page at an address of our own server, after sending a form where one is filled."""
    sent = urlencode(filled).encode() if filled else None
    request = Request(url, sent, dict(headers))  # noqa: S310 - always http
    with session.open(request, timeout=PATIENCE) as reply:
        content: bytes = reply.read()
    return content.decode(errors="replace")
