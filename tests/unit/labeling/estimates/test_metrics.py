"""Draws that ask more about one class have its intervals; all other figures stay as they are."""

from __future__ import annotations

import pyarrow as pa

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from pipelines.sampling.class_goal import ClassGoal
from tests.fixtures.judged import Row, Tables, judged

_GOAL = ClassGoal("f1", "fraud").text
_CLASSES = Wanted("classification", ("fraud", "usual"))


def _rows() -> list[Row]:
    """2,000 rows: 40 predicted as fraud, and the others in a small and a large stratum."""
    rows = []
    for stratum, label, size, asked, found in (
        ("fraud", "fraud", 40, 20, 15),
        ("other, top", "usual", 60, 30, 6),
        ("other, rest", "usual", 1900, 100, 0),
    ):
        for place in range(size):
            said = ("fraud",) if place < found else ("usual",)
            is_drawn = place < asked
            side = {"side": "east" if place % 2 else "west"}
            rows.append(Row(label, said if is_drawn else (), 0.5, None, stratum, is_drawn, side))
    return rows


def _with_goal(tables: Tables, batches: set[str]) -> list[Estimate]:
    goals = [_GOAL if name in batches else None for name in tables.designs["batch"].to_pylist()]
    place = tables.designs.schema.get_field_index("goal")
    designs = tables.designs.set_column(place, "goal", pa.array(goals, pa.string()))
    return estimates(designs, tables.samples, tables.annotations, wanted=_CLASSES, seed="s")


def _length(found: list[Estimate], metric: str, window: str) -> float:
    """The length of an interval over all rows: of accuracy, or of a metric of fraud."""
    class_ = None if metric == "accuracy" else "fraud"
    one = next(
        one
        for one in found
        if (one.metric, one.class_, one.window, one.cohort) == (metric, class_, window, None)
    )
    assert one.low is not None
    assert one.high is not None
    return one.high - one.low


def test_the_class_and_the_accuracy_have_shorter_intervals_and_the_same_values() -> None:
    tables = judged({"a": _rows()})
    plain, asked = _with_goal(tables, set()), _with_goal(tables, {"a"})

    for metric in ("accuracy", "recall", "f1"):
        assert _length(asked, metric, "a") < 0.8 * _length(plain, metric, "a")
    assert [one.value for one in asked] == [one.value for one in plain]


def test_other_classes_and_cohorts_keep_their_intervals() -> None:
    tables = judged({"a": _rows()})
    plain, asked = _with_goal(tables, set()), _with_goal(tables, {"a"})

    kept = [
        (one, other)
        for one, other in zip(plain, asked, strict=True)
        if one.cohort is not None or one.class_ == "usual"
    ]
    assert kept
    assert all(one == other for one, other in kept)


def test_a_window_with_another_draw_has_the_intervals_of_any_draw() -> None:
    tables = judged({"a": _rows(), "b": _rows()})
    plain, mixed = _with_goal(tables, set()), _with_goal(tables, {"a"})

    assert _length(mixed, "f1", "all") == _length(plain, "f1", "all")
    assert _length(mixed, "f1", "a") < _length(plain, "f1", "a")
    assert _length(mixed, "f1", "b") == _length(plain, "f1", "b")
