"""The client of Label Studio: the few calls that we make.

The SDK has 374 names; ten calls are enough. It repeats every request by itself,
also those that create: a lost reply to an import would make all its tasks
twice. So nothing that creates is repeated here; `push` looks instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self
from urllib.parse import urlsplit, urlunsplit

from labeling.labelstudio.refusals import listed, translated
from pipelines.errors import SettingsInvalid

TIMEOUT = 120.0  # seconds; 500 tasks take 2 on a free server, 20 on a busy one
CONNECT_TIMEOUT = 10.0
PAGE = 500  # tasks of a listing
LIST = 100  # values of a condition: 5 kB of address, and common proxies stop at 8

Record = dict[str, Any]
_HERE = ("127.0.0.1", "localhost", "::1")
_ONCE: Any = {"max_retries": 0}


class LabelStudio(Protocol):
    """The calls that `projects`, `push` and `pull` need of a server; tests bring a fake.

    Every method raises LabelStudioUnreachable (trying again may help) or
    LabelStudioRefused (it will not).
    """

    url: str

    def projects(self) -> list[Record]:
        """Return id, title, description, configuration and time of creation of every project."""
        ...

    def project(self, project: int) -> Record:
        """Return one project, with its counts."""
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
        """Return the first tasks of a query.

        Args:
            project: its number.
            query: filters and ordering, as the Data Manager takes them.
            fields: what is returned of each; without any, all and its annotations.
            limit: how many tasks at most.

        Returns:
            The tasks, in the query's order.
        """
        ...

    def delete_unanswered(self, project: int, tasks: Sequence[int]) -> None:
        """Delete those of the tasks that have no annotation when the server looks."""
        ...

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete those of the tasks that are there, with their answers."""
        ...

    def set_annotators(self, task: int, count: int) -> None:
        """Set how many people a task is for."""
        ...


class SdkClient:
    """A `LabelStudio` over the official SDK."""

    def __init__(self, url: str, key: str) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            url: the address that people open, perhaps with a path.
            key: a personal access token or a legacy token.

        Raises:
            SettingsInvalid: the address is not one of http or https.
        """
        import httpx  # the SDK costs over a second of processor time
        from label_studio_sdk import LabelStudio as Sdk

        self.url, host = _address(url)
        timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
        self._connection = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=host not in _HERE,  # no proxy stands between us and this machine
        )
        with translated(self.url):
            self._sdk: Any = Sdk(base_url=self.url, api_key=key, httpx_client=self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the end of the process does it too."""
        self._connection.close()

    def projects(self) -> list[Record]:
        """Return id, title, description and configuration of all projects that the key may see."""
        with translated(self.url):
            page = self._sdk.projects.list(
                include="id,title,description,label_config,created_at", filter="all"
            )
            return [project.model_dump() for project in listed(self.url, page)]

    def project(self, project: int) -> Record:
        """Return one project, with its counts."""
        with translated(self.url):
            record: Record = self._sdk.projects.get(project).model_dump()
            return record

    def create_project(self, settings: Mapping[str, Any]) -> Record:
        """Make a project, once."""
        with translated(self.url):
            made: Record = self._sdk.projects.create(**settings, request_options=_ONCE).model_dump()
            return made

    def update_project(self, project: int, settings: Mapping[str, Any]) -> None:
        """Change some settings."""
        with translated(self.url):
            self._sdk.projects.update(project, **settings)

    def delete_project(self, project: int) -> None:
        """Remove a project and all in it."""
        with translated(self.url):
            self._sdk.projects.delete(project)

    def import_tasks(self, project: int, tasks: Sequence[Record]) -> None:
        """Make tasks, in their order: all, or none when one is refused."""
        with translated(self.url):
            self._sdk.projects.import_tasks(project, request=tasks, request_options=_ONCE)

    def tasks(
        self, project: int, query: Mapping[str, Any], fields: Sequence[str], limit: int = PAGE
    ) -> list[Record]:
        """Return the first tasks of a query; see the port."""
        include = {"include": ",".join(fields)} if fields else {}
        with translated(self.url):
            page = self._sdk.tasks.list(
                project=project,
                query=json.dumps(query),
                page_size=limit,
                resolve_uri=False,  # a text such as s3://… stays as people were shown it
                **include,
            )
            listed(self.url, page)
            return [task.model_dump() for task in page.items]

    def delete_unanswered(self, project: int, tasks: Sequence[int]) -> None:
        """Delete those of the tasks that have no annotation when the server looks."""
        with translated(self.url):
            self._sdk.actions.create(
                id="delete_tasks",
                project=project,
                filters=every(number("total_annotations", 0), number("cancelled_annotations", 0)),
                selected_items={"all": False, "included": list(tasks)},
            )

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete those of the tasks that are there, with their answers."""
        with translated(self.url):
            self._sdk.actions.create(
                id="delete_tasks",
                project=project,
                selected_items={"all": False, "included": list(tasks)},
            )

    def set_annotators(self, task: int, count: int) -> None:
        """Set how many people a task is for."""
        with translated(self.url):
            self._sdk.tasks.update(str(task), overlap=count)


def _address(url: str) -> tuple[str, str | None]:
    """Return an address without user, password and last slash; and its host.

    Raises:
        SettingsInvalid: it is not one of http or https.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        shown = "no address" if "@" in url else repr(url)  # what stands before it may be a password
        raise SettingsInvalid(
            f"the address of Label Studio is {shown}",
            fix="set LABEL_STUDIO_URL to an address such as https://labels.example.com",
        )
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=server)).rstrip("/"), host


def every(*conditions: Record) -> Record:
    """Return a filter that holds where all conditions do."""
    return {"conjunction": "and", "items": list(conditions)}


def number(field: str, value: int, operator: str = "equal") -> Record:
    """Return a condition on a number of a task.

    Args:
        field: its name.
        value: what it is compared with.
        operator: of Label Studio, such as `equal` or `greater`.

    Returns:
        The condition.
    """
    return {
        "filter": f"filter:tasks:{field}",
        "operator": operator,
        "type": "Number",
        "value": value,
    }


def one_of(field: str, values: Sequence[str | int]) -> Record:
    """Return a condition that a field has one of at most `LIST` values."""
    kind = "Number" if isinstance(values[0], int) else "List"
    return {
        "filter": f"filter:tasks:{field}",
        "operator": "in_list",
        "type": kind,
        "value": list(values),
    }
