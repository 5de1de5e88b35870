"""Reasons are those that people give now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from labeling.answers.cannot_tell import cannot_tell
from pipelines.tables.schemas import ANNOTATIONS, table_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_an_answer_takes_the_place_of_a_reason() -> None:
    """And a skipped question without a reason has none."""
    rows = [
        {"annotation_id": "a", "state": "skipped", "reason": "blurred", "known_at": NOON},
        {"annotation_id": "a", "state": "valid", "known_at": NOON + timedelta(hours=1)},
        {"annotation_id": "b", "state": "skipped", "reason": "blurred", "known_at": NOON},
        {"annotation_id": "c", "state": "skipped", "known_at": NOON},
    ]
    empty = dict.fromkeys(ANNOTATIONS.names)

    assert cannot_tell(table_of(ANNOTATIONS, [empty | row for row in rows])) == {"blurred": 1}
