"""Predicted texts are read as `predictions.map` says."""

from __future__ import annotations

import pyarrow as pa

from pipelines.input.faults import Faults
from pipelines.job.prediction_columns import Quarantined
from pipelines.scoring.label_map import LabelMap

REFUSAL = Quarantined(quarantine="refusal")


def read(labels: list[str | None], **rules: str | Quarantined) -> tuple[list[str | None], Faults]:
    faults = Faults()
    found, _ = LabelMap(rules, ["good", "bad"]).read(pa.array(labels), "guess", faults)
    return found.to_pylist(), faults


def test_a_text_is_read_as_the_class_that_it_stands_for() -> None:
    assert read(["Good", "good", None, "bad"], Good="good")[0] == ["good", "good", None, "bad"]


def test_a_text_that_is_no_prediction_is_marked_with_its_reason() -> None:
    _, faults = read(["good", "sorry"], sorry=REFUSAL)

    assert faults.reasons == {1: ("refusal", "guess")}


def test_a_text_with_a_star_stands_for_all_that_begin_so() -> None:
    rules = {"I can*": REFUSAL}

    _, faults = read(["I cannot say", "I can't", "good", "I"], **rules)

    assert set(faults.reasons) == {0, 1}


def test_an_answer_is_never_read_as_another_for_its_beginning() -> None:
    assert read(["good", "gone"], **{"go*": "bad"})[0] == ["good", "bad"]


def test_the_longest_beginning_counts_and_the_very_text_before_it() -> None:
    rules = {"g*": "bad", "goo*": "good", "goofy": "bad"}

    assert read(["gone", "goody", "goofy"], **rules)[0] == ["bad", "good", "bad"]


def test_rows_are_counted_by_the_class_that_they_are_read_as() -> None:
    labels = pa.array(["Good", "GOOD", "Good", "good", "sorry"])

    _, counts = LabelMap(
        {"Good": "good", "GOOD": "good", "sorry": REFUSAL, "Bad": "bad"}, ["good", "bad"]
    ).read(labels, "guess", Faults())

    assert counts == {"good": 3}


def test_without_rules_the_labels_are_the_same_array() -> None:
    labels = pa.array(["x"])

    assert LabelMap().read(labels, "guess", Faults()) == (labels, {})
