from __future__ import annotations

from labeling.report.chapters.by_class import listed_figures
from tests.fixtures.report_data import estimate, report_data


def test_shares_are_on_one_axis_and_other_numbers_each_on_their_own() -> None:
    metrics = ("accuracy", "f1_macro", "mcc", "balanced_accuracy", "log_loss", "calibration_error")
    data = report_data([estimate("all", "all", metric=metric) for metric in metrics])

    found = listed_figures(data)

    assert [one.anchor for one in found] == ["all-classes", "all-mcc", "all-log_loss"]
    assert len(found[0].table.rows) == 3


def test_a_metric_without_scores_says_why() -> None:
    nothing = {"value": None, "low": None, "high": None, "stderr": None}
    one = estimate("all", "all", metric="brier", reason="rows lack scores", **nothing)

    [figure] = listed_figures(report_data([one]))

    assert figure.notes == ["Brier score: rows lack scores."]
