"""Records from outside that cannot be read: set aside by name, so that all others go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_SHOWN = 3  # names in a line, of many
_LONGEST = 200  # characters of a reason, which may quote the record


@dataclass(slots=True)
class SetAside:
    """Records that cannot be read, each with the reason. They count for nothing, and change nothing."""

    reasons: dict[str, str] = field(default_factory=dict)
    tasks: set[int] = field(default_factory=set)  # the tasks of Label Studio among them

    def note(self, record: str, reason: str) -> None:
        """Set a record aside; of several reasons the first stays."""
        self.reasons.setdefault(record, reason[:_LONGEST])

    def note_task(self, task: int, project: int, reason: str) -> None:
        """Set a task aside, or an answer in it.

        Args:
            task: the id of the task.
            project: the number of its project.
            reason: what cannot be read.
        """
        self.tasks.add(task)
        self.note(f"task {task} of project {project}", reason)

    @property
    def named(self) -> tuple[str, ...]:
        """Each record with its reason."""
        return tuple(f"{record}: {reason}" for record, reason in self.reasons.items())


def set_aside_words(named: Sequence[str]) -> str:
    """Describe the records that were set aside; empty where there are none.

    >>> set_aside_words(["task 7 of project 3: its data are no object"])
    '1 record cannot be read and was set aside: task 7 of project 3: its data are no object'
    """
    if not named:
        return ""
    verb = "record cannot be read and was" if len(named) == 1 else "records cannot be read and were"
    more = f"; and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"{len(named)} {verb} set aside: {'; '.join(named[:_SHOWN])}{more}"
