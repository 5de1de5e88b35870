"""Steps called from a notebook: a job in memory, and no job file on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.app import App, open_app
from functions.steps.estimate import EstimateOptions, estimate
from functions.steps.pull import pull
from functions.steps.sample import SampleOptions, sample
from functions.steps.score import ScoreOptions, score
from functions.steps.status import status
from infra.settings import Settings
from infra.store import open_store
from pipelines.job.job_file import parse

pytestmark = pytest.mark.usefixtures("own_settings")
ROWS, BUDGET = 200, 40
JOB = {
    "name": "orders",
    "task": "classification",
    "data": {"path": "data/{batch}.parquet", "key": ["order"]},
    "batches": {"by": "path"},
    "target": {"answers": ["late", "in time"]},
    "predictions": {"label": "said", "score": "chance"},
    "sampling": {"budget": BUDGET, "seed": "0" * 32},
    "labeling": {"show": ["distance"], "question": "Was it late?"},
}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """A job over one batch of predictions made elsewhere, of which nobody has judged any."""
    rng = np.random.default_rng(0)
    rows = pa.table(
        {
            "order": [f"{number:04d}" for number in range(ROWS)],
            "distance": rng.random(ROWS),
            "said": ["late" if number % 2 else "in time" for number in range(ROWS)],
            "chance": rng.uniform(0.5, 1, ROWS),
        }
    )
    (tmp_path / "data").mkdir()
    pq.write_table(rows, tmp_path / "data" / "2026-01.parquet")
    monkeypatch.chdir(tmp_path)
    return open_app(parse(JOB, "notebook"))


def test_a_job_in_memory_is_scored_drawn_from_and_estimated(app: App, tmp_path: Path) -> None:
    scored = score(app, ScoreOptions(engine="inline"))
    drawn = sample(app, SampleOptions())
    agree(app, tmp_path / "answers.csv")
    found = estimate(app, EstimateOptions())

    assert [(one.batch, one.predictions) for one in scored.batches] == [("2026-01", ROWS)]
    assert [one.sampled for one in drawn.drawn] == [BUDGET]
    [accuracy] = [
        one
        for one in found.estimates
        if (one.metric, one.period, one.cohort) == ("accuracy", "batch", None)
    ]
    assert accuracy.value == pytest.approx(1)
    assert accuracy.n_answered == BUDGET
    assert not found.lines
    assert not found.alerts
    assert [one.state for one in status(app)] == ["scored"]
    assert not list(tmp_path.rglob("recheck.toml"))


def agree(app: App, file: Path) -> None:
    """Let somebody agree with every prediction that was drawn."""
    rows = app.views().current_samples().select(["prediction_id", "label"]).to_pylist()
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    file.write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    pull(app, files=[file])


def test_settings_can_be_an_object_too(app: App, tmp_path: Path) -> None:
    elsewhere = Settings(store=str(tmp_path / "elsewhere"), actor="Ada")

    score(open_app(app.job, settings=elsewhere), ScoreOptions(engine="inline"))

    runs = open_store(str(tmp_path / "elsewhere")).table("runs").read(["actor", "step"])
    assert runs.to_pylist() == [{"actor": "Ada", "step": "score"}]
    assert not (tmp_path / "store").exists()


def test_the_same_job_in_memory_again_is_the_same_job(app: App) -> None:
    """Its store is beside it, and nothing is scored twice."""
    score(app, ScoreOptions(engine="inline"))

    again = score(open_app(parse(JOB, "notebook")), ScoreOptions(engine="inline"))

    assert [one.status for one in again.batches] == ["already"]
