"""Removal: deletes tasks of a project with their answers, or the whole project."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.answers.set_aside import SetAside
from labeling.labelstudio.client import LabelStudio, one_of
from labeling.labelstudio.listing import batched, each_task
from labeling.labelstudio.projects import find_project


def remove_project(server: LabelStudio, marker: str) -> int:
    """Delete the projects with a marker, copies too, and all in them; return the number of their tasks.

    Raises:
        LabelStudioUnreachable, LabelStudioRefused: see `client`.
    """
    count = 0
    while project := find_project(server, marker):
        count += int(server.project(project.id)["task_number"] or 0)
        server.delete_project(project.id)
    return count


def find_tasks_of(
    server: LabelStudio, marker: str, ids: Sequence[str], tasks: Sequence[int] = ()
) -> dict[int, list[int]]:
    """Find the tasks that ask about some predictions.

    Args:
        server: where the project is.
        marker: of the project.
        ids: of the predictions.
        tasks: ids of tasks that were made for them, whatever they show now.

    Returns:
        The ids of the tasks that are there, by project; none where there is no project.

    Raises:
        LabelStudioUnreachable, LabelStudioRefused: see `client`.
    """
    project = find_project(server, marker)
    if project is None:
        return {}
    conditions = [one_of("data.prediction_id", some) for some in batched(ids)]
    conditions += [one_of("id", some) for some in batched(tasks)]
    aside = SetAside()
    found = {
        int(task["id"])
        for condition in conditions
        for task in each_task(server, project.id, ("id",), condition, aside=aside)
    }
    return {project.id: sorted(found)}


def remove_tasks(server: LabelStudio, found: dict[int, list[int]]) -> int:
    """Delete tasks with their answers; return how many there were.

    Args:
        server: where they are.
        found: ids of tasks by project.

    Returns:
        Their number.
    """
    for project, ids in found.items():
        for some in batched(ids):
            server.delete_tasks(project, some)
    return sum(map(len, found.values()))
