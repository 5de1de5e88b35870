"""Rows whose prediction people contradict."""

from __future__ import annotations

from typing import Any

from labeling.answers.current import LABELS
from labeling.answers.wrong_rows import wrong_rows
from labeling.questions.shown import ShownColumn
from pipelines.tables.schemas import SAMPLES, table_of


def sample(name: str, label: str, chance: float = 0.1, **more: Any) -> dict[str, Any]:
    return {
        "prediction_id": name,
        "shown_digest": f"d{name}",
        "batch": "b",
        "key": name,
        "version": "v",
        "label": label,
        "inclusion_probability": chance,
        "shown": '{"text1": "hello"}',
        "cohorts": {},
        **more,
    }


def label(name: str, answer: str | None, state: str = "answered") -> dict[str, Any]:
    return {
        "prediction_id": name,
        "shown_digest": f"d{name}",
        "label": answer,
        "n_answers": 2,
        "state": state,
        "purpose": "verify",
    }


def found(samples: list[dict[str, Any]], labels: list[dict[str, Any]], **how: Any) -> list[Any]:
    numbers = how.get("numbers", False)
    columns = [ShownColumn("mail", "text")]
    tables = table_of(SAMPLES, samples), table_of(LABELS, labels)
    return wrong_rows(*tables, how.get("tasks", {}), columns, numbers=numbers)


def test_a_row_is_wrong_where_people_say_another_class() -> None:
    [row] = found(
        [sample("1", "a"), sample("2", "a")],
        [label("1", "a"), label("2", "b")],
        tasks={("2", "d2"): "http://labels.test/2"},
    )

    assert (row.key, row.label, row.answer, row.n_answers) == ("2", "a", "b", 2)
    assert (row.shown, row.task, row.weight) == ({"mail": "hello"}, "http://labels.test/2", 10)


def test_a_tie_between_people_contradicts_nothing() -> None:
    assert found([sample("1", "a")], [label("1", None, "tied")]) == []


def test_an_answer_to_another_row_than_is_shown_now_contradicts_nothing() -> None:
    assert found([sample("1", "a")], [{**label("1", "b"), "shown_digest": "old"}]) == []


def test_the_confusion_that_stands_for_the_most_rows_comes_first() -> None:
    samples = [
        *(sample(f"few{i}", "a", chance=0.5) for i in range(3)),
        sample("many", "b", chance=0.01),
    ]
    labels = [*(label(f"few{i}", "b") for i in range(3)), label("many", "a")]

    assert [row.key for row in found(samples, labels)] == ["many", "few0", "few1", "few2"]


def test_of_numbers_the_largest_error_comes_first() -> None:
    samples = [sample(n, "", value=v) for n, v in (("1", 5.0), ("2", 50.0), ("3", 7.0))]
    labels = [label("1", "6"), label("2", "20"), label("3", "7")]

    rows = found(samples, labels, numbers=True)

    assert [(row.key, row.label, row.error) for row in rows] == [
        ("2", "50", 30.0),
        ("1", "5", -1.0),
    ]
