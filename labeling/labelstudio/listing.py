"""Listing of tasks: every task that passes some conditions, or has one of some ids.

A single task can keep Label Studio from answering: one whose text holds half a
character, which its database takes and its replies cannot carry. So where a
page fails and the server is well, the tasks of the page are asked for in ever
smaller parts, and one that cannot be had is set aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from labeling.answers.set_aside import SetAside
from labeling.labelstudio.client import LIST, PAGE, LabelStudio, Record, every, number, one_of
from pipelines.errors import LabelStudioUnreachable

T = TypeVar("T")


def each_task(
    server: LabelStudio,
    project: int,
    fields: Sequence[str],
    *conditions: Record,
    aside: SetAside | None = None,
) -> Iterator[Record]:
    """Yield all tasks that pass the conditions, by ascending id.

    Each page begins after the last id seen. Numbered pages would skip tasks
    when others are deleted or change while we read.

    Args:
        server: where the project is.
        project: its number.
        fields: what is read of each task; `id` must be among them.
        conditions: from `number` and `one_of`; all must hold.
        aside: takes the tasks that the server cannot give; without it, such a task is an error.

    Yields:
        The tasks.
    """
    last = 0
    while True:
        query = {
            "filters": every(number("id", last, "greater"), *conditions),
            "ordering": ["tasks:id"],
        }
        ids, page = _page(server, project, query, fields, aside)
        yield from page
        if len(ids) < PAGE:
            return
        last = ids[-1]


def tasks_by_id(
    server: LabelStudio, project: int, ids: Sequence[int], fields: Sequence[str], aside: SetAside
) -> Iterator[Record]:
    """Yield the tasks of some ids; one that the server cannot give is set aside.

    Args:
        server: where the project is.
        project: its number.
        ids: of the tasks, as many as one request may return.
        fields: what is read of each; without any, all and its annotations.
        aside: takes the tasks that cannot be had.

    Yields:
        The tasks, by ascending id.

    Raises:
        LabelStudioUnreachable: the server answers nothing at all.
    """
    try:
        query = {"filters": every(one_of("id", ids)), "ordering": ["tasks:id"]}
        page = server.tasks(project, query, fields)
    except LabelStudioUnreachable:
        server.project(project)  # raises where it is not the task
        if len(ids) == 1:
            aside.note_task(ids[0], project, "Label Studio itself cannot read it")
            return
        middle = len(ids) // 2
        for half in (ids[:middle], ids[middle:]):
            yield from tasks_by_id(server, project, half, fields, aside)
        return
    yield from page


def batched(values: Sequence[T], size: int = LIST) -> Iterator[Sequence[T]]:
    """Cut values into runs of at most `size`.

    >>> list(batched([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    return (values[start : start + size] for start in range(0, len(values), size))


def _page(
    server: LabelStudio, project: int, query: Record, fields: Sequence[str], aside: SetAside | None
) -> tuple[list[int], list[Record]]:
    """Return the ids of a page, and those of its tasks that can be had."""
    try:
        page = server.tasks(project, query, fields, limit=PAGE)
        return [task["id"] for task in page], page
    except LabelStudioUnreachable:
        if aside is None:
            raise
        server.project(project)  # raises where it is not a task
    ids = [task["id"] for task in server.tasks(project, query, ("id",), limit=PAGE)]
    parts = (tasks_by_id(server, project, some, fields, aside) for some in batched(ids))
    return ids, [task for part in parts for task in part]
