from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from functions.label_studio import asked
from functions.tables import Views
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import QUESTIONS, table_of


def test_the_newest_task_of_a_question_counts_in_whatever_order_rows_are_stored() -> None:
    """Else each push would store a task again that was made anew."""
    common = {"purpose": VERIFY, "prediction_id": "p", "shown_digest": "d", "server": "s"}
    tasks = {1: datetime(2026, 1, 1, tzinfo=UTC), 2: datetime(2026, 1, 2, tzinfo=UTC)}
    rows = [{**common, "task_id": task, "known_at": when} for task, when in tasks.items()]

    for order in (rows, rows[::-1]):
        views = cast("Views", SimpleNamespace(questions=table_of(QUESTIONS, order)))

        assert asked(views, "s", VERIFY) == {("p", "d"): 2}
