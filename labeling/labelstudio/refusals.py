"""What failures of Label Studio mean: try again, or change something."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipelines.errors import LabelStudioRefused, LabelStudioUnreachable, RecheckError


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Translate the failures of the SDK and of the network into ours.

    Raises:
        LabelStudioUnreachable: the server does not answer; trying again may help.
        LabelStudioRefused: it answers something that trying again will not change.
    """
    import httpx
    from label_studio_sdk.core import ApiError
    from label_studio_sdk.core.parse_error import ParsingError

    try:
        yield
    except ApiError as error:
        raise _refusal(url, error.status_code or 0, error.body) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LabelStudioUnreachable(
            f"Label Studio at {url} does not answer: {error or type(error).__name__}",
            fix="check the address and that the server runs, then repeat the command: it is safe",
        ) from error
    except (
        ParsingError,
        ValueError,  # no JSON, numbers beyond all limits, or not what its models take
        RecursionError,
        AttributeError,  # the SDK takes whatever JSON it gets for its models
        TypeError,
    ) as error:
        raise _refusal(url, 200, "") from error


def listed(url: str, page: Any) -> Any:
    """Return a page of the SDK, which takes an object without a list for an empty page.

    Raises:
        LabelStudioRefused: it is no list.
    """
    if page.items is None:
        raise _refusal(url, 200, "")
    return page


def _refusal(url: str, status: int, body: object) -> RecheckError:
    """Return the error for a reply, by its status and body."""
    if status in (408, 429) or status >= 500:
        return LabelStudioUnreachable(
            f"Label Studio at {url} answers {status}", fix="repeat the command later: it is safe"
        )
    if not isinstance(body, dict):
        return LabelStudioRefused(
            f"what answers at {url} is not Label Studio ({status})",
            fix="set LABEL_STUDIO_URL to the address that people open, with https where it has one",
        )
    if status in (401, 403):
        return LabelStudioRefused(
            f"Label Studio at {url} refuses the key: {body.get('detail')}",
            fix="take an access token from Account & Settings there and set LABEL_STUDIO_API_KEY",
        )
    return LabelStudioRefused(
        f"Label Studio at {url} answers {status}: {_reason(body)}",
        fix="a project that was deleted is made again by `push`; else report this",
    )


def _reason(body: Mapping[str, Any]) -> str:
    """Return the reason of a reply without the task that it quotes: rows have no place in logs."""
    errors = body.get("validation_errors") or body.get("detail")
    words = json.dumps(errors, ensure_ascii=False, default=str).split(" :: ")[0]
    return words[:300]
