"""The calls to Label Studio that we make, and what their failures mean.

The SDK has 374 names; ten calls are enough. It repeats every request by itself,
also those that create: a lost reply to an import would make all its tasks
twice. So nothing that creates is repeated here; `push` looks instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from pipelines.errors import (
    LabelStudioRefused,
    LabelStudioUnreachable,
    RecheckError,
    SettingsInvalid,
)

TIMEOUT = 120.0  # seconds; 500 tasks take 2 on a free server, 20 on a busy one
CONNECT_TIMEOUT = 10.0
PAGE = 500  # tasks of a listing
LIST = 100  # values of a condition: 5 kB of address, and common proxies stop at 8

Record = dict[str, Any]
_HERE = ("127.0.0.1", "localhost", "::1")
_ONCE: Any = {"max_retries": 0}


class LabelStudio(Protocol):
    """What `projects`, `push` and `pull` need of a server; tests bring a fake.

    Every method raises LabelStudioUnreachable (try again) or
    LabelStudioRefused (will not help).
    """

    url: str

    def projects(self) -> list[Record]:
        """Id, title, description, configuration and birth of every project."""
        ...

    def project(self, project: int) -> Record:
        """One project, with its counts."""
        ...

    def create_project(self, settings: Mapping[str, Any]) -> Record:
        """Make a project, once."""
        ...

    def update_project(self, project: int, settings: Mapping[str, Any]) -> None:
        """Change some settings."""
        ...

    def delete_project(self, project: int) -> None:
        """Remove a project and all in it."""
        ...

    def import_tasks(self, project: int, tasks: Sequence[Record]) -> None:
        """Make tasks, in their order: all, or none when one is refused."""
        ...

    def tasks(
        self, project: int, query: Mapping[str, Any], fields: Sequence[str], limit: int = PAGE
    ) -> list[Record]:
        """The first tasks that a query finds; all fields and annotations where none is named."""
        ...

    def delete_unanswered(self, project: int, tasks: Sequence[int]) -> None:
        """Delete those of the tasks that have no annotation when the server looks."""
        ...

    def set_annotators(self, task: int, count: int) -> None:
        """Say how many people a task is for."""
        ...


class SdkClient:
    """`LabelStudio` by the official SDK."""

    def __init__(self, url: str, key: str) -> None:
        """Connect to nothing yet.

        Args:
            url: the address that people open, perhaps with a path.
            key: a personal access token or a legacy token.

        Raises:
            SettingsInvalid: the address is none.
        """
        import httpx  # the SDK costs over a second of processor time
        from label_studio_sdk import LabelStudio as Sdk

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise SettingsInvalid(
                f"the address of Label Studio is {url!r}",
                fix="set LABEL_STUDIO_URL to an address such as https://labels.example.com",
            )
        self.url = url.rstrip("/")
        timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
        self._connection = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=parts.hostname not in _HERE,  # no proxy stands between us and this machine
        )
        with _translated(self.url):
            self._sdk: Any = Sdk(base_url=self.url, api_key=key, httpx_client=self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; the end of the process does it too."""
        self._connection.close()

    def projects(self) -> list[Record]:
        """Id, title, description and configuration of all projects that the key may see."""
        with _translated(self.url):
            found = self._sdk.projects.list(
                include="id,title,description,label_config,created_at", filter="all"
            )
            return [project.model_dump() for project in _listed(self.url, found)]

    def project(self, project: int) -> Record:
        """One project, with its counts."""
        with _translated(self.url):
            found: Record = self._sdk.projects.get(project).model_dump()
            return found

    def create_project(self, settings: Mapping[str, Any]) -> Record:
        """Make a project, once."""
        with _translated(self.url):
            made: Record = self._sdk.projects.create(**settings, request_options=_ONCE).model_dump()
            return made

    def update_project(self, project: int, settings: Mapping[str, Any]) -> None:
        """Change some settings."""
        with _translated(self.url):
            self._sdk.projects.update(project, **settings)

    def delete_project(self, project: int) -> None:
        """Remove a project and all in it."""
        with _translated(self.url):
            self._sdk.projects.delete(project)

    def import_tasks(self, project: int, tasks: Sequence[Record]) -> None:
        """Make tasks, in their order: all, or none when one is refused."""
        with _translated(self.url):
            self._sdk.projects.import_tasks(project, request=tasks, request_options=_ONCE)

    def tasks(
        self, project: int, query: Mapping[str, Any], fields: Sequence[str], limit: int = PAGE
    ) -> list[Record]:
        """The first tasks that a query finds; all fields and annotations where none is named."""
        include = {"include": ",".join(fields)} if fields else {}
        with _translated(self.url):
            page = self._sdk.tasks.list(
                project=project,
                query=json.dumps(query),
                page_size=limit,
                resolve_uri=False,  # a text such as s3://… stays as people were shown it
                **include,
            )
            _listed(self.url, page)
            return [task.model_dump() for task in page.items]

    def delete_unanswered(self, project: int, tasks: Sequence[int]) -> None:
        """Delete those of the tasks that have no annotation when the server looks."""
        with _translated(self.url):
            self._sdk.actions.create(
                id="delete_tasks",
                project=project,
                filters=every(number("total_annotations", 0), number("cancelled_annotations", 0)),
                selected_items={"all": False, "included": list(tasks)},
            )

    def set_annotators(self, task: int, count: int) -> None:
        """Say how many people a task is for."""
        with _translated(self.url):
            self._sdk.tasks.update(str(task), overlap=count)


def each_task(
    server: LabelStudio, project: int, fields: Sequence[str], *conditions: Record
) -> Iterator[Record]:
    """All tasks that pass the conditions, by ascending id; `fields` must have `id`.

    Each page begins after the last id seen. Numbered pages would skip tasks
    when others are deleted or change while we read.
    """
    last = 0
    while True:
        query = {
            "filters": every(number("id", last, "greater"), *conditions),
            "ordering": ["tasks:id"],
        }
        page = server.tasks(project, query, fields, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def every(*conditions: Record) -> Record:
    """A filter that all conditions must pass."""
    return {"conjunction": "and", "items": list(conditions)}


def number(field: str, value: int, operator: str = "equal") -> Record:
    """A condition on a number of a task."""
    return {
        "filter": f"filter:tasks:{field}",
        "operator": operator,
        "type": "Number",
        "value": value,
    }


def one_of(field: str, values: Sequence[str | int]) -> Record:
    """A condition that takes a list, of at most `LIST` values."""
    kind = "Number" if isinstance(values[0], int) else "List"
    return {
        "filter": f"filter:tasks:{field}",
        "operator": "in_list",
        "type": kind,
        "value": list(values),
    }


@contextmanager
def _translated(url: str) -> Iterator[None]:
    import httpx
    from label_studio_sdk.core import ApiError
    from label_studio_sdk.core.parse_error import ParsingError
    from pydantic import ValidationError

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
        ValidationError,
        json.JSONDecodeError,
        AttributeError,  # the SDK takes whatever JSON it gets for its own
        TypeError,
    ) as error:
        raise _refusal(url, 200, "") from error


def _listed(url: str, page: Any) -> Any:
    """A page of the SDK, which takes an object without a list for an empty page."""
    if page.items is None:
        raise _refusal(url, 200, "")
    return page


def _refusal(url: str, status: int, body: object) -> RecheckError:
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


def _reason(body: Record) -> str:
    """Its words without the task that they quote: rows have no place in logs."""
    errors = body.get("validation_errors") or body.get("detail")
    words = json.dumps(errors, ensure_ascii=False, default=str).split(" :: ")[0]
    return words[:300]
