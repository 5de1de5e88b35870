"""Metrics of scores through the commands: estimated, shown, and recomputed by `doctor`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.job.metric_names import OF_SCORES
from tests.fixtures.session import a_home_of_its_own
from tests.fixtures.world import World

__all__ = ["a_home_of_its_own"]


def _answered(folder: Path, predictions: str) -> World:
    """Return a job over guesses, 120 of 300 answered, that lists the metrics of scores."""
    world, rng = World(folder), np.random.default_rng(3)
    yes = rng.random(300).round(3)
    table = {
        "id": [str(number) for number in range(300)],
        "guess": np.where(yes > 0.5, "yes", "no"),
        "p_yes": yes,
        "p_no": 1 - yes,
        "words": [f"row {number}" for number in range(300)],
    }
    pq.write_table(pa.table(table), world.data)
    named = ["--data", world.data, "--predicted", "guess", "--key", "id"]
    world.ok("init", world.job.parent, *named, job=False)
    listed = ", ".join(f'"{name}"' for name in ("accuracy", *OF_SCORES))
    world.edit(r"(?m)^\[data\]", f"metrics = [{listed}]\n\n[data]")
    world.edit(
        r"(?s)\n\[predictions\]\n(label = [^\n]*\n)[^\[]*", rf"\n[predictions]\n\1{predictions}\n\n"
    )
    world.edit(r"show = \[[^]]*\]", 'show = ["words"]')
    world.ok("score")
    world.ok("sample", "--budget", 120)
    rows = world.rows("select prediction_id, label from samples order by prediction_id")
    said = [
        row["label"] if rng.random() < 0.8 else {"yes": "no", "no": "yes"}[row["label"]]
        for row in rows
    ]
    lines = [f"{row['prediction_id']},{word}" for row, word in zip(rows, said, strict=True)]
    path = folder / "answers.csv"
    path.write_text("\n".join(["prediction_id,answer", *lines]) + "\n", "utf-8")
    world.ok("pull", "--file", path)
    return world


@pytest.fixture
def scored(tmp_path: Path) -> World:
    """A job with the probability of each class."""
    return _answered(tmp_path, 'probabilities = {yes = "p_yes", no = "p_no"}')


def test_metrics_of_scores_are_stored_shown_and_recomputed(scored: World) -> None:
    found = scored.ok("estimate")["estimates"]
    page = scored.ok("report")

    whole = [one for one in found if one["period"] == "all" and one["cohort"] is None]
    assert {one["metric"] for one in whole} == {"accuracy", *OF_SCORES}
    assert all(one["value"] is not None and one["reason"] is None for one in whole)
    anchors = {section["id"] for section in page["page"]["sections"]}
    assert {"classes", "all-log_loss", "all-brier"} <= anchors
    assert scored.broken_promises() == []


def test_without_the_scores_of_all_classes_they_are_null_and_the_command_goes_well(
    tmp_path: Path,
) -> None:
    world = _answered(tmp_path, 'score = "p_yes"')

    found = {one["metric"]: one for one in world.ok("estimate")["estimates"]}

    assert found["accuracy"]["value"] is not None
    for metric in ("roc_auc", "average_precision", "log_loss", "brier"):
        assert found[metric]["value"] is None
        assert "without the probability of every class" in found[metric]["reason"]
    assert world.broken_promises() == []
